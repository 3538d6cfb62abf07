// What the files about the birth of threads and processes share (clone*.cpp).
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>

#include "linux/kernel/guest_process.hpp"
#include "linux/kernel/signals.hpp"
#include "linux/kernel/threads.hpp"
#include "linux/syscalls/clone_request.hpp"

namespace ferry::linux {

/// For what a new thread or process does in C++, in bytes.
inline constexpr size_t kBirthStack = 256 << 10;

/// Starts a detached host thread that calls `entry(argument)`; 0 or the host's errno. A thread made
/// by clone(2) alone would share the creator's libc state: its heap was damaged in experiments.
[[nodiscard]] int start_host_thread(void* (*entry)(void*), void* argument);

/// Before the process's second thread is made.
void expect_threads(Thread& thread);

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

/// A child process that shares its parent's memory: what the kernel keeps per process is its own.
/// The copy is made with the locks of the parent's process held.
struct ChildProcess {
  ChildProcess(const Thread& parent, const CloneRequest& what);
  ~ChildProcess() { process.remove(thread); }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  GuestProcess process;
  Thread thread;
  CloneRequest request;
};

/// A `Child` of `parent`, known to the address space.
template <std::derived_from<ChildProcess> Child>
[[nodiscard]] std::unique_ptr<Child> make_child_process(const Thread& parent,
                                                        const CloneRequest& request) {
  GuestProcess& process = *parent.process;
  process.hold_for_fork();
  auto child = std::make_unique<Child>(parent, request);
  process.release_after_fork();
  child->process.add(child->thread);  // takes the memory lock, so the others must be free
  return child;
}

/// The state of the child of `request`, a copy of its parent's at first. In the child.
void set_up_child(Thread& child, const CloneRequest& request);
/// The flags of clone(2) that the host gets for `request`, without what makes memory shared.
[[nodiscard]] long host_clone_flags(const CloneRequest& request);
/// What the parent does for a new process; `pid`: the host's result. Returns clone's.
[[nodiscard]] CallResult finish_parent(Thread& thread, const CloneRequest& request, long pid);

/// Makes a thread.
[[nodiscard]] CallResult create_thread(Thread& thread, const CloneRequest& request);
/// Makes a process with a copy of the memory.
[[nodiscard]] CallResult fork_process(Thread& thread, const CloneRequest& request);
/// Makes a process that shares the memory while its parent waits.
[[nodiscard]] CallResult vfork_process(Thread& thread, const CloneRequest& request);
/// Makes a process that shares the memory and runs beside its parent.
[[nodiscard]] CallResult start_beside(Thread& thread, const CloneRequest& request);

}  // namespace ferry::linux
