// Processes: birth, exec, death, waiting.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>

#include "linux/kernel/signal_map.hpp"
#include "linux/kernel/signals.hpp"
#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/convert.hpp"
#include "linux/syscalls/handlers.hpp"
#include "linux/syscalls/tls.hpp"

namespace ferry::linux {

CallResult sys_exit(Thread& t, int32_t status) {
  t.exit_status = static_cast<int>(status & 0xff);
  return kExitProcess;
}
CallResult sys_exit_group(Thread& t, int32_t status) {
  return sys_exit(t, status);
}

// --- fork, vfork, clone -------------------------------------------------------------------------

namespace {

constexpr uint32_t kCloneSignalMask = 0xff;
constexpr uint32_t kOwnFlags = CLONE_VM | CLONE_VFORK | CLONE_SETTLS | CLONE_PARENT_SETTID;
constexpr size_t kVforkStackSize = 256 << 10;

struct CloneRequest {
  uint32_t flags = 0;
  uint32_t stack = 0;
  uint32_t parent_tid = 0;
  uint32_t tls = 0;
  uint32_t child_tid = 0;
};

void set_up_child(Thread& child, const CloneRequest& request) {
  child.tid = static_cast<int32_t>(host_call(SYS_gettid));
  child.cpu.gpr[i386::EAX] = 0;
  if (request.stack != 0) child.cpu.gpr[i386::ESP] = request.stack;
  if ((request.flags & CLONE_SETTLS) != 0) static_cast<void>(set_tls_entry(child, request.tls));
  reset_signals_in_child(child);
}

long host_clone_flags(const CloneRequest& request) {
  const int signal = static_cast<int>(request.flags & kCloneSignalMask);
  return static_cast<long>((request.flags & ~(kCloneSignalMask | kOwnFlags)) |
                           static_cast<uint32_t>(signal != 0 ? signal_to_host(signal) : 0));
}

/// fork: a copy of the address space. The kernel fills in the child's tid itself.
CallResult fork_process(Thread& t, const CloneRequest& request) {
  const BlockedSignals blocked(t);
  if (blocked.interrupted()) return kErestartNoIntr;
  if (request.child_tid != 0) t.process->space->prepare_kernel_write(request.child_tid, 4);
  const long pid = clone_call(host_clone_flags(request), guest::host_pointer(request.child_tid));
  if (pid == 0) {
    set_up_child(t, request);
    // Only the vfork child itself keeps its parent waiting, not the children it forks.
    t.process->hidden.drop(t.process->vfork_release);
  } else if (pid > 0 && (request.flags & CLONE_PARENT_SETTID) != 0) {
    static_cast<void>(copy_out(t, request.parent_tid, static_cast<int32_t>(pid)));
  }
  return guest_result(pid);
}

/// What a vfork child of ours needs: it shares memory, but what the kernel keeps per process is its
/// own.
struct VforkChild {
  VforkChild(const Thread& parent, const CloneRequest& what)
      : process(*parent.process), thread(process), request(what) {
    thread.cpu = parent.cpu;
    thread.signals = parent.signals;
    process.is_vfork_child = true;
  }
  GuestProcess process;
  Thread thread;
  CloneRequest request;
  int release_write_end = -1, release_read_end = -1;
};

void vfork_entry(void* argument) {
  auto& child = *static_cast<VforkChild*>(argument);
  set_current_thread(&child.thread);
  set_up_child(child.thread, child.request);
  // The pipe must not take the lowest free number, which the child expects to get.
  child.process.vfork_release = child.process.hidden.hide(child.release_write_end);
  if (child.release_read_end >= 0) host_call(SYS_close, child.release_read_end);
  restore_host_mask(child.thread);
  child.process.run_loop(child.thread);
  _exit(child.thread.exit_status);
}

/// A pipe whose write end only the child has: the parent reads end-of-file when the child execs or
/// ends. An emulator may turn CLONE_VFORK into a plain fork: there this pipe makes the parent wait.
/// Real kernels do so themselves.
struct ReleasePipe {
  int read_end = -1;
  int write_end = -1;

  void open() {
    int ends[2];
    const long result = make_own_descriptor([&] { return host_call(SYS_pipe2, ends, O_CLOEXEC); });
    if (result < 0) return;
    read_end = ends[0];
    write_end = ends[1];
  }
  void wait_and_close() const {
    if (read_end < 0) return;
    host_call(SYS_close, write_end);
    char byte;
    while (host_call(SYS_read, read_end, &byte, 1) == -EINTR) {
    }
    host_call(SYS_close, read_end);
  }
};

CallResult vfork_process(Thread& t, const CloneRequest& request) {
  const BlockedSignals blocked(t);
  if (blocked.interrupted()) return kErestartNoIntr;
  const long stack = host_call(SYS_mmap, nullptr, kVforkStackSize, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (stack < 0) return abi::kENOMEM;
  ReleasePipe release;
  if (!t.process->runner.empty()) release.open();
  const auto child = std::make_unique<VforkChild>(t, request);
  child->release_write_end = release.write_end;
  child->release_read_end = release.read_end;
  const long pid =
      clone_on_stack(host_clone_flags(request) | CLONE_VM | CLONE_VFORK,
                     reinterpret_cast<char*>(stack) + kVforkStackSize, vfork_entry, child.get());
  release.wait_and_close();
  set_current_thread(&t);
  // Until here a message of another process (foreign_write.hpp) was noted for the child's thread.
  if (t.process->space->foreign_write_noted()) t.signal_pending = 1;
  t.process->hidden.restore_log();
  host_call(SYS_munmap, stack, kVforkStackSize);
  if (pid > 0 && (request.flags & CLONE_PARENT_SETTID) != 0) {
    static_cast<void>(copy_out(t, request.parent_tid, static_cast<int32_t>(pid)));
  }
  return guest_result(pid);
}

}  // namespace

CallResult sys_fork(Thread& t) {
  CloneRequest request;
  request.flags = abi::kSIGCHLD;
  return fork_process(t, request);
}

CallResult sys_vfork(Thread& t) {
  CloneRequest request;
  request.flags = abi::kSIGCHLD;
  return vfork_process(t, request);
}

CallResult sys_clone(Thread& t, Flags flags, GuestPointer stack, GuestPointer parent_tid,
                     GuestPointer tls, GuestPointer child_tid) {
  CloneRequest request{flags, stack, parent_tid, tls, child_tid};
  if ((request.flags & CLONE_SETTLS) != 0) {
    const Errno refused = check_tls_entry(request.tls);
    if (refused != kOk) return refused;
  }
  if ((request.flags & CLONE_THREAD) != 0) return abi::kENOSYS;
  if ((request.flags & (CLONE_VM | CLONE_VFORK)) == (CLONE_VM | CLONE_VFORK))
    return vfork_process(t, request);
  if ((request.flags & CLONE_VM) != 0) return abi::kENOSYS;
  return fork_process(t, request);
}

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
  if (!result.ok()) return result;
  if (usage_pointer != 0 && !copy_out(t, usage_pointer, rusage_from(usage))) return abi::kEFAULT;
  if (info == 0) return result;
  const abi::SigInfo guest = host.si_signo != 0 ? siginfo_to_guest(host) : abi::SigInfo{};
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
  const uint64_t hard = std::min(host.hard, process.limit_files_hard);
  if (old != nullptr) *old = {host.soft, hard};
  if (next == nullptr) return kOk;
  if (next->soft > next->hard) return abi::kEINVAL;
  if (next->hard > hard && host_call(SYS_geteuid) != 0) return abi::kEPERM;
  const HostLimit limit{next->soft, std::max(next->hard, host.hard)};
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
    return guest_result(result);
  }
  if (old != nullptr) *old = *own;
  if (next == nullptr) return kOk;
  if (next->soft > next->hard) return abi::kEINVAL;
  if (next->hard > own->hard && host_call(SYS_geteuid) != 0) return abi::kEPERM;
  *own = *next;
  process.space->set_space_limit(process.limit_address_space.soft);
  process.space->set_data_limit(process.limit_data.soft);
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
