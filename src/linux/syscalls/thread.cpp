// Threads: futexes, scheduling.
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "linux/kernel/signal_map.hpp"
#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/convert.hpp"
#include "linux/syscalls/handlers.hpp"

namespace ferry::linux {

CallResult sys_gettid(Thread& t) {
  return static_cast<uint32_t>(t.tid);
}

CallResult sys_set_tid_address(Thread& t, GuestPointer address) {
  t.clear_child_tid = address;
  return static_cast<uint32_t>(t.tid);
}

CallResult sys_set_robust_list(Thread& t, GuestPointer head, uint32_t size) {
  constexpr uint32_t kHeadSize = 12;  // struct compat_robust_list_head
  if (size != kHeadSize) return abi::kEINVAL;
  t.robust_list_head = head;
  return kOk;
}

CallResult sys_get_robust_list(Thread& t, Pid pid, GuestPointer head, GuestPointer size_pointer) {
  if (pid != 0 && pid != t.tid) return abi::kESRCH;
  const uint32_t size = 12;
  return copy_out(t, head, t.robust_list_head) && copy_out(t, size_pointer, size) ? kOk
                                                                                  : abi::kEFAULT;
}

// --- futex ---------------------------------------------------------------------------------------

namespace {

CallResult futex_call(Thread& t, GuestPointer address, Flags operation, uint32_t value,
                      GuestPointer timeout_pointer, GuestPointer second_address,
                      uint32_t third_value, TimeWidth width) {
  const uint32_t command =
      operation & ~static_cast<uint32_t>(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
  const bool has_timeout = command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET ||
                           command == FUTEX_LOCK_PI || command == FUTEX_WAIT_REQUEUE_PI;
  if ((address & 3) != 0) return abi::kEINVAL;
  const bool wakes = command == FUTEX_WAKE || command == FUTEX_WAKE_BITSET;
  if (wakes && (operation & FUTEX_PRIVATE_FLAG) != 0) {
    // The kernel does not look at the word, so any address of its user space will do
    // (kernel/futex/core.c, get_futex_key). Outside of the guest nobody waits.
    const void* const word = address < guest::kGuestEnd
                                 ? shared_word(t, address)
                                 : reinterpret_cast<const void*>(uintptr_t{address});
    return guest_result(
        host_call(SYS_futex, word, operation, value, nullptr, nullptr, third_value));
  }
  const KernelWrite write(t, address, 4);
  if (!has_timeout) {
    // The fourth argument is a number here.
    const KernelWrite second_write(t, second_address, 4);
    return guest_result(host_call(SYS_futex, shared_word(t, address), operation, value,
                                  timeout_pointer, shared_word(t, second_address), third_value));
  }
  struct timespec time;
  if (timeout_pointer != 0 && !copy_in_time(timeout_pointer, width, time)) return abi::kEFAULT;
  const void* timeout = timeout_pointer != 0 ? &time : nullptr;
  // With a relative timeout the kernel does not restart by itself in a handler's presence
  // (ERESTART_RESTARTBLOCK).
  return blocking_call(t, SYS_futex, shared_word(t, address), operation, value, timeout,
                       shared_word(t, second_address), third_value);
}

}  // namespace

CallResult sys_futex(Thread& t, GuestPointer address, Flags operation, uint32_t value,
                     GuestPointer timeout, GuestPointer second_address, uint32_t third_value) {
  return futex_call(t, address, operation, value, timeout, second_address, third_value,
                    TimeWidth::time32);
}
CallResult sys_futex_time64(Thread& t, GuestPointer address, Flags operation, uint32_t value,
                            GuestPointer timeout, GuestPointer second_address,
                            uint32_t third_value) {
  return futex_call(t, address, operation, value, timeout, second_address, third_value,
                    TimeWidth::time64);
}

CallResult sys_futex_waitv(Thread& t, GuestPointer waiters, uint32_t count, Flags flags,
                           GuestPointer timeout_pointer, int32_t clock) {
  constexpr uint32_t kMost = 128;  // FUTEX_WAITV_MAX
  struct Waiter {                  // struct futex_waitv, the same everywhere
    abi::U64 value, address;
    uint32_t flags, reserved;
  };
  // kernel/futex/syscalls.c (6.1), in its order.
  if (flags != 0 || count == 0 || count > kMost || waiters == 0) return abi::kEINVAL;
  struct timespec time;
  if (timeout_pointer != 0) {
    if (clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME) return abi::kEINVAL;
    if (!copy_in_time(timeout_pointer, TimeWidth::time64, time)) return abi::kEFAULT;
  }
  alignas(8) std::array<Waiter, kMost> list;
  if (!copy_in_bytes(waiters, list.data(), count * static_cast<uint32_t>(sizeof(Waiter))))
    return abi::kEFAULT;
  for (Waiter& waiter : std::span(list).first(count)) {
    if (waiter.address > UINT32_MAX) return abi::kEFAULT;
    const void* const word = shared_word(t, static_cast<uint32_t>(waiter.address));
    waiter.address = reinterpret_cast<uint64_t>(word);
  }
  return blocking_call(t, SYS_futex_waitv, list.data(), count, flags,
                       timeout_pointer != 0 ? &time : nullptr, clock);
}

// --- futex2: the calls since Linux 6.7, made of the older one ------------------------------------

namespace {

/// kernel/futex/futex.h: of the flags of futex_wake and its kin (FUTEX2_*) a size of 32 bits and
/// FUTEX2_PRIVATE are offered, those of 6.12.
constexpr uint32_t kSize32 = 2, kFutex2Private = 128;

bool futex_flags_valid(uint32_t flags) {
  return (flags & ~kFutex2Private) == kSize32;
}
uint32_t private_flag(uint32_t flags) {
  return (flags & kFutex2Private) != 0 ? FUTEX_PRIVATE_FLAG : 0;
}

}  // namespace

CallResult sys_futex_wake(Thread& t, GuestPointer address, Word mask, int32_t count, Flags flags) {
  if (!futex_flags_valid(flags) || mask == 0) return abi::kEINVAL;
  return futex_call(t, address, Flags{FUTEX_WAKE_BITSET | private_flag(flags)},
                    static_cast<uint32_t>(count), GuestPointer{0}, GuestPointer{0}, mask,
                    TimeWidth::time64);
}

CallResult sys_futex_wait(Thread& t, GuestPointer address, Word value, Word mask, Flags flags,
                          GuestPointer timeout, int32_t clock) {
  if (!futex_flags_valid(flags)) return abi::kEINVAL;
  if (timeout != 0 && clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME) return abi::kEINVAL;
  const uint32_t real_time = timeout != 0 && clock == CLOCK_REALTIME ? FUTEX_CLOCK_REALTIME : 0;
  return futex_call(t, address, Flags{FUTEX_WAIT_BITSET | private_flag(flags) | real_time}, value,
                    timeout, GuestPointer{0}, mask, TimeWidth::time64);
}

CallResult sys_futex_requeue(Thread& t, GuestPointer waiters, Flags flags, int32_t wake,
                             int32_t requeue) {
  struct Waiter {  // struct futex_waitv
    abi::U64 value, address;
    uint32_t flags, reserved;
  } pair[2];
  if (flags != 0 || waiters == 0) return abi::kEINVAL;
  if (!copy_in(waiters, pair)) return abi::kEFAULT;
  for (const Waiter& waiter : pair) {
    if (!futex_flags_valid(waiter.flags) || waiter.reserved != 0) return abi::kEINVAL;
    if (waiter.value > UINT32_MAX) return abi::kEINVAL;
    if (waiter.address > UINT32_MAX) return abi::kEFAULT;
  }
  if (pair[0].flags != pair[1].flags) return abi::kEINVAL;
  const auto from = static_cast<uint32_t>(pair[0].address);
  const auto to = static_cast<uint32_t>(pair[1].address);
  return futex_call(t, GuestPointer{from}, Flags{FUTEX_CMP_REQUEUE | private_flag(pair[0].flags)},
                    static_cast<uint32_t>(wake), GuestPointer{static_cast<uint32_t>(requeue)},
                    GuestPointer{to}, static_cast<uint32_t>(pair[0].value), TimeWidth::time64);
}

CallResult sys_membarrier(Thread&, int32_t command, Flags flags, int32_t cpu) {
  // include/uapi/linux/membarrier.h: QUERY, and the forms up to REGISTER_PRIVATE_EXPEDITED. The
  // others are for code that a program writes, and for restartable sequences.
  constexpr int32_t kQuery = 0, kOffered = 0x1f;
  if ((command & ~kOffered) != 0 || flags != 0) return abi::kEINVAL;
  const long result = host_call(SYS_membarrier, command, flags, cpu);
  return guest_result(command == kQuery && result > 0 ? result & kOffered : result);
}

// --- scheduling ----------------------------------------------------------------------------------

namespace {

constexpr uint32_t kMaxAffinityBytes = 1024;

}  // namespace

CallResult sys_sched_setaffinity(Thread&, Pid pid, uint32_t mask_size, GuestPointer mask_pointer) {
  uint64_t mask[kMaxAffinityBytes / 8] = {};
  const uint32_t size = std::min(mask_size, kMaxAffinityBytes);
  if (!copy_in_bytes(mask_pointer, mask, size)) return abi::kEFAULT;
  return guest_result(host_call(SYS_sched_setaffinity, pid, (size + 7) & ~7u, mask));
}

CallResult sys_sched_getaffinity(Thread& t, Pid pid, uint32_t mask_size,
                                 GuestPointer mask_pointer) {
  uint64_t mask[kMaxAffinityBytes / 8] = {};
  // kernel/compat.c: all processors must find room.
  static const auto processors = static_cast<uint32_t>(sysconf(_SC_NPROCESSORS_CONF));
  if ((mask_size & 3) != 0 || uint64_t{mask_size} * 8 < processors) return abi::kEINVAL;
  const long result = host_call(SYS_sched_getaffinity, pid, sizeof mask, mask);
  if (result < 0) return guest_result(result);
  // A host word more than the guest asked for may hold no processor.
  const auto size = std::min(mask_size, static_cast<uint32_t>(result));
  return copy_out_bytes(t, mask_pointer, mask, size) ? CallResult(size) : abi::kEFAULT;
}

CallResult sys_sched_setparam(Thread& t, Pid pid, GuestPointer parameters) {
  return guest_result(host_call(SYS_sched_setparam, pid, readable(t, parameters, 4).pointer()));
}
CallResult sys_sched_getparam(Thread& t, Pid pid, GuestPointer parameters) {
  return guest_result(host_call(SYS_sched_getparam, pid, writable(t, parameters, 4).pointer()));
}
CallResult sys_sched_setscheduler(Thread& t, Pid pid, int32_t policy, GuestPointer parameters) {
  return guest_result(
      host_call(SYS_sched_setscheduler, pid, policy, readable(t, parameters, 4).pointer()));
}

// struct sched_attr is the same everywhere. The size that the guest gives is compared with the page
// size, which is the host's there (kernel/sched/syscalls.c, sched_copy_attr).

CallResult sys_sched_setattr(Thread& t, Pid pid, GuestPointer attributes, Flags flags) {
  constexpr uint32_t kFirstVersion = 48, kKnown = 56;
  if (attributes == 0 || pid < 0 || flags != 0) return abi::kEINVAL;
  uint32_t size;
  if (!copy_in(attributes, size)) return abi::kEFAULT;
  if (size > guest::kPageSize || (size != 0 && size < kFirstVersion)) {
    static_cast<void>(copy_out(t, attributes, kKnown));
    return abi::kE2BIG;
  }
  const GuestBuffer buffer = writable(t, attributes, std::max(size, kFirstVersion));
  return guest_result(host_call(SYS_sched_setattr, pid, buffer.pointer(), 0));
}
CallResult sys_sched_getattr(Thread& t, Pid pid, GuestPointer attributes, uint32_t size,
                             Flags flags) {
  if (size > guest::kPageSize) return abi::kEINVAL;
  const GuestBuffer buffer = writable(t, attributes, size);
  return guest_result(host_call(SYS_sched_getattr, pid, buffer.pointer(), size, flags));
}

namespace {

CallResult round_robin_interval(Thread& t, Pid pid, GuestPointer interval, TimeWidth width) {
  struct timespec time;
  const long result = host_call(SYS_sched_rr_get_interval, pid, &time);
  if (result < 0) return guest_result(result);
  return copy_out_time(t, interval, width, time) ? kOk : abi::kEFAULT;
}

}  // namespace

CallResult sys_sched_rr_get_interval(Thread& t, Pid pid, GuestPointer interval) {
  return round_robin_interval(t, pid, interval, TimeWidth::time32);
}
CallResult sys_sched_rr_get_interval_time64(Thread& t, Pid pid, GuestPointer interval) {
  return round_robin_interval(t, pid, interval, TimeWidth::time64);
}

CallResult sys_getcpu(Thread& t, GuestPointer cpu_pointer, GuestPointer node_pointer,
                      GuestPointer) {
  uint32_t cpu = 0;
  uint32_t node = 0;
  const long result = host_call(SYS_getcpu, &cpu, &node, nullptr);
  if (result < 0) return guest_result(result);
  if (cpu_pointer != 0 && !copy_out(t, cpu_pointer, cpu)) return abi::kEFAULT;
  return node_pointer == 0 || copy_out(t, node_pointer, node) ? kOk : abi::kEFAULT;
}

}  // namespace ferry::linux
