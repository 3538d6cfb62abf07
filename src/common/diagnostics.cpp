#include "common/diagnostics.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace ferry {

namespace detail {
uint32_t enabled_log_channels = 0;
}

namespace {

struct ChannelText {
  std::string_view name;
  std::string_view help;
};

constexpr std::array<ChannelText, kLogChannelCount> kChannels{{
    {"in_asm", "guest instructions of each translated block"},
    {"out_asm", "host instructions of each translated block, beside the guest's"},
    {"exec", "every block before it runs; blocks are not linked then"},
    {"cpu", "guest registers before every block; blocks are not linked then"},
    {"strace", "every system call with arguments and result"},
    {"unimp", "system calls and instructions ferry does not implement"},
    {"page", "changes of the guest address space"},
    {"int", "guest exceptions and signals"},
    {"link", "exits linked to blocks, and taken back"},
    {"evict", "regions of the code cache whose blocks are dropped for room"},
    {"invalidate", "blocks dropped because their code changed"},
    {"signal", "host signals: recorded, and where the guest is brought out for them"},
}};

int log_fd = STDERR_FILENO;
GuestContextPrinter guest_context_printer = nullptr;

/// False, with errno, if not all could be written.
bool write_all(int descriptor, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t written = ::write(descriptor, data, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    data += written;
    size -= static_cast<size_t>(written);
  }
  return true;
}

void report_lost_log() {
  static std::atomic_flag reported;
  const char* const reason = ::strerrordesc_np(errno);  // signal-safe, unlike strerror
  if (reason == nullptr || reported.test_and_set()) return;
  for (const char* part : {"ferry: log: cannot write: ", reason, "\n"}) {
    write_all(STDERR_FILENO, part, std::strlen(part));
  }
}

}  // namespace

void enable_log_channels(uint32_t bits) {
  detail::enabled_log_channels |= bits;
}

bool add_log_channels(uint32_t& bits, std::string_view list, std::string_view* unknown) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    const std::string_view item = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
    unsigned channel = 0;
    while (channel < kLogChannelCount && kChannels[channel].name != item) ++channel;
    if (channel == kLogChannelCount) {
      *unknown = item;
      return false;
    }
    bits |= 1u << channel;
  }
  return true;
}

std::string_view log_channel_name(LogChannel channel) {
  return kChannels[static_cast<unsigned>(channel)].name;
}

std::string_view log_channel_help(LogChannel channel) {
  return kChannels[static_cast<unsigned>(channel)].help;
}

void set_log_descriptor(int descriptor) {
  log_fd = descriptor;
}
int log_descriptor() {
  return log_fd;
}

void log_write(std::string_view text) {
  if (!write_all(log_fd, text.data(), text.size()) && log_fd != STDERR_FILENO) report_lost_log();
}

void log_printf(LogChannel channel, const char* format, ...) {
  if (!log_enabled(channel)) return;
  char line[1024];
  va_list arguments;
  va_start(arguments, format);
  const int length = std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  if (length > 0) log_write({line, std::min<size_t>(static_cast<size_t>(length), sizeof line - 1)});
}

void die(int status, const char* format, ...) {
  char line[1024] = "ferry: ";
  constexpr size_t kPrefix = 7;
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(line + kPrefix, sizeof line - kPrefix - 1, format, arguments);
  va_end(arguments);
  const size_t length = std::strlen(line);
  line[length] = '\n';
  write_all(STDERR_FILENO, line, length + 1);
  ::_exit(status);
}

void set_guest_context_printer(GuestContextPrinter printer) {
  guest_context_printer = printer;
}

void report_internal_error(const char* what, uintptr_t host_pc) {
  char text[512];
  const int length = std::snprintf(text, sizeof text, "ferry: internal error: %s\n", what);
  if (length > 0) write_all(STDERR_FILENO, text, std::min<size_t>(length, sizeof text - 1));
  if (guest_context_printer != nullptr) {
    const GuestContextPrinter printer = guest_context_printer;
    guest_context_printer = nullptr;  // a mistake in there is not reported again
    printer(host_pc);
  }
}

namespace detail {

void check_failed(const char* expression, const char* file, int line) {
  char text[384];
  std::snprintf(text, sizeof text, "%s (%s:%d)", expression, file, line);
  report_internal_error(text, reinterpret_cast<uintptr_t>(__builtin_return_address(0)));
  std::abort();
}

}  // namespace detail

}  // namespace ferry
