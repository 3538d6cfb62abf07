// Waiting for descriptors: select, poll, epoll.
#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "linux/kernel/signal_map.hpp"
#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/convert.hpp"
#include "linux/syscalls/handlers.hpp"
#include "linux/syscalls/signal_wait.hpp"

namespace ferry::linux {

namespace {

constexpr uint32_t kMaxDescriptors = 1u << 16;  // of a select set; RLIMIT_NOFILE rarely allows more
constexpr uint32_t kSetWords = kMaxDescriptors / 64;

/// A select set. The guest's is an array of 32-bit words, the host's of 64-bit ones; little-endian,
/// so the bytes are the same, but the host reads and writes whole words of its own.
struct DescriptorSet {
  uint64_t words[kSetWords];
  uint32_t guest = 0;
  uint32_t guest_bytes = 0;

  bool load(uint32_t pointer, uint32_t count) {
    guest = pointer;
    guest_bytes = (count + 31) / 32 * 4;
    std::memset(words, 0, (count + 63) / 64 * 8);
    return pointer == 0 || copy_in_bytes(pointer, words, guest_bytes);
  }
  [[nodiscard]] bool store(Thread& t) const {
    return guest == 0 || copy_out_bytes(t, guest, words, guest_bytes);
  }
  [[nodiscard]] uint64_t* host() { return guest != 0 ? words : nullptr; }
  [[nodiscard]] bool has(uint32_t number) const {
    return guest != 0 && (words[number / 64] >> (number % 64) & 1) != 0;
  }
  /// Excludes the bits from `size` up: the guest's bits stay as they are.
  void cut(uint32_t size) { guest_bytes = std::min(guest_bytes, size / 8); }
};

/// The kernel refuses sets with a number that is not open, but sees nothing above the end of its
/// table of descriptors (core_sys_select). That table is larger here, for the hidden ones. Returns
/// false for EBADF.
bool cut_to_guest_table(const HiddenDescriptors& hidden, DescriptorSet (&sets)[3],
                        uint32_t& count) {
  const uint32_t size = hidden.guest_table_size();
  if (count > size) {
    for (DescriptorSet& set : sets) set.cut(size);
    count = size;
  }
  for (uint32_t fd = hidden.next(0); fd < count; fd = hidden.next(fd + 1)) {
    for (const DescriptorSet& set : sets) {
      if (set.has(fd)) return false;
    }
  }
  return true;
}

/// Whether one of the sets contains the number of a hidden descriptor.
bool asks_for_hidden(const HiddenDescriptors& hidden, const DescriptorSet (&sets)[3],
                     uint32_t count) {
  for (uint32_t fd = hidden.next(0); fd < count; fd = hidden.next(fd + 1)) {
    for (const DescriptorSet& set : sets) {
      if (set.has(fd)) return true;
    }
  }
  return false;
}

/// Common part of the select family. `mask`: pselect's sigmask, or null.
CallResult select_call(Thread& t, uint32_t count, const uint32_t (&sets)[3],
                       struct timespec* timeout, const SignalSet* mask) {
  if (static_cast<int32_t>(count) < 0) return abi::kEINVAL;
  if (count > kMaxDescriptors) count = kMaxDescriptors;
  DescriptorSet host[3];
  for (unsigned i = 0; i < 3; ++i) {
    if (!host[i].load(sets[i], count)) return abi::kEFAULT;
  }
  HostSignalSet host_mask;
  const struct {
    const void* set;
    uint64_t size;
  } argument{mask != nullptr ? &host_mask : nullptr, sizeof host_mask};
  SignalWait wait(t, mask);
  host_mask = wait.host_mask();
  const HiddenDescriptors& hidden = t.process->hidden;
  bool cut = asks_for_hidden(hidden, host, count);
  if (cut && !cut_to_guest_table(hidden, host, count)) return wait.finish(abi::kEBADF);
  const auto call = [&] {
    return sleeping_call(t, SYS_pselect6, count, host[0].host(), host[1].host(), host[2].host(),
                         timeout, &argument);
  };
  CallResult result = call();
  if (result == abi::kEBADF && !cut && cut_to_guest_table(hidden, host, count)) result = call();
  result = wait.finish(result);
  if (!result.ok()) return result;
  for (const DescriptorSet& set : host) {
    if (!set.store(t)) return abi::kEFAULT;
  }
  return result;
}

CallResult select_with_timeval(Thread& t, uint32_t count, const uint32_t (&sets)[3],
                               uint32_t timeout) {
  if (timeout == 0) return select_call(t, count, sets, nullptr, nullptr);
  struct timeval value;
  if (!copy_in_timeval(timeout, value)) return abi::kEFAULT;
  if (value.tv_sec < 0 || value.tv_usec < 0) return abi::kEINVAL;
  struct timespec time {
    value.tv_sec + value.tv_usec / 1000000, value.tv_usec % 1000000 * 1000
  };
  const CallResult result = select_call(t, count, sets, &time, nullptr);
  // The kernel writes back the time that is left; a fault there is not an error
  // (poll_select_finish).
  if (result != kErestartNoIntr) {
    static_cast<void>(copy_out_timeval(t, timeout, {time.tv_sec, time.tv_nsec / 1000}));
  }
  return result;
}

/// Reads a sigset argument of `size` bytes; true with `present` false for a null pointer.
bool read_mask(uint32_t pointer, SignalSet& mask, bool& present) {
  present = pointer != 0;
  return !present || copy_in(pointer, mask);
}

CallResult pselect_call(Thread& t, int32_t count, GuestPointer reads, GuestPointer writes,
                        GuestPointer exceptions, GuestPointer timeout, GuestPointer mask_pointer,
                        TimeWidth width) {
  struct timespec time;
  if (timeout != 0 && !copy_in_time(timeout, width, time)) return abi::kEFAULT;
  uint32_t pair[2] = {0, 0};  // pointer and size of the mask
  SignalSet mask = 0;
  bool has_mask = false;
  if (mask_pointer != 0 && !copy_in(mask_pointer, pair)) return abi::kEFAULT;
  if (pair[0] != 0 && pair[1] != sizeof(SignalSet)) return abi::kEINVAL;
  if (!read_mask(pair[0], mask, has_mask)) return abi::kEFAULT;
  const CallResult result =
      select_call(t, static_cast<uint32_t>(count), {reads, writes, exceptions},
                  timeout != 0 ? &time : nullptr, has_mask ? &mask : nullptr);
  if (timeout != 0 && result != kErestartNoIntr)
    static_cast<void>(copy_out_time(t, timeout, width, time));
  return result;
}

/// Two events have other numbers on MIPS (arch/mips/include/uapi/asm/poll.h), and the host must not
/// poll hidden descriptors. So for the time of a call the guest's array holds both as the host must
/// see them.
class PollEvents {
 public:
  PollEvents(Thread& thread, uint32_t guest, uint32_t count) : thread_(thread), guest_(guest) {
    if (count > kMaxPolled) return;
    abi::PollFd entry;
    for (uint32_t i = 0; i < count && copy_in(at(i), entry); ++i) {
      const bool hidden = thread.process->descriptor_hidden(entry.fd);
      const bool differs = !kSame && (entry.events & (kWriteNormal | kWriteBand)) != 0;
      if (!hidden && !differs) continue;
      changed_.push_back({i, entry});
      if (hidden) entry.fd = INT32_MAX;  // POLLNVAL
      const int same = entry.events & ~(kWriteNormal | kWriteBand);
      entry.events =
          static_cast<int16_t>(same | ((entry.events & kWriteNormal) != 0 ? POLLWRNORM : 0) |
                               ((entry.events & kWriteBand) != 0 ? POLLWRBAND : 0));
      if (!copy_out(thread, at(i), entry)) break;
    }
  }

  /// Restores the guest's array, with the events that the kernel found if the call succeeded.
  /// Returns `result`.
  CallResult finish(CallResult result) {
    for (Changed& change : changed_) {
      abi::PollFd found;
      if (result.ok() && copy_in(at(change.index), found)) {
        change.entry.revents =
            kSame ? found.revents : found_events(change.entry.events, found.revents);
      }
      static_cast<void>(copy_out(thread_, at(change.index), change.entry));
    }
    return result;
  }

 private:
  static constexpr int kWriteNormal = 0x100, kWriteBand = 0x200;  // asm-generic/poll.h
  static constexpr bool kSame = POLLWRNORM == kWriteNormal && POLLWRBAND == kWriteBand;
  static constexpr uint32_t kMaxPolled = 1u << 20;  // no limit of descriptors is higher
  struct Changed {
    uint32_t index;
    abi::PollFd entry;  ///< the guest's
  };

  static int16_t found_events(int wanted, int host) {
    int guest = (host & ~(POLLWRNORM | POLLWRBAND)) | (host & POLLOUT & wanted);
    if ((host & POLLWRNORM) != 0) guest |= kWriteNormal & wanted;
    if ((host & POLLWRBAND) != 0) guest |= kWriteBand;
    return static_cast<int16_t>(guest);
  }
  [[nodiscard]] uint32_t at(uint32_t index) const {
    return guest_ + index * static_cast<uint32_t>(sizeof(abi::PollFd));
  }

  Thread& thread_;
  uint32_t guest_;
  std::vector<Changed> changed_;
};

CallResult ppoll_call(Thread& t, GuestPointer descriptors_pointer, uint32_t count,
                      GuestPointer timeout, GuestPointer mask_pointer, uint32_t set_size,
                      TimeWidth width) {
  struct timespec time;
  SignalSet mask = 0;
  bool has_mask = false;
  if (timeout != 0 && !copy_in_time(timeout, width, time)) return abi::kEFAULT;
  if (mask_pointer != 0 && set_size != sizeof(SignalSet)) return abi::kEINVAL;
  if (!read_mask(mask_pointer, mask, has_mask)) return abi::kEFAULT;
  PollEvents events(t, descriptors_pointer, count);
  SignalWait wait(t, has_mask ? &mask : nullptr);
  const HostSignalSet host_mask = wait.host_mask();
  const uint64_t bytes = uint64_t{count} * sizeof(abi::PollFd);
  const GuestBuffer descriptors = writable(
      t, descriptors_pointer, bytes > UINT32_MAX ? UINT32_MAX : static_cast<uint32_t>(bytes));
  const CallResult result = events.finish(wait.finish(
      sleeping_call(t, SYS_ppoll, descriptors.pointer(), count, timeout != 0 ? &time : nullptr,
                    has_mask ? &host_mask : nullptr, sizeof host_mask)));
  if (timeout != 0 && result != kErestartNoIntr)
    static_cast<void>(copy_out_time(t, timeout, width, time));
  return result;
}

}  // namespace

CallResult sys_newselect(Thread& t, int32_t count, GuestPointer reads, GuestPointer writes,
                         GuestPointer exceptions, GuestPointer timeout) {
  return select_with_timeval(t, static_cast<uint32_t>(count), {reads, writes, exceptions}, timeout);
}
CallResult sys_pselect6(Thread& t, int32_t count, GuestPointer reads, GuestPointer writes,
                        GuestPointer exceptions, GuestPointer timeout, GuestPointer mask) {
  return pselect_call(t, count, reads, writes, exceptions, timeout, mask, TimeWidth::time32);
}
CallResult sys_pselect6_time64(Thread& t, int32_t count, GuestPointer reads, GuestPointer writes,
                               GuestPointer exceptions, GuestPointer timeout, GuestPointer mask) {
  return pselect_call(t, count, reads, writes, exceptions, timeout, mask, TimeWidth::time64);
}
CallResult sys_ppoll(Thread& t, GuestPointer descriptors, uint32_t count, GuestPointer timeout,
                     GuestPointer mask, uint32_t set_size) {
  return ppoll_call(t, descriptors, count, timeout, mask, set_size, TimeWidth::time32);
}
CallResult sys_ppoll_time64(Thread& t, GuestPointer descriptors, uint32_t count,
                            GuestPointer timeout, GuestPointer mask, uint32_t set_size) {
  return ppoll_call(t, descriptors, count, timeout, mask, set_size, TimeWidth::time64);
}

CallResult sys_poll(Thread& t, GuestPointer descriptors_pointer, uint32_t count, int32_t timeout) {
  PollEvents events(t, descriptors_pointer, count);
  const uint64_t bytes =
      uint64_t{count} * sizeof(abi::PollFd);  // struct pollfd is the same everywhere
  const GuestBuffer descriptors = writable(
      t, descriptors_pointer, bytes > UINT32_MAX ? UINT32_MAX : static_cast<uint32_t>(bytes));
  // ppoll writes back the time that is left, for when the call is made again.
  struct timespec time {
    timeout / 1000, timeout % 1000 * 1000000L
  };
  return events.finish(sleeping_call(t, SYS_ppoll, descriptors.pointer(), count,
                                     timeout < 0 ? nullptr : &time, nullptr, 0));
}

// --- epoll --------------------------------------------------------------------------------------

namespace {

/// Room for the events of a call. The guest gets all that are ready, as ep_send_events
/// (fs/eventpoll.c, 6.12) gives them; in two calls of the host's the first ones could come again.
class EventRoom {
 public:
  explicit EventRoom(uint32_t wanted) : size_(std::min(wanted, kMost)) {
    if (size_ > kFew) more_.reset(new (std::nothrow) struct epoll_event[size_]);
    if (more_ == nullptr) size_ = std::min(size_, kFew);
  }
  [[nodiscard]] struct epoll_event* events() { return more_ != nullptr ? more_.get() : few_; }
  [[nodiscard]] uint32_t size() const { return size_; }

 private:
  static constexpr uint32_t kFew = 256;
  /// No limit of descriptors is higher by default (/proc/sys/fs/nr_open). The guest gets what is
  /// ready besides with its next call.
  static constexpr uint32_t kMost = 1u << 20;

  uint32_t size_;
  std::unique_ptr<struct epoll_event[]> more_;
  struct epoll_event few_[kFew];
};

/// What epoll_pwait takes: rounded up, -1 without a timeout.
int64_t milliseconds_of(const struct timespec* timeout) {
  if (timeout == nullptr) return -1;
  if (timeout->tv_sec >= INT32_MAX / 1000) return INT32_MAX;
  return timeout->tv_sec * 1000 + (timeout->tv_nsec + 999999) / 1000000;
}

/// epoll_pwait2 is younger than some hosts, and an emulator may not know it: it is called where
/// epoll_pwait would not do.
CallResult epoll_wait_call(Thread& t, int fd, uint32_t events, int32_t count,
                           const struct timespec* timeout, const SignalSet* mask) {
  constexpr int32_t kCountLimit = INT32_MAX / static_cast<int32_t>(sizeof(abi::EpollEvent));
  if (count <= 0 || count > kCountLimit) {
    // Newer kernels look at the descriptor first, older ones at the count: the host knows.
    return guest_result(host_call(SYS_epoll_pwait, fd, nowhere(), count <= 0 ? count : INT32_MAX, 0,
                                  nullptr, sizeof(HostSignalSet)));
  }
  EventRoom room(static_cast<uint32_t>(count));
  struct epoll_event* const host = room.events();
  SignalWait wait(t, mask);
  const HostSignalSet host_mask = wait.host_mask();
  const HostSignalSet* const mask_pointer = mask != nullptr ? &host_mask : nullptr;
  CallResult result = abi::kENOSYS;
  if (timeout != nullptr && timeout->tv_nsec % 1000000 != 0)
    result = sleeping_call(t, SYS_epoll_pwait2, fd, host, room.size(), timeout, mask_pointer,
                           sizeof host_mask);
  if (result == abi::kENOSYS)
    result = sleeping_call(t, SYS_epoll_pwait, fd, host, room.size(), milliseconds_of(timeout),
                           mask_pointer, sizeof host_mask);
  result = wait.finish(result);
  for (uint32_t i = 0; i < result.value(); ++i) {
    const abi::EpollEvent event{host[i].events, host[i].data.u64};
    if (!copy_out(t, events + i * static_cast<uint32_t>(sizeof event), event)) {
      return i > 0 ? CallResult(i) : abi::kEFAULT;
    }
  }
  return result;
}

CallResult epoll_wait_milliseconds(Thread& t, Fd fd, GuestPointer events, int32_t count,
                                   int32_t timeout, const SignalSet* mask) {
  const struct timespec time { timeout / 1000, timeout % 1000 * 1000000L };
  return epoll_wait_call(t, fd, events, count, timeout < 0 ? nullptr : &time, mask);
}

}  // namespace

NewFd sys_epoll_create(Thread&, int32_t size) {
  return size <= 0 ? abi::kEINVAL : guest_result(host_call(SYS_epoll_create1, 0));
}
NewFd sys_epoll_create1(Thread&, Flags flags) {
  return guest_result(host_call(SYS_epoll_create1, creation_flags_to_host(flags)));
}
CallResult sys_epoll_ctl(Thread&, Fd fd, int32_t operation, Fd target, GuestPointer event) {
  struct epoll_event host {};
  if (operation != EPOLL_CTL_DEL) {
    abi::EpollEvent guest;
    if (!copy_in(event, guest)) return abi::kEFAULT;
    host.events = guest.events;
    host.data.u64 = guest.data;
  }
  return guest_result(host_call(SYS_epoll_ctl, fd, operation, target, &host));
}
CallResult sys_epoll_wait(Thread& t, Fd fd, GuestPointer events, int32_t count, int32_t timeout) {
  return epoll_wait_milliseconds(t, fd, events, count, timeout, nullptr);
}
CallResult sys_epoll_pwait(Thread& t, Fd fd, GuestPointer events, int32_t count, int32_t timeout,
                           GuestPointer mask_pointer, uint32_t set_size) {
  SignalSet mask = 0;
  bool has_mask = false;
  if (mask_pointer != 0 && set_size != sizeof(SignalSet)) return abi::kEINVAL;
  if (!read_mask(mask_pointer, mask, has_mask)) return abi::kEFAULT;
  return epoll_wait_milliseconds(t, fd, events, count, timeout, has_mask ? &mask : nullptr);
}
CallResult sys_epoll_pwait2(Thread& t, Fd fd, GuestPointer events, int32_t count,
                            GuestPointer timeout, GuestPointer mask_pointer, uint32_t set_size) {
  struct timespec time;
  SignalSet mask = 0;
  bool has_mask = false;
  if (timeout != 0) {
    if (!copy_in_time(timeout, TimeWidth::time64, time)) return abi::kEFAULT;
    if (!is_valid(time)) return abi::kEINVAL;
  }
  if (mask_pointer != 0 && set_size != sizeof(SignalSet)) return abi::kEINVAL;
  if (!read_mask(mask_pointer, mask, has_mask)) return abi::kEFAULT;
  return epoll_wait_call(t, fd, events, count, timeout != 0 ? &time : nullptr,
                         has_mask ? &mask : nullptr);
}

}  // namespace ferry::linux
