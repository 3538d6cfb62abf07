#include "linux/kernel/guest_process.hpp"

#include <algorithm>
#include <utility>

#include "linux/host/host_syscall.hpp"
#include "linux/kernel/threads.hpp"

namespace ferry::linux {

void ProcessPages::begin() {
  MemoryLock& lock = current_thread()->process->space->lock();
  if (lock.enabled()) lock.acquire();
}

void ProcessPages::end() {
  MemoryLock& lock = current_thread()->process->space->lock();
  if (lock.enabled()) lock.release();
}

void* ProcessPages::reach(uint32_t guest_address, bool write) {
  return current_thread()->process->reach(guest_address, write);
}

SignalCounts GuestProcess::signal_counts() const {
  const LockGuard guard(lock);
  SignalCounts sum = ended;
  for (const Thread* thread : threads) sum += thread->signals.counts;
  return sum;
}

bool GuestProcess::has_thread(int32_t tid) const {
  const LockGuard guard(lock);
  return std::any_of(threads.begin(), threads.end(),
                     [=](const Thread* thread) { return thread->tid == tid; }) ||
         std::find(last_ended.begin(), last_ended.end(), tid) != last_ended.end() ||
         tid == host_call(SYS_getpid);
}

size_t GuestProcess::thread_count() const {
  const auto first = static_cast<int32_t>(host_call(SYS_getpid));
  const LockGuard guard(lock);
  const bool first_lives = std::any_of(threads.begin(), threads.end(),
                                       [=](const Thread* thread) { return thread->tid == first; });
  return threads.size() + (first_lives ? 0 : 1);
}

void GuestProcess::add(Thread& thread) {
  space->add_kernel_writes(thread.kernel_writes);
  const LockGuard guard(lock);
  const ListChange change(threads_shown, threads);
  threads.push_back(&thread);
}

bool GuestProcess::remove(Thread& thread) {
  space->remove_kernel_writes(thread.kernel_writes);
  const LockGuard guard(lock);
  const ListChange change(threads_shown, threads);
  std::erase(threads, &thread);
  last_ended[ended_count++ % last_ended.size()] = thread.tid;
  ended += thread.signals.counts;
  return threads.empty();
}

void GuestProcess::keep_only(Thread& thread) {
  const LockGuard guard(lock);
  const ListChange change(threads_shown, threads);
  threads.assign(1, &thread);
}

void GuestProcess::publish(PublishedProcess& shown) {
  const LockGuard guard(lock);
  record = &shown;
  threads_shown.begin(shown.threads, threads);
}

bool GuestProcess::begin_end() {
  const LockGuard guard(lock);
  return !std::exchange(ending, true);
}

void GuestProcess::hold_for_fork() {
  lock.acquire();
  hidden.hold_for_fork();
  small.hold_for_fork();
  directory_positions.hold_for_fork();
  async.lock.acquire();
}

void GuestProcess::release_after_fork() {
  async.lock.release();
  directory_positions.release_after_fork();
  small.release_after_fork();
  hidden.release_after_fork();
  lock.release();
}

}  // namespace ferry::linux
