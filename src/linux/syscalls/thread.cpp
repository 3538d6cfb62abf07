// Threads: thread-local storage, futexes, scheduling.
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/prctl.h>

#include <algorithm>
#include <cstring>

#include "linux/kernel/signal_map.hpp"
#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/convert.hpp"
#include "linux/syscalls/handlers.hpp"
#include "linux/syscalls/tls.hpp"

namespace ferry::linux {

// --- thread-local storage ------------------------------------------------------------------------

namespace {

/// A descriptor that means "no segment" (LDT_empty and LDT_zero of the kernel).
bool is_empty(const abi::UserDesc& desc) {
  return desc.base == 0 && desc.limit == 0 &&
         ((desc.flags & ~abi::kDescLongMode) == 0 ||
          desc.flags == (abi::kDescReadExecOnly | abi::kDescSegNotPresent));
}

/// tls_desc_okay of arch/x86/kernel/tls.c (6.1): 32-bit data segments that are present, or none.
bool is_acceptable(const abi::UserDesc& desc) {
  if (is_empty(desc)) return true;
  return (desc.flags & abi::kDescSeg32Bit) != 0 && (desc.flags & abi::kDescCode) == 0 &&
         (desc.flags & abi::kDescSegNotPresent) == 0;
}

/// copy_in of a descriptor, without the bits of its flags that have no name.
bool copy_in_descriptor(uint32_t guest, abi::UserDesc& desc) {
  if (!copy_in(guest, desc)) return false;
  desc.flags &= abi::kDescAllFlags;
  return true;
}

/// fill_ldt of the kernel.
i386::SegmentDescriptor descriptor_of(const abi::UserDesc& desc) {
  if (is_empty(desc)) return {};
  const uint32_t limit = desc.limit & 0xfffff;
  const bool in_pages = (desc.flags & abi::kDescLimitInPages) != 0;
  return {.base = desc.base,
          .limit = in_pages ? limit << 12 | 0xfff : limit,
          .present = true,
          .writable = (desc.flags & abi::kDescReadExecOnly) == 0,
          .expand_down = (desc.flags & abi::kDescExpandDown) != 0,
          .in_pages = in_pages,
          .available = (desc.flags & abi::kDescUsable) != 0};
}

/// The first entry without a segment, or -1.
int32_t free_entry(const i386::CpuState& cpu) {
  for (uint32_t i = 0; i < i386::kTlsEntries; ++i) {
    if (!cpu.tls[i].present) return static_cast<int32_t>(i386::kFirstTlsEntry + i);
  }
  return -1;
}

/// Writes a TLS entry. A segment register that holds it sees the new descriptor at once.
Errno set_entry(Thread& thread, const abi::UserDesc& desc) {
  const uint32_t index = desc.entry_number - i386::kFirstTlsEntry;
  if (index >= i386::kTlsEntries) return abi::kEINVAL;
  thread.cpu.tls[index] = descriptor_of(desc);
  const auto selector = static_cast<uint16_t>(desc.entry_number << 3 | 3);
  for (const i386::SegmentRegister segment : {i386::ES, i386::DS, i386::FS, i386::GS}) {
    if (thread.cpu.selector[segment] == selector) restore_segment(thread, segment, selector);
  }
  return kOk;
}

}  // namespace

Errno check_tls_entry(uint32_t guest) {
  abi::UserDesc desc;
  if (!copy_in_descriptor(guest, desc)) return abi::kEFAULT;
  const bool exists = desc.entry_number - i386::kFirstTlsEntry < i386::kTlsEntries;
  return is_acceptable(desc) && exists ? kOk : abi::kEINVAL;
}

Errno set_tls_entry(Thread& thread, uint32_t guest) {
  abi::UserDesc desc;
  if (!copy_in_descriptor(guest, desc)) return abi::kEFAULT;
  return is_acceptable(desc) ? set_entry(thread, desc) : abi::kEINVAL;
}

CallResult sys_set_thread_area(Thread& t, GuestPointer descriptor) {
  abi::UserDesc desc;
  if (!copy_in_descriptor(descriptor, desc)) return abi::kEFAULT;
  if (!is_acceptable(desc)) return abi::kEINVAL;
  if (desc.entry_number == UINT32_MAX) {
    const int32_t free = free_entry(t.cpu);
    if (free < 0) return abi::kESRCH;
    if (!copy_out(t, descriptor, free)) return abi::kEFAULT;
    desc.entry_number = static_cast<uint32_t>(free);
  }
  return set_entry(t, desc);
}

CallResult sys_get_thread_area(Thread& t, GuestPointer descriptor) {
  abi::UserDesc desc{};
  if (!copy_in(descriptor, desc.entry_number)) return abi::kEFAULT;
  const uint32_t index = desc.entry_number - i386::kFirstTlsEntry;
  if (index >= i386::kTlsEntries) return abi::kEINVAL;
  const i386::SegmentDescriptor& entry = t.cpu.tls[index];
  if (entry.present) {
    desc.base = entry.base;
    desc.limit = entry.in_pages ? entry.limit >> 12 : entry.limit;
    desc.flags = abi::kDescSeg32Bit | (entry.expand_down ? abi::kDescExpandDown : 0) |
                 (entry.writable ? 0 : abi::kDescReadExecOnly) |
                 (entry.in_pages ? abi::kDescLimitInPages : 0) |
                 (entry.available ? abi::kDescUsable : 0);
  } else {
    desc.flags = abi::kDescReadExecOnly | abi::kDescSegNotPresent;
  }
  return copy_out(t, descriptor, desc) ? kOk : abi::kEFAULT;
}

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
  t.process->space->prepare_kernel_write(address, 4);
  if (!has_timeout) {
    // The fourth argument is a number here.
    t.process->space->prepare_kernel_write(second_address, 4);
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
  if ((mask_size & 3) != 0) return abi::kEINVAL;
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

CallResult sys_prctl(Thread& t, int32_t option, Word second, Word third, Word fourth, Word fifth) {
  constexpr uint32_t kNameSize = 16;
  switch (option) {
    case PR_SET_PDEATHSIG: {
      const int signal = signal_to_host(static_cast<int32_t>(second));
      if (signal == 0 && second != 0) return abi::kEINVAL;
      return guest_result(host_call(SYS_prctl, PR_SET_PDEATHSIG, signal));
    }
    case PR_GET_PDEATHSIG: {
      int host = 0;
      const long result = host_call(SYS_prctl, PR_GET_PDEATHSIG, &host);
      if (result < 0) return guest_result(result);
      return copy_out(t, second, host == 0 ? 0 : signal_to_guest(host)) ? kOk : abi::kEFAULT;
    }
    case PR_SET_NAME:
      return guest_result(
          host_call(SYS_prctl, PR_SET_NAME, readable(t, second, kNameSize).pointer()));
    case PR_GET_NAME:
      return guest_result(
          host_call(SYS_prctl, PR_GET_NAME, writable(t, second, kNameSize).pointer()));
    case PR_GET_CHILD_SUBREAPER:
      return guest_result(
          host_call(SYS_prctl, PR_GET_CHILD_SUBREAPER, writable(t, second, 4).pointer()));
    case PR_GET_TSC:
      return copy_out(t, second, uint32_t{PR_TSC_ENABLE}) ? kOk : abi::kEFAULT;
    case PR_SET_TSC:  // RDTSC is never forbidden
      return second == PR_TSC_ENABLE ? kOk : abi::kEINVAL;
    case PR_GET_SECCOMP:
      return kOk;
    case PR_SET_MM:  // as to a process that may not
      return abi::kEPERM;
    case PR_SET_VMA:  // names for anonymous mappings: nothing here shows them
      return abi::kEINVAL;
    case PR_GET_DUMPABLE:
    case PR_SET_DUMPABLE:
    case PR_GET_KEEPCAPS:
    case PR_SET_KEEPCAPS:
    case PR_GET_TIMERSLACK:
    case PR_SET_TIMERSLACK:
    case PR_CAPBSET_READ:
    case PR_CAPBSET_DROP:
    case PR_SET_NO_NEW_PRIVS:
    case PR_GET_NO_NEW_PRIVS:
    case PR_SET_CHILD_SUBREAPER:
    case PR_GET_SECUREBITS:
    case PR_SET_SECUREBITS:
    case PR_CAP_AMBIENT:
    case PR_SET_PTRACER:
    case PR_GET_THP_DISABLE:
    case PR_SET_THP_DISABLE:
      return guest_result(host_call(
          SYS_prctl, option, static_cast<unsigned long>(second), static_cast<unsigned long>(third),
          static_cast<unsigned long>(fourth), static_cast<unsigned long>(fifth)));
    default:
      log_printf(LogChannel::unimp, "prctl %u is not implemented\n", option);
      return abi::kEINVAL;
  }
}

}  // namespace ferry::linux
