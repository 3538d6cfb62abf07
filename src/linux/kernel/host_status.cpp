#include "linux/kernel/host_status.hpp"

#include <algorithm>
#include <charconv>

#include "linux/kernel/signal_map.hpp"

namespace ferry::linux {

std::string_view status_field(std::string_view status, std::string_view name) {
  while (!status.empty()) {
    std::string_view line = status.substr(0, status.find('\n'));
    status.remove_prefix(std::min(line.size() + 1, status.size()));
    if (!line.starts_with(name)) continue;
    line.remove_prefix(name.size());
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    return line;
  }
  return {};
}

SignalSet signals_from_text(std::string_view digits) {
  HostSignalSet host;
  constexpr size_t kDigits = 16;  // of a word
  for (uint64_t& word : host.words) {
    const std::string_view last = digits.substr(digits.size() - std::min(digits.size(), kDigits));
    std::from_chars(last.data(), last.data() + last.size(), word, 16);
    digits.remove_suffix(last.size());
  }
  return set_to_guest(host);
}

}  // namespace ferry::linux
