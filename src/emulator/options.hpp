// The command line.
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

struct CommandLine {
  EngineKind engine = EngineKind::interpret;
  translate::Options translation;
  MemoryModel memory_model = MemoryModel::automatic;
  bool chain = true;
  uint64_t max_translated = UINT64_MAX;
  unsigned cold_runs = engine::kColdRuns;
  uint32_t code_cache_bytes = 32u << 20;
  std::string root;
  std::string uname_release;
  std::string stats_file;
  bool core = false;
  AddressFilter log_filter;  ///< of in_asm, out_asm, exec and cpu
  std::string argv0;
  bool has_argv0 = false;
  const i386::CpuModel* cpu_model = nullptr;  ///< of -cpu: what it lacks is #UD
  uint32_t stack_bytes = 0;
  uint32_t host_page_bytes = 0;            ///< 0: the system's
  std::vector<std::string> set_variables;  ///< VAR=VALUE
  std::vector<std::string> unset_variables;
  std::vector<std::string> program;  ///< program and its arguments
  /// The options that children executed by the guest get: all of this process's except those about
  /// its own argv[0] and environment.
  std::vector<std::string> inherited;
};

/// Parses the command line and the FERRY_* variables of `environment`. Prints help, lists and
/// errors itself and exits then (status 0, or 1 after an error).
[[nodiscard]] CommandLine parse_command_line(int argc, char** argv, char** environment);

}  // namespace ferry::emulator
