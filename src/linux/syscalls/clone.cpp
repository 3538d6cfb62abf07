// Birth of threads, and the end of threads and processes.
#include <malloc.h>
#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <memory>
#include <optional>

#include "guest/i386/code_source.hpp"
#include "linux/kernel/executor.hpp"
#include "linux/kernel/fault_signals.hpp"
#include "linux/kernel/thread_exit.hpp"
#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/clone_child.hpp"
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

}  // namespace

int start_host_thread(void* (*entry)(void*), void* argument) {
  pthread_attr_t attributes;
  pthread_t id;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, kBirthStack);
  const int error = pthread_create(&id, &attributes, entry, argument);
  pthread_attr_destroy(&attributes);
  return error;
}

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
  const int error = start_host_thread(thread_entry, &birth);
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

CallResult start_clone(Thread& t, const CloneRequest& request) {
  if (const Errno refused = check_clone(request); refused != kOk) return refused;
  if (request.has(CLONE_SETTLS)) {
    if (const Errno refused = check_tls_entry(request.tls); refused != kOk) return refused;
  }
  if (request.has(CLONE_THREAD)) return create_thread(t, request);
  if (!request.has(CLONE_VM)) return fork_process(t, request);
  return request.has(CLONE_VFORK) ? vfork_process(t, request) : start_beside(t, request);
}

}  // namespace ferry::linux
