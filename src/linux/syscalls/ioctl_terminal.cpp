// ioctl's requests for terminals and consoles that rows alone do not describe.
#include <asm/ioctls.h>

#include <algorithm>
#include <cstring>

#include "linux/kernel/signal_map.hpp"
#include "linux/syscalls/ioctl_rows.hpp"
#include "linux/syscalls/terminal.hpp"

namespace ferry::linux::how {

namespace {

template <typename Guest, typename Host>
CallResult terminal_get(const IoctlCall& call) {
  Host host{};
  const CallResult result = call.pass(&host);
  if (!result.ok()) return result;
  Guest guest{};
  terminal_to_guest(host, guest);
  return copy_out(call.thread, call.argument, guest) ? kOk : abi::kEFAULT;
}

template <typename Guest, typename Host>
CallResult terminal_set(const IoctlCall& call) {
  Guest guest;
  if (!copy_in(call.argument, guest)) return call.pass(nowhere());
  Host host{};
  terminal_to_host(guest, host);
  return call.pass(&host);  // TCSETSW waits for output; a background job stops
}

/// The settings as i386 has them.
CallResult current_settings(const IoctlCall& call, abi::TermIos& settings) {
  HostTermios host{};
  const CallResult result = guest_result(host_call(SYS_ioctl, call.fd, TCGETS, &host));
  terminal_to_guest(host, settings);
  return result;
}

CallResult console_mode_to_guest(const IoctlCall& call, ConsoleMode& mode) {
  const CallResult result = call.pass(&mode);
  if (!result.ok()) return result;
  for (int16_t& signal : mode.signals)
    signal = static_cast<int16_t>(signal == 0 ? 0 : signal_to_guest(signal));
  return copy_out(call.thread, call.argument, mode) ? kOk : abi::kEFAULT;
}

}  // namespace

CallResult get_termios(const IoctlCall& call) {
  return terminal_get<abi::TermIos, HostTermios>(call);
}
CallResult set_termios(const IoctlCall& call) {
  return terminal_set<abi::TermIos, HostTermios>(call);
}
CallResult get_termios2(const IoctlCall& call) {
  return terminal_get<abi::TermIos2, HostTermios2>(call);
}
CallResult set_termios2(const IoctlCall& call) {
  return terminal_set<abi::TermIos2, HostTermios2>(call);
}

// struct termio has the low halves of the flags and the first 8 characters. MIPS's has others in
// these 8 places, so the host is asked for all settings.

CallResult get_termio(const IoctlCall& call) {
  abi::TermIos settings{};
  const CallResult result = current_settings(call, settings);
  if (!result.ok()) return result;
  const abi::TermIo guest = short_settings(settings);
  return copy_out(call.thread, call.argument, guest) ? kOk : abi::kEFAULT;
}

CallResult set_termio(const IoctlCall& call) {
  abi::TermIos settings{};
  const CallResult result = current_settings(call, settings);
  if (!result.ok()) return result;
  abi::TermIo guest;
  if (!copy_in(call.argument, guest)) return abi::kEFAULT;
  change_settings(guest, settings);
  HostTermios host{};
  terminal_to_host(settings, host);
  return call.pass(&host);
}

CallResult get_console_mode(const IoctlCall& call) {
  ConsoleMode mode{};
  return console_mode_to_guest(call, mode);
}

CallResult set_console_mode(const IoctlCall& call) {
  ConsoleMode mode;
  if (!copy_in(call.argument, mode)) return call.pass(nowhere());
  for (int16_t& signal : mode.signals)
    signal = static_cast<int16_t>(signal == 0 ? 0 : signal_to_host(signal));
  return call.pass(&mode);
}

CallResult signal_value(const IoctlCall& call) {
  const int signal = static_cast<int>(call.argument);
  // A number that is no signal stays one that is none.
  const int host = signal >= 1 && signal <= 64 ? signal_to_host(signal) : -1;
  return call.pass(static_cast<long>(host));
}

}  // namespace ferry::linux::how
