// What the host's /proc/PID/status says.
#pragma once

#include <string_view>

#include "linux/kernel/signal_set.hpp"

namespace ferry::linux {

/// The text in `status` of the line that begins with `name` ("SigCgt:"), without the white space
/// around it; empty if there is no such line.
[[nodiscard]] std::string_view status_field(std::string_view status, std::string_view name);

/// `digits`, a set of signals by the host's numbers as status shows it (fs/proc/array.c,
/// render_sigset_t), as the guest's. Signals that the guest does not have are left out.
[[nodiscard]] SignalSet signals_from_text(std::string_view digits);

/// The signals in line `name` of `status`.
[[nodiscard]] inline SignalSet host_signals(std::string_view status, std::string_view name) {
  return signals_from_text(status_field(status, name));
}

}  // namespace ferry::linux
