// Devices of which read(2) and write(2) move structures that are others on the host: input devices
// (struct input_event), and timers of sound cards (struct snd_timer_tread).
#pragma once

#include "linux/syscalls/arguments.hpp"

namespace ferry::linux {

/// To be called for a descriptor that the guest got, whatever it may be, if `name` (of a file it
/// opened) may be that of such a device.
void note_event_device(GuestProcess& process, int fd);
[[nodiscard]] bool may_name_event_device(std::string_view name);

/// Whether reads and writes of a descriptor are those below. Quick if the process has no such
/// device.
[[nodiscard]] bool is_event_device(const GuestProcess& process, int fd);
[[nodiscard]] CallResult read_events(Thread& thread, int fd, uint32_t buffer, uint32_t size);
[[nodiscard]] CallResult write_events(Thread& thread, int fd, uint32_t buffer, uint32_t size);

}  // namespace ferry::linux
