#include "emulator/statistics.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "common/diagnostics.hpp"
#include "translate/i386_to_mips64/register_map.hpp"

namespace ferry {

void write_statistics(const std::string& path, const engine::Engine* engine, const i386::CpuState& cpu) {
  nlohmann::ordered_json json;
  json["engine"] = engine != nullptr ? "translate" : "interpret";
  if (engine != nullptr) {
    const engine::Statistics& counters = engine->statistics();
#define COUNTER(name) json[#name] = counters.name
    COUNTER(blocks_translated);
    COUNTER(guest_instructions_translated);
    COUNTER(host_words_emitted);
    COUNTER(exits_direct);
    COUNTER(exits_indirect);
    COUNTER(exits_interrupted);
    COUNTER(system_calls);
    COUNTER(exceptions);
    COUNTER(interpreted);
    COUNTER(links);
    COUNTER(invalidations);
    COUNTER(flushes);
    COUNTER(code_writes);
    COUNTER(unaligned);
#undef COUNTER
    json["interpreter_fallbacks"] = cpu.host_area[translate::offset::kSlotFallbacks];
  }
  const std::string text = json.dump(2) + "\n";
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0 || ::write(descriptor, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    log_write("ferry: " + path + ": cannot write statistics: " + std::strerror(errno) + "\n");
  }
  if (descriptor >= 0) ::close(descriptor);
}

}  // namespace ferry
