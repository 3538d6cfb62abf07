#include "emulator/statistics.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>

#include "common/diagnostics.hpp"
#include "guest/i386/decode/rows.hpp"

namespace ferry::emulator {

namespace {

/// `pattern` with the process number for each %p, so that every process of a run has its own file.
std::string path_for_this_process(std::string pattern) {
  const std::string number = std::to_string(::getpid());
  for (size_t at = 0; (at = pattern.find("%p", at)) != std::string::npos; at += number.size()) {
    pattern.replace(at, 2, number);
  }
  return pattern;
}

}  // namespace

void write_statistics(const std::string& pattern, engine::Engine* engine,
                      const translate::run::Fallbacks* fallbacks,
                      const linux::SignalCounts& signals) {
  nlohmann::ordered_json json;
  json["engine"] = engine != nullptr ? "translate" : "interpret";
  if (engine != nullptr) {
    const engine::Statistics counters = engine->statistics();
#define STATISTIC(name) json[#name] = counters.name;
#include "engine/statistics.inc"
#undef STATISTIC
    uint64_t total = 0;
    std::map<std::string, uint64_t> by_mnemonic;
    for (uint16_t row = 0; row < i386::row_count(); ++row) {
      const uint64_t count = fallbacks->of(row);
      total += count;
      if (count != 0) by_mnemonic[std::string(i386::row(row).mnemonic)] += count;
    }
    json["interpreter_fallbacks"] = total;
    json["interpreter_fallbacks_by_mnemonic"] = by_mnemonic;
  }
  json["host_signals_taken"] = {{"faults", signals.faults.get()}, {"others", signals.others.get()}};
  const std::string text = json.dump(2) + "\n";
  const std::string path = path_for_this_process(pattern);
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0 ||
      ::write(descriptor, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    log_write("ferry: " + path + ": cannot write statistics: " + std::strerror(errno) + "\n");
  }
  if (descriptor >= 0) ::close(descriptor);
}

}  // namespace ferry::emulator
