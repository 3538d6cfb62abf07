// Processes: waiting for them, and their limits.
#include <errno.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux/kernel/signal_map.hpp"
#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/convert.hpp"
#include "linux/syscalls/handlers.hpp"

namespace ferry::linux {

// --- waiting ------------------------------------------------------------------------------------

namespace {

CallResult wait_call(Thread& t, int pid, uint32_t status_pointer, uint32_t options,
                     uint32_t usage_pointer) {
  int status = 0;
  struct rusage usage {};
  const CallResult result = blocking_call(t, SYS_wait4, pid, &status, options, &usage);
  if (result.value() == 0) return result;  // nobody has ended, or an error
  if (status_pointer != 0 && !copy_out(t, status_pointer, wait_status_to_guest(status)))
    return abi::kEFAULT;
  if (usage_pointer != 0 && !copy_out(t, usage_pointer, rusage_from(usage))) return abi::kEFAULT;
  return result;
}

}  // namespace

CallResult sys_wait4(Thread& t, Pid pid, GuestPointer status, Flags options, GuestPointer usage) {
  return wait_call(t, pid, status, options, usage);
}
CallResult sys_waitpid(Thread& t, Pid pid, GuestPointer status, Flags options) {
  return wait_call(t, pid, status, options, 0);
}

CallResult sys_waitid(Thread& t, int32_t type, Pid pid, GuestPointer info, Flags options,
                      GuestPointer usage_pointer) {
  siginfo_t host{};
  struct rusage usage {};
  const CallResult result = blocking_call(t, SYS_waitid, type, pid, &host, options, &usage);
  // kernel/exit.c: use is told of a child alone, and the structure is written after an error too.
  const bool found = result.ok() && host.si_signo != 0;
  if (found && usage_pointer != 0 && !copy_out(t, usage_pointer, rusage_from(usage)))
    return abi::kEFAULT;
  if (info == 0) return result;
  const abi::SigInfo guest = found ? siginfo_to_guest(host) : abi::SigInfo{};
  // The kernel writes the six words it knows, not the whole structure.
  return copy_out_bytes(t, info, &guest, 24) ? result : abi::kEFAULT;
}

NewFd sys_pidfd_open(Thread&, Pid pid, Flags flags) {
  return guest_result(
      host_call(SYS_pidfd_open, pid, creation_flags_to_host(flags)));  // PIDFD_NONBLOCK
}

CallResult sys_getrusage(Thread& t, int32_t who, GuestPointer usage_pointer) {
  struct rusage usage {};
  const long result = host_call(SYS_getrusage, who, &usage);
  if (result < 0) return guest_result(result);
  return copy_out(t, usage_pointer, rusage_from(usage)) ? kOk : abi::kEFAULT;
}

// --- limits --------------------------------------------------------------------------------------

namespace {

constexpr uint32_t kInfinity32 = UINT32_MAX;

uint64_t widen_limit(uint32_t value) {
  return value == kInfinity32 ? UINT64_MAX : value;
}
uint32_t narrow_limit(uint64_t value) {
  return value > INT32_MAX ? kInfinity32 : static_cast<uint32_t>(value);
}

/// The limit, if ferry keeps it itself, or null.
GuestLimit* own_limit(GuestProcess& process, uint32_t resource) {
  switch (resource) {
    case 2:
      return &process.limit_data;
    case 3:
      return &process.limit_stack;
    case 9:
      return &process.limit_address_space;
    default:
      return nullptr;
  }
}

/// RLIMIT_NOFILE of this process: the host keeps the soft limit, ferry the hard one
/// (HiddenDescriptors).
CallResult change_file_limit(GuestProcess& process, const GuestLimit* next, GuestLimit* old) {
  const HostLimit host = host_limit(RLIMIT_NOFILE);
  const uint64_t hard = std::min<uint64_t>(host.hard, process.limit_files_hard);
  if (old != nullptr) *old = {host.soft, hard};
  if (next == nullptr) return kOk;
  if (next->soft.get() > next->hard.get()) return abi::kEINVAL;
  if (next->hard > hard && host_call(SYS_geteuid) != 0) return abi::kEPERM;
  const HostLimit limit{next->soft, std::max<uint64_t>(next->hard, host.hard)};
  const long result = host_call(SYS_prlimit64, 0, RLIMIT_NOFILE, &limit, nullptr);
  if (result == 0) process.limit_files_hard = next->hard;
  return guest_result(result);
}

CallResult change_limit(Thread& t, int pid, uint32_t resource, const GuestLimit* next,
                        GuestLimit* old) {
  const int host_resource = resource_to_host(resource);
  if (host_resource < 0) return abi::kEINVAL;
  GuestProcess& process = *t.process;
  GuestLimit* own = own_limit(process, resource);
  const bool myself = pid == 0 || pid == host_call(SYS_getpid);
  if (host_resource == RLIMIT_NOFILE && myself) return change_file_limit(process, next, old);
  if (own == nullptr || !myself) {
    struct {
      uint64_t soft, hard;
    } host_next{}, host_old{};
    if (next != nullptr) host_next = {next->soft, next->hard};
    const long result = host_call(SYS_prlimit64, pid, host_resource,
                                  next != nullptr ? &host_next : nullptr, &host_old);
    if (result == 0 && old != nullptr) *old = {host_old.soft, host_old.hard};
    if (host_resource == RLIMIT_CORE && myself) follow_core_limit(t);
    return guest_result(result);
  }
  const LockGuard guard(process.lock);
  if (old != nullptr) *old = *own;
  if (next == nullptr) return kOk;
  if (next->soft.get() > next->hard.get()) return abi::kEINVAL;
  if (next->hard > own->hard && host_call(SYS_geteuid) != 0) return abi::kEPERM;
  *own = *next;
  process.space->set_space_limit(process.limit_address_space.soft);
  process.space->set_data_limit(process.limit_data.soft, process.limit_data.hard);
  return kOk;
}

}  // namespace

CallResult sys_ugetrlimit(Thread& t, int32_t resource, GuestPointer limit_pointer) {
  GuestLimit limit;
  const CallResult result = change_limit(t, 0, resource, nullptr, &limit);
  if (!result.ok()) return result;
  return copy_out(t, limit_pointer,
                  abi::RLimit32{narrow_limit(limit.soft), narrow_limit(limit.hard)})
             ? kOk
             : abi::kEFAULT;
}

CallResult sys_getrlimit(Thread& t, int32_t resource,
                         GuestPointer limit_pointer) {  // the old call's infinity is INT32_MAX
  GuestLimit limit;
  const CallResult result = change_limit(t, 0, resource, nullptr, &limit);
  if (!result.ok()) return result;
  const auto old_limit = [](uint64_t value) {
    return value > INT32_MAX ? static_cast<uint32_t>(INT32_MAX) : static_cast<uint32_t>(value);
  };
  return copy_out(t, limit_pointer, abi::RLimit32{old_limit(limit.soft), old_limit(limit.hard)})
             ? kOk
             : abi::kEFAULT;
}

CallResult sys_setrlimit(Thread& t, int32_t resource, GuestPointer limit_pointer) {
  abi::RLimit32 guest;
  if (!copy_in(limit_pointer, guest)) return abi::kEFAULT;
  const GuestLimit limit{widen_limit(guest.soft), widen_limit(guest.hard)};
  return change_limit(t, 0, resource, &limit, nullptr);
}

CallResult sys_prlimit64(Thread& t, Pid pid, int32_t resource, GuestPointer limit,
                         GuestPointer old_pointer) {
  struct Wide {
    abi::U64 soft, hard;
  } wide;
  GuestLimit next;
  GuestLimit old;
  if (limit != 0) {
    if (!copy_in(limit, wide)) return abi::kEFAULT;
    next = {wide.soft, wide.hard};
  }
  const CallResult result = change_limit(t, pid, resource, limit != 0 ? &next : nullptr, &old);
  if (!result.ok() || old_pointer == 0) return result;
  wide = {old.soft, old.hard};
  return copy_out(t, old_pointer, wide) ? kOk : abi::kEFAULT;
}

}  // namespace ferry::linux
