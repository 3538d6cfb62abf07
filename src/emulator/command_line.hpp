// What the user wants of this ferry.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/address_filter.hpp"
#include "engine/engine.hpp"
#include "guest/i386/cpu_model.hpp"
#include "translate/i386/options.hpp"

namespace ferry::emulator {

enum class EngineKind : uint8_t { interpret, translate, check };

/// When accesses to guest memory keep the order that x86 gives them (docs/threads.md).
enum class MemoryModel : uint8_t {
  automatic,  ///< from the second thread or the first shared memory on
  weak,       ///< never
  tso,        ///< always
};

/// A variable that -E or -U changes.
struct EnvironmentChange {
  static constexpr size_t kRemove = SIZE_MAX;

  std::string text;    ///< VAR=VALUE, or VAR if it is to be removed
  size_t name_length;  ///< of VAR in VAR=VALUE; kRemove: it is to be removed

  [[nodiscard]] bool removes() const { return name_length == kRemove; }
  [[nodiscard]] std::string_view name() const {
    return std::string_view(text).substr(0, name_length);
  }
};

struct CommandLine {
  EngineKind engine = EngineKind::interpret;
  translate::Options translation;
  MemoryModel memory_model = MemoryModel::automatic;
  bool no_chain = false;
  uint64_t max_translated = UINT64_MAX;
  unsigned cold_runs = engine::kColdRuns;
  uint32_t code_cache_bytes = 32u << 20;
  std::string root;
  std::string uname_release;
  std::string stats_file;
  bool core = false;
  uint32_t log_channels = 0;  ///< bits of LogChannel
  std::string log_file;
  AddressFilter log_filter;  ///< of in_asm, out_asm, exec and cpu
  std::string argv0;
  bool has_argv0 = false;
  const i386::CpuModel* cpu_model = nullptr;  ///< of -cpu: what it lacks is #UD
  uint32_t stack_bytes = 0;
  uint32_t host_page_bytes = 0;                        ///< 0: the system's
  std::vector<EnvironmentChange> environment_changes;  ///< in the order in which they take effect
  std::vector<std::string> program;                    ///< program and its arguments
  /// The options that children executed by the guest get: those of this process's command line,
  /// except those about its own argv[0] and environment.
  std::vector<std::string> inherited;
};

}  // namespace ferry::emulator
