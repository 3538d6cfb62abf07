// CHECK for our own errors, log channels for the user. Everything here is on in release builds.
//
// A guest's mistake is never reported here: it becomes a guest exception or an errno.
#pragma once

#include <cstdint>
#include <string_view>

namespace ferry {

/// Log channels, the items of `-d`. Names and help texts: diagnostics.cpp.
enum class LogChannel : uint8_t {
  in_asm,
  out_asm,
  exec,
  cpu,
  strace,
  unimp,
  page,
  int_,
  link,
  evict,
  invalidate,
  signal,
};
inline constexpr unsigned kLogChannelCount = 12;

namespace detail {
extern uint32_t enabled_log_channels;  // bit = LogChannel
}

/// Whether `channel` is on. One load and a mask: cheap enough for any path but translated code.
[[nodiscard]] inline bool log_enabled(LogChannel channel) {
  return (detail::enabled_log_channels >> static_cast<unsigned>(channel)) & 1;
}

[[nodiscard]] constexpr uint32_t log_channel_bit(LogChannel channel) {
  return 1u << static_cast<unsigned>(channel);
}

/// Turns on the channels whose bits are set.
void enable_log_channels(uint32_t bits);

/// Sets the bits of the channels of `list` ("in_asm,out_asm"). Returns false and names the unknown
/// item in `*unknown`.
[[nodiscard]] bool add_log_channels(uint32_t& bits, std::string_view list,
                                    std::string_view* unknown);

/// The text printed for `-d help`: one line per channel.
[[nodiscard]] std::string_view log_channel_name(LogChannel channel);
[[nodiscard]] std::string_view log_channel_help(LogChannel channel);

/// Descriptor the log goes to (stderr until `-D`); moved above the guest's descriptors by main.
void set_log_descriptor(int descriptor);
[[nodiscard]] int log_descriptor();

/// Writes `text` to the log as it is. If a write fails the text is lost; the first failure is
/// reported on stderr. Signal-safe.
void log_write(std::string_view text);

/// printf-style line to the log if `channel` is on. Formats on the stack, without allocation: in a
/// signal handler only integers and strings, no floating point. Paths whose instructions are
/// counted ask log_enabled() first, which is in line.
[[gnu::format(printf, 2, 3)]] void log_printf(LogChannel channel, const char* format, ...);

/// `ferry: what: why` on stderr, then exit with `status`. For errors of the user or of the system.
[[noreturn, gnu::format(printf, 2, 3)]] void die(int status, const char* format, ...);

/// Called by a failed CHECK, or after an internal fault, to print what the guest was doing when
/// host code at `host_pc` found the mistake. Must be signal-safe.
using GuestContextPrinter = void (*)(uintptr_t host_pc);
void set_guest_context_printer(GuestContextPrinter printer);

/// Prints `ferry: internal error: what`, then what the guest was doing. The caller ends the
/// process. Signal-safe.
void report_internal_error(const char* what, uintptr_t host_pc);

namespace detail {
[[noreturn]] void check_failed(const char* expression, const char* file, int line);
}

}  // namespace ferry

/// Stops ferry when its own code is wrong: prints the expression, the place, and what the guest was
/// doing (docs/debugging.md).
#define CHECK(expression)                                               \
  (__builtin_expect(!(expression), 0)                                   \
       ? ::ferry::detail::check_failed(#expression, __FILE__, __LINE__) \
       : static_cast<void>(0))
#define UNREACHABLE() ::ferry::detail::check_failed("unreachable", __FILE__, __LINE__)
