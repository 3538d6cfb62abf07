// The forms of clone, and what they refuse.
#include "linux/syscalls/clone_request.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "common/diagnostics.hpp"
#include "linux/kernel/signal_set.hpp"
#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/handlers.hpp"

namespace ferry::linux {

namespace {

constexpr uint32_t kCloneSignalMask = 0xff;  // CSIGNAL
constexpr uint64_t kNewTime = 0x80;          // CLONE_NEWTIME, clone3 alone

Errno not_there(const CloneRequest& request) {
  log_printf(LogChannel::unimp, "clone with flags %#llx is not implemented\n",
             static_cast<unsigned long long>(request.flags));
  return abi::kEINVAL;
}

}  // namespace

uint64_t CloneRequest::unshared() const {
  constexpr uint64_t kShareable = CLONE_FS | CLONE_FILES | CLONE_SYSVSEM;
  constexpr uint64_t kNewNamespaces =
      CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | kNewTime;
  return (~flags & kShareable) | (flags & kNewNamespaces);
}

Errno check_clone(const CloneRequest& request) {
  const auto both = [&](uint64_t one, uint64_t other) {
    return request.has(one) && request.has(other);
  };
  // kernel/fork.c (6.1), copy_process, in its order: all are EINVAL.
  if (both(CLONE_NEWNS, CLONE_FS) || both(CLONE_NEWUSER, CLONE_FS)) return abi::kEINVAL;
  if (request.has(CLONE_THREAD) && !request.has(CLONE_SIGHAND)) return abi::kEINVAL;
  if (request.has(CLONE_SIGHAND) && !request.has(CLONE_VM)) return abi::kEINVAL;
  if (both(CLONE_THREAD, CLONE_NEWUSER | CLONE_NEWPID)) return abi::kEINVAL;
  if (both(CLONE_PIDFD, CLONE_DETACHED | CLONE_THREAD)) return abi::kEINVAL;
  if (both(CLONE_NEWIPC, CLONE_SYSVSEM)) return abi::kEINVAL;  // kernel/nsproxy.c
  if (request.has(CLONE_THREAD)) return kOk;
  // The handlers of a child that its parent waits for would have to be the parent's afterwards.
  if (both(CLONE_VFORK, CLONE_SIGHAND)) return not_there(request);
  return kOk;
}

CallResult sys_fork(Thread& t) {
  CloneRequest request;
  request.exit_signal = abi::kSIGCHLD;
  return start_clone(t, request);
}

CallResult sys_vfork(Thread& t) {
  CloneRequest request;
  request.flags = CLONE_VM | CLONE_VFORK;
  request.exit_signal = abi::kSIGCHLD;
  return start_clone(t, request);
}

CallResult sys_clone(Thread& t, Flags flags, GuestPointer stack, GuestPointer parent_tid,
                     GuestPointer tls, GuestPointer child_tid) {
  CloneRequest request;
  request.flags = flags & ~kCloneSignalMask;
  request.exit_signal = static_cast<int>(flags & kCloneSignalMask);
  request.stack = stack;
  request.parent_tid = request.pidfd = parent_tid;
  request.child_tid = child_tid;
  request.tls = tls;
  // kernel_clone: both would be written to the same place.
  if (request.has(CLONE_PIDFD) && request.has(CLONE_PARENT_SETTID)) return abi::kEINVAL;
  return start_clone(t, request);
}

namespace {

/// struct clone_args (include/uapi/linux/sched.h), the same on every architecture.
struct CloneArgs {
  abi::U64 flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
  abi::U64 set_tid, set_tid_size, cgroup;
};
constexpr uint32_t kFirstVersion = 64;

Errno copy_in_args(uint32_t guest, uint32_t size, CloneArgs& args) {
  if (size > guest::kPageSize) return abi::kE2BIG;
  if (size < kFirstVersion) return abi::kEINVAL;
  return copy_in_versioned(guest, size, args);
}

/// copy_clone_args_from_user and clone3_args_valid of kernel/fork.c (6.1).
Errno check_args(const CloneArgs& args, uint32_t size) {
  constexpr uint64_t kMostTids = 32;  // MAX_PID_NS_LEVEL
  constexpr uint64_t kLegacyFlags = 0xffff'ffff;
  const auto has = [&](uint64_t flag) { return (args.flags & flag) != 0; };
  if (args.set_tid_size > kMostTids || (args.set_tid == 0) != (args.set_tid_size == 0))
    return abi::kEINVAL;
  if ((args.exit_signal & ~uint64_t{kCloneSignalMask}) != 0 || args.exit_signal > kSignalCount)
    return abi::kEINVAL;
  if (has(kCloneIntoCgroup) && (args.cgroup > INT32_MAX || size < sizeof args)) return abi::kEINVAL;
  if (has(~(kLegacyFlags | kCloneClearSighand | kCloneIntoCgroup))) return abi::kEINVAL;
  if (has(CLONE_DETACHED | (kCloneSignalMask & ~kNewTime))) return abi::kEINVAL;
  if (has(CLONE_SIGHAND) && has(kCloneClearSighand)) return abi::kEINVAL;
  if (has(CLONE_THREAD | CLONE_PARENT) && args.exit_signal != 0) return abi::kEINVAL;
  if ((args.stack == 0) != (args.stack_size == 0)) return abi::kEINVAL;
  return kOk;
}

}  // namespace

CallResult sys_clone3(Thread& t, GuestPointer pointer, uint32_t size) {
  CloneArgs args{};
  if (const Errno error = copy_in_args(pointer, size, args); error != kOk) return error;
  if (const Errno error = check_args(args, size); error != kOk) return error;
  const uint64_t stack_end = args.stack + args.stack_size;
  if (args.stack > UINT32_MAX || args.stack_size > UINT32_MAX || stack_end > UINT32_MAX)
    return abi::kEINVAL;  // access_ok
  CloneRequest request;
  request.flags = args.flags;
  request.exit_signal = static_cast<int>(args.exit_signal);
  request.stack = static_cast<uint32_t>(stack_end);
  request.parent_tid = static_cast<uint32_t>(args.parent_tid);
  request.child_tid = static_cast<uint32_t>(args.child_tid);
  request.tls = static_cast<uint32_t>(args.tls);
  request.pidfd = static_cast<uint32_t>(args.pidfd);
  if (args.set_tid != 0 || request.has(kCloneIntoCgroup | kNewTime)) return not_there(request);
  return start_clone(t, request);
}

}  // namespace ferry::linux
