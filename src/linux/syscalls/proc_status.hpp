// The texts of /proc/PID/status and stat.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "linux/kernel/host_status.hpp"
#include "linux/kernel/proc_entry.hpp"

namespace ferry::linux {

/// Bytes of the program's code, in whole pages.
[[nodiscard]] uint64_t program_code(const ProgramLayout& layout);

/// A set of signals as fs/proc/array.c, render_sigset_t, writes it.
[[nodiscard]] std::string signal_digits(SignalSet set);

/// `text` with other contents of some lines. `edit(name, contents)` is called with the first word
/// of each line and with what stands after the tab or space that follows; it returns the new
/// contents, or nothing to keep the line.
template <typename Edit>
[[nodiscard]] std::string edit_lines(std::string_view text, Edit edit) {
  std::string edited;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::string_view name = line.substr(0, line.find_first_of(" \t"));
    const size_t begin = std::min(name.size() + 1, line.size());
    const std::optional<std::string> other = edit(name, line.substr(begin));
    edited += other ? std::string(line.substr(0, begin)) + *other : std::string(line);
    edited += '\n';
  }
  return edited;
}

/// The text of status or stat for the process or thread of `file`: the host's with what `view`
/// knows better, and with the guest's numbers of signals. `view` is null for a process that is no
/// ferry, or that the caller may not look into. Nothing if the host's text is right, or cannot be
/// read.
[[nodiscard]] std::optional<std::string> status_text(const ProcessView* view, const ProcFile& file);
[[nodiscard]] std::optional<std::string> stat_text(const ProcessView* view, const ProcFile& file);

}  // namespace ferry::linux
