// fork and vfork.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <memory>
#include <new>

#include "common/diagnostics.hpp"
#include "linux/kernel/executor.hpp"
#include "linux/kernel/fault_signals.hpp"
#include "linux/kernel/signal_map.hpp"
#include "linux/kernel/thread_exit.hpp"
#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/clone_child.hpp"
#include "linux/syscalls/convert.hpp"
#include "linux/syscalls/tls.hpp"

namespace ferry::linux {

void set_up_child(Thread& child, const CloneRequest& request) {
  child.tid = static_cast<int32_t>(host_call(SYS_gettid));
  if (child.process->record != nullptr) child.process->record->pid = child.tid;
  child.cpu.gpr[i386::EAX] = 0;
  if (request.stack != 0) child.cpu.gpr[i386::ESP] = request.stack;
  if (request.has(CLONE_SETTLS)) static_cast<void>(set_tls_entry(child, request.tls));
  if (request.has(CLONE_CHILD_SETTID))
    static_cast<void>(copy_out(child, request.child_tid, child.tid));
  child.clear_child_tid = request.has(CLONE_CHILD_CLEARTID) ? request.child_tid : 0;
  child.robust_list_head = 0;
  reset_signals_in_child(child);
  if (request.has(kCloneClearSighand)) reset_handlers(child);
  child.leave_block();  // esp
}

long host_clone_flags(const CloneRequest& request) {
  constexpr int kNoSignal =
      0xff;  // of no host: the parent gets none, but the kind of child is kept
  const auto flags = static_cast<long>(request.flags & ~kCloneDoneHere);
  if (request.exit_signal == 0) return flags;
  const int signal = signal_to_host(request.exit_signal);
  return flags | (signal != 0 ? signal : kNoSignal);
}

/// What the parent does for a new process.
CallResult finish_parent(Thread& t, const CloneRequest& request, long pid) {
  if (pid < 0) return guest_result(pid);
  if (request.has(CLONE_PARENT_SETTID))
    static_cast<void>(copy_out(t, request.parent_tid, static_cast<int32_t>(pid)));
  if (request.has(CLONE_PIDFD)) {
    const long pidfd = host_call(SYS_pidfd_open, pid, 0);
    if (pidfd >= 0) t.process->hidden.guest_got(static_cast<int>(pidfd));
    static_cast<void>(copy_out(t, request.pidfd, static_cast<int32_t>(pidfd)));
  }
  return static_cast<uint32_t>(pid);
}

namespace {

/// In the child of a fork: the other threads are gone, and what they had is given back.
void drop_other_threads(Thread& survivor) {
  GuestProcess& process = *survivor.process;
  for (Thread* const other : process.threads) {
    if (other == &survivor) continue;
    process.space->remove_kernel_writes(other->kernel_writes);
    process.executor->discard(*other);
    delete other;
  }
  process.keep_only(survivor);
}

/// fork for a process with threads: libc's, which makes its own locks usable in the child. It knows
/// no flags; a clone with others has the risk that another thread was inside libc.
long fork_threaded(Thread& t, const CloneRequest& request) {
  GuestProcess& process = *t.process;
  process.executor->hold_for_fork();
  process.hold_for_fork();
  const bool plain = (request.flags & ~kCloneDoneHere) == 0 && request.exit_signal == abi::kSIGCHLD;
  long pid = plain ? ::fork() : host_call(SYS_clone, host_clone_flags(request), 0);
  if (plain && pid < 0) pid = -errno;
  process.release_after_fork();
  process.executor->release_after_fork();
  if (pid == 0) {
    process.space->lock().disable();
    drop_other_threads(t);
  }
  return pid;
}

}  // namespace

CallResult fork_process(Thread& t, const CloneRequest& request) {
  const BlockedSignals blocked(t);
  if (blocked.interrupted()) return kErestartNoIntr;
  const long pid = t.process->threaded() ? fork_threaded(t, request)
                                         : host_call(SYS_clone, host_clone_flags(request), 0);
  if (pid != 0) return finish_parent(t, request, pid);
  t.process->space->after_fork_in_child();
  set_up_child(t, request);
  t.process->executor->keep_only(t);
  t.process->async.list.clear();
  // Only the vfork child itself keeps its parent waiting, not the children it forks.
  t.process->hidden.drop(t.process->vfork_release);
  return uint32_t{0};
}

ChildProcess::ChildProcess(const Thread& parent, const CloneRequest& what)
    : process(*parent.process), thread(process, parent.cpu), request(what) {
  thread.signals = parent.signals;
  thread.inherit_seccomp(parent);
  process.shares_memory = true;
  process.record = nullptr;
  process.ended = {};
  process.threads.clear();
}

namespace {

struct VforkChild : ChildProcess {
  VforkChild(const Thread& parent, const CloneRequest& what) : ChildProcess(parent, what) {
    process.is_vfork_child = true;
  }
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
  child.process.executor->run(child.thread);
  finish_thread(child.thread);
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

CallResult vfork_on_host(Thread& t, const CloneRequest& request) {
  const BlockedSignals blocked(t);
  if (blocked.interrupted()) return kErestartNoIntr;
  // From the heap: AddressSanitizer must not take for new what the frames of an earlier child,
  // which never returned from them, have left of its marks at the same place.
  const std::unique_ptr<std::byte[]> stack(new (std::nothrow) std::byte[kBirthStack]);
  if (stack == nullptr) return abi::kENOMEM;
  ReleasePipe release;
  if (!t.process->runner.empty()) release.open();
  const auto child = make_child_process<VforkChild>(t, request);
  child->release_write_end = release.write_end;
  child->release_read_end = release.read_end;
  const long pid = clone_on_stack(host_clone_flags(request) | CLONE_VM | CLONE_VFORK,
                                  stack.get() + kBirthStack, vfork_entry, child.get());
  release.wait_and_close();
  set_current_thread(&t);
  // Memory that the child has shared is the parent's too.
  t.cpu.guards |= child->thread.cpu.guards & i386::CpuState::kOrdered;
  // A child that was killed in the middle of a change of the shared memory leaves it unusable.
  CHECK(!t.process->space->lock().held_by_me());
  // The child has used what the engine keeps for this thread. And until here a message of another
  // process (messages.hpp) was noted for the child's thread.
  t.leave_block();
  t.process->hidden.restore_log();
  return finish_parent(t, request, pid);
}

/// Below an emulator that turns CLONE_VFORK into a fork, and with threads: libc's fork.
CallResult fork_and_wait(Thread& t, const CloneRequest& request) {
  ReleasePipe release;
  release.open();
  const CallResult result = fork_process(t, request);
  if (result.ok() && result.value() == 0) {
    t.process->vfork_release = t.process->hidden.hide(release.write_end);
    if (release.read_end >= 0) host_call(SYS_close, release.read_end);
  } else {
    release.wait_and_close();
  }
  return result;
}

}  // namespace

CallResult vfork_process(Thread& t, const CloneRequest& request) {
  const bool emulated = !t.process->runner.empty();
  return emulated && t.process->threaded() ? fork_and_wait(t, request) : vfork_on_host(t, request);
}

}  // namespace ferry::linux
