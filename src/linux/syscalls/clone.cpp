// Birth of processes and threads, and their end.
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>

#include "common/diagnostics.hpp"
#include "guest/i386/code_source.hpp"
#include "linux/kernel/executor.hpp"
#include "linux/kernel/fault_signals.hpp"
#include "linux/kernel/signal_map.hpp"
#include "linux/kernel/signals.hpp"
#include "linux/kernel/thread_exit.hpp"
#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/clone_request.hpp"
#include "linux/syscalls/convert.hpp"
#include "linux/syscalls/handlers.hpp"
#include "linux/syscalls/tls.hpp"

namespace ferry::linux {

CallResult sys_exit(Thread& t, int32_t status) {
  // A signal that this thread took from the kernel's queue may be for the whole process, and would
  // be lost with the thread.
  if (t.process->threaded()) {
    block_host_signals();
    if (t.signal_pending != 0) return kErestartNoIntr;
  }
  t.exit_status = static_cast<int>(status & 0xff);
  return kExitThread;
}
CallResult sys_exit_group(Thread& t, int32_t status) {
  t.exit_status = static_cast<int>(status & 0xff);
  return kExitProcess;
}

// --- threads -------------------------------------------------------------------------------------

namespace {

constexpr size_t kStackSize = 256 << 10;

/// What the creator hands to the new thread. It lies on the creator's stack, which waits for `tid`.
struct Birth {
  Thread& thread;
  const CloneRequest& request;
  std::atomic<int32_t> tid{0};  ///< set once the new thread needs nothing of this any more
  long refused = 0;             ///< the host's -errno, set before `tid`: there will be no thread

  void done(int32_t number) {
    tid.store(number, std::memory_order_release);
    tid.notify_one();  // uses the address alone
  }
};

/// The new thread's part, while its creator waits and all host signals are blocked.
void set_up_thread(Thread& thread, const CloneRequest& request) {
  thread.tid = static_cast<int32_t>(host_call(SYS_gettid));
  // kernel/fork.c: whether these writes succeed is not asked.
  if (request.has(CLONE_PARENT_SETTID))
    static_cast<void>(copy_out(thread, request.parent_tid, thread.tid));
  if (request.has(CLONE_CHILD_SETTID))
    static_cast<void>(copy_out(thread, request.child_tid, thread.tid));
  if (request.has(CLONE_CHILD_CLEARTID)) thread.clear_child_tid = request.child_tid;
}

void* thread_entry(void* argument) {
  auto& birth = *static_cast<Birth*>(argument);
  Thread& thread = birth.thread;
  set_current_thread(&thread);
  block_host_signals();
  if (const uint64_t own = birth.request.unshared(); own != 0) {
    if (birth.refused = host_call(SYS_unshare, own); birth.refused < 0) {
      set_current_thread(nullptr);
      birth.done(-1);
      return nullptr;
    }
  }
  set_up_thread(thread, birth.request);
  birth.done(thread.tid);
  note_held(thread);
  restore_host_mask(thread);
  thread.process->executor->run(thread);
  finish_thread(thread);
  delete &thread;
  return nullptr;
}

/// Starts the host thread of `birth`; 0 or the host's errno. A thread made by clone(2) alone would
/// share the creator's libc state: its heap was damaged in experiments.
int start_host_thread(Birth& birth) {
  pthread_attr_t attributes;
  pthread_t id;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, kStackSize);
  const int error = pthread_create(&id, &attributes, thread_entry, &birth);
  pthread_attr_destroy(&attributes);
  return error;
}

/// Before the process's second thread is made.
void expect_threads(Thread& t) {
  GuestProcess& process = *t.process;
  if (process.threaded()) return;
  process.space->order_memory(t.cpu);
  process.space->lock().enable();
  i386::forget_code_ranges();
  // An arena for each thread would cost mappings that are made and unmade with the thread, and
  // ferry's heap is used by slow paths alone.
  mallopt(M_ARENA_MAX, 1);
}

/// libc's first pthread_create takes a signal for setuid(3) of all threads. It is the guest's,
/// whose libc has mostly set a handler for the same purpose by then. An object restores what it
/// found.
class LibcSignal {
 public:
  explicit LibcSignal(Thread& thread) : thread_(thread) {
    static_cast<void>(change_action(thread, kSetId, nullptr, &action_));
  }
  LibcSignal(const LibcSignal&) = delete;
  LibcSignal& operator=(const LibcSignal&) = delete;
  ~LibcSignal() { static_cast<void>(change_action(thread_, kSetId, &action_, nullptr)); }

 private:
  static constexpr int kSetId = 33;  // SIGSETXID of glibc, the same number on every host
  Thread& thread_;
  SignalAction action_;
};

CallResult create_thread(Thread& t, const CloneRequest& request) {
  GuestProcess& process = *t.process;
  const BlockedSignals blocked(t);
  if (blocked.interrupted()) return kErestartNoIntr;
  std::optional<LibcSignal> libc_signal;
  if (!process.threaded()) libc_signal.emplace(t);
  expect_threads(t);
  auto child = std::make_unique<Thread>(process, t.cpu);
  child->cpu.gpr[i386::EAX] = 0;
  if (request.stack != 0) child->cpu.gpr[i386::ESP] = request.stack;
  child->signals.mask = t.signals.mask;
  child->inherit_seccomp(t);
  if (request.has(CLONE_SETTLS)) {
    if (const Errno refused = set_tls_entry(*child, request.tls); refused != kOk) return refused;
  }
  if (!process.executor->prepare(*child)) return abi::kEAGAIN;
  process.add(*child);
  Birth birth{*child, request};
  // Faults while the thread has no guest yet would be ferry's own.
  block_every_host_signal();
  const int error = start_host_thread(birth);
  libc_signal.reset();
  // A thread that begins destroys its object, perhaps before this one looks again.
  Thread& made = *child.release();
  if (error == 0) {
    birth.tid.wait(0, std::memory_order_acquire);
    if (birth.refused == 0) return static_cast<uint32_t>(birth.tid.load(std::memory_order_relaxed));
  }
  child.reset(&made);
  process.remove(made);
  process.executor->discard(made);
  return error != 0 ? abi::kEAGAIN : errno_from_host(birth.refused);
}

}  // namespace

// --- fork, vfork ---------------------------------------------------------------------------------

namespace {

void set_up_child(Thread& child, const CloneRequest& request) {
  child.tid = static_cast<int32_t>(host_call(SYS_gettid));
  if (child.process->record != nullptr) child.process->record->pid = child.tid;
  child.cpu.gpr[i386::EAX] = 0;
  if (request.stack != 0) child.cpu.gpr[i386::ESP] = request.stack;
  if (request.has(CLONE_SETTLS)) static_cast<void>(set_tls_entry(child, request.tls));
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

/// fork: a copy of the address space.
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
  if (request.has(CLONE_CHILD_SETTID)) static_cast<void>(copy_out(t, request.child_tid, t.tid));
  // Only the vfork child itself keeps its parent waiting, not the children it forks.
  t.process->hidden.drop(t.process->vfork_release);
  return uint32_t{0};
}

/// What a vfork child of ours needs: it shares memory, but what the kernel keeps per process is its
/// own.
struct VforkChild {
  VforkChild(const Thread& parent, const CloneRequest& what)
      : process(*parent.process), thread(process, parent.cpu), request(what) {
    thread.signals = parent.signals;
    thread.inherit_seccomp(parent);
    process.is_vfork_child = true;
    process.record = nullptr;
    process.ended = {};
    process.threads.clear();
  }
  ~VforkChild() { process.remove(thread); }
  VforkChild(const VforkChild&) = delete;
  VforkChild& operator=(const VforkChild&) = delete;
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

std::unique_ptr<VforkChild> make_vfork_child(const Thread& t, const CloneRequest& request) {
  GuestProcess& process = *t.process;
  process.hold_for_fork();
  auto child = std::make_unique<VforkChild>(t, request);
  process.release_after_fork();
  child->process.add(child->thread);  // takes the memory lock, so the others must be free
  return child;
}

CallResult vfork_process(Thread& t, const CloneRequest& request) {
  const BlockedSignals blocked(t);
  if (blocked.interrupted()) return kErestartNoIntr;
  // From the heap: AddressSanitizer must not take for new what the frames of an earlier child,
  // which never returned from them, have left of its marks at the same place.
  const std::unique_ptr<std::byte[]> stack(new (std::nothrow) std::byte[kStackSize]);
  if (stack == nullptr) return abi::kENOMEM;
  ReleasePipe release;
  if (!t.process->runner.empty()) release.open();
  const std::unique_ptr<VforkChild> child = make_vfork_child(t, request);
  child->release_write_end = release.write_end;
  child->release_read_end = release.read_end;
  const long pid = clone_on_stack(host_clone_flags(request) | CLONE_VM | CLONE_VFORK,
                                  stack.get() + kStackSize, vfork_entry, child.get());
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

CallResult start_clone(Thread& t, const CloneRequest& request) {
  if (const Errno refused = check_clone(request); refused != kOk) return refused;
  if (request.has(CLONE_SETTLS)) {
    if (const Errno refused = check_tls_entry(request.tls); refused != kOk) return refused;
  }
  if (request.has(CLONE_THREAD)) return create_thread(t, request);
  if (request.has(CLONE_VM)) {
    const bool emulated = !t.process->runner.empty();
    return emulated && t.process->threaded() ? fork_and_wait(t, request)
                                             : vfork_process(t, request);
  }
  return fork_process(t, request);
}

}  // namespace ferry::linux
