// What executes guest code: the emulator, as the Linux layer sees it.
#pragma once

namespace ferry::linux {

struct Thread;

class Executor {
 public:
  /// Gives `thread`, whose processor state is complete, what it needs to run. False where there is
  /// no room for one more. Any thread may call this, before `thread` runs.
  [[nodiscard]] virtual bool prepare(Thread& thread) = 0;
  /// Takes that back, once `thread` does not run.
  virtual void discard(Thread& thread) = 0;
  /// Takes back what `thread` had, which may have ended anywhere: its process has ended, or has
  /// executed another program, while others use the memory.
  virtual void abandon(Thread& thread) = 0;
  /// Runs `thread` on the calling host thread until it ends. A vfork child, whose processor state
  /// is a copy of its parent's, uses what the parent was given.
  virtual void run(Thread& thread) = 0;
  /// Bracket a fork by one of several threads: the child finds nothing half done. The memory lock
  /// is held in between.
  virtual void hold_for_fork() = 0;
  virtual void release_after_fork() = 0;
  /// In the child of a fork, which has but one thread, with a new number.
  virtual void keep_only(Thread& survivor) = 0;
  /// Returns once no other thread runs guest code; none will. For a process that is about to end.
  /// No lock may be held.
  virtual void stop_others() = 0;
  /// The process is about to end, by an exit or by a signal.
  virtual void process_ends() = 0;

 protected:
  ~Executor() = default;
};

}  // namespace ferry::linux
