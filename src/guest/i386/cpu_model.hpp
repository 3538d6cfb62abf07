// The processors ferry can show, and what each has.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace ferry::i386 {

struct CpuModel {
  std::string_view name;
  uint32_t signature;  ///< CPUID.1:EAX: family, model and stepping
  uint32_t features;   ///< attribute::needs_... of decode/rows.hpp
  std::string_view text;

  /// CPUID.1:EDX (SDM vol. 2, table 3-11).
  [[nodiscard]] uint32_t cpuid_features() const;
};

/// All of cpu_models.inc; the first is shown unless another is chosen.
[[nodiscard]] std::span<const CpuModel> cpu_models();

/// The one shown.
[[nodiscard]] const CpuModel& cpu_model();

/// Shows `model`, and refuses the instructions it lacks (#UD). Without this call, what CPUID does
/// not offer executes as far as ferry has it. Before the first instruction, and once.
void choose_cpu_model(const CpuModel& model);

}  // namespace ferry::i386
