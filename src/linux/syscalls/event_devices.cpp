#include "linux/syscalls/event_devices.hpp"

#include <fcntl.h>
#include <linux/uinput.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <vector>

#include "linux/abi/i386/device_layouts.hpp"
#include "linux/syscalls/converted_struct.hpp"

namespace ferry::linux {

namespace {

/// The layout of what a descriptor's reads move; empty if they are bytes.
std::string_view event_layout(const GuestProcess& process, int fd) {
  struct statx file {};
  if (host_call(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &file) < 0 || !S_ISCHR(file.stx_mode))
    return {};
  const uint32_t major = file.stx_rdev_major, minor = file.stx_rdev_minor;
  // Documentation/admin-guide/devices.txt; drivers/input/input.c has more minors from 256 on.
  const bool input = major == 13 && ((minor >= 64 && minor < 96) || minor >= 256);
  const bool made = major == 10 && minor == 223;  // uinput
  const bool timer = major == 116 && minor == 33;
  if (input || made) return abi::kInputEvent;
  return timer && process.reads_timer_events ? abi::kTimerEvent : std::string_view{};
}

constexpr uint32_t kMostEvents = 1024;

}  // namespace

bool may_name_event_device(std::string_view name) {
  constexpr std::string_view kParts[] = {"event", "input", "timer"};
  return std::ranges::any_of(
      kParts, [name](std::string_view part) { return name.find(part) != std::string_view::npos; });
}

void note_event_device(GuestProcess& process, int fd) {
  if (!event_layout(process, fd).empty())
    process.special_files.set_bits(GuestProcess::kEventDevice);
}

bool is_event_device(const GuestProcess& process, int fd) {
  return process.may_have(GuestProcess::kEventDevice) && !event_layout(process, fd).empty();
}

CallResult read_events(Thread& thread, int fd, uint32_t buffer, uint32_t size) {
  const std::string_view layout = event_layout(*thread.process, fd);
  const uint32_t guest_size = abi::shape_of(layout, abi::kI386).size;
  const uint32_t host_size = abi::shape_of(layout, kHost).size;
  const uint32_t count = std::min(size / guest_size, kMostEvents);
  // No room for one event is the device's to refuse (drivers/input/evdev.c, evdev_read).
  const uint32_t bytes = count != 0 ? count * host_size : std::min(size, 1u);
  if (!thread.process->space->accessible(buffer, count * guest_size, kProtWrite))
    return blocking_call(thread, SYS_read, fd, nowhere(), bytes);
  std::vector<uint8_t> events(bytes);
  const CallResult result = blocking_call(thread, SYS_read, fd, events.data(), bytes);
  if (!result.ok()) return result;
  const uint32_t got = result.value() / host_size;
  std::vector<uint8_t> converted(size_t{got} * guest_size);
  for (uint32_t i = 0; i < got; ++i) {
    structure_to_guest(layout, &events[size_t{i} * host_size], &converted[size_t{i} * guest_size]);
  }
  return copy_out_bytes(thread, buffer, converted.data(), got * guest_size)
             ? CallResult(got * guest_size)
             : abi::kEFAULT;
}

CallResult write_events(Thread& thread, int fd, uint32_t buffer, uint32_t size) {
  const std::string_view layout = event_layout(*thread.process, fd);
  const uint32_t guest_size = abi::shape_of(layout, abi::kI386).size;
  const uint32_t host_size = abi::shape_of(layout, kHost).size;
  // The old way to set up a device (drivers/input/misc/uinput.c, uinput_setup_device_legacy).
  if (size == sizeof(uinput_user_dev) || size < guest_size)
    return blocking_call(thread, SYS_write, fd, readable(thread, buffer, size).pointer(), size);
  const uint32_t count = std::min(size / guest_size, kMostEvents);
  std::vector<uint8_t> events(size_t{count} * guest_size);
  if (!copy_in_bytes(buffer, events.data(), count * guest_size))
    return blocking_call(thread, SYS_write, fd, nowhere(), count * host_size);
  std::vector<uint8_t> converted(size_t{count} * host_size);
  for (uint32_t i = 0; i < count; ++i)
    structure_to_host(layout, &events[size_t{i} * guest_size], &converted[size_t{i} * host_size]);
  const CallResult result =
      blocking_call(thread, SYS_write, fd, converted.data(), count * host_size);
  return result.ok() ? CallResult(result.value() / host_size * guest_size) : result;
}

}  // namespace ferry::linux
