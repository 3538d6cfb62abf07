// The processors ferry can show, what each has, and what CPUID and /proc/cpuinfo say of the one
// shown.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "guest/i386/feature.hpp"

namespace ferry::i386 {

struct CpuModel {
  std::string_view name;
  uint32_t signature;  ///< CPUID.1:EAX: family, model and stepping
  FeatureSet features;
  std::string_view text;
};

/// All of cpu_models.inc; the first is shown unless another is chosen.
[[nodiscard]] std::span<const CpuModel> cpu_models();

/// The one shown.
[[nodiscard]] const CpuModel& cpu_model();

/// Shows `model`, and refuses the instructions it lacks (#UD). Without this call, what CPUID does
/// not offer executes as far as ferry has it. To be called once, before the first instruction.
void choose_cpu_model(const CpuModel& model);

/// What CPUID leaves in the registers.
struct CpuidLeaf {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};
[[nodiscard]] CpuidLeaf cpuid(uint32_t leaf);

/// The "flags" of /proc/cpuinfo: a space before each.
[[nodiscard]] std::string cpuinfo_flags();

}  // namespace ferry::i386
