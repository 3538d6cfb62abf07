// Ferry's own descriptors in the guest's table of descriptors: its binary, the guest's program, the
// log.
//
// The rule: the guest sees none of them, closes none of them, and gets every number it would get
// without them.
//   - A call that names a hidden descriptor fails with EBADF: the types Fd and DirFd of a handler's
//     arguments say which arguments those are (syscalls/arguments.hpp); the few calls with
//     descriptors in memory (poll, select, SCM_RIGHTS) ask contains().
//   - A name of one in /proc is ENOENT (proc_entry.hpp), and no directory lists one
//     (syscalls/directory.cpp), in other ferry processes neither (published.hpp).
//   - A call that closes a range goes around them (next()).
//   - They lie so high that the lowest free number is never one of theirs. When the guest comes
//     near, they move farther up (guest_got()); when it asks for the number of one (dup2, F_DUPFD),
//     that one moves (with_room_for()).
//   - They may lie above the guest's RLIMIT_NOFILE, which only limits numbers newly given: the
//     host's soft limit is the guest's, its hard limit is never lowered, so that ferry can go above
//     the guest's for a moment (RaisedFileLimit).
// A table shared with another process (CLONE_FILES without CLONE_VM) is outside of this: each ferry
// only knows its own.
#pragma once

#include <sys/resource.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <vector>

#include "common/lock.hpp"
#include "common/relaxed.hpp"
#include "linux/host/host_syscall.hpp"
#include "linux/kernel/published.hpp"

namespace ferry::linux {

/// The kernel's struct rlimit64 of prlimit64.
struct HostLimit {
  uint64_t soft = UINT64_MAX;
  uint64_t hard = UINT64_MAX;
};
/// `resource`: RLIMIT_* of the host.
[[nodiscard]] HostLimit host_limit(int resource);

/// During its lifetime the process's soft limit of descriptors is the hard limit.
class RaisedFileLimit {
 public:
  RaisedFileLimit();
  RaisedFileLimit(const RaisedFileLimit&) = delete;
  RaisedFileLimit& operator=(const RaisedFileLimit&) = delete;
  ~RaisedFileLimit();

 private:
  HostLimit before_;
};

/// Makes a descriptor for ferry with `call`, which returns the descriptor or -errno, even if the
/// guest has used up its limit.
template <typename Call>
[[nodiscard]] long make_own_descriptor(Call call) {
  const long result = call();
  if (result != -EMFILE && result != -EINVAL) return result;
  const RaisedFileLimit raised;
  return call();
}

/// The names that are numbers in the open folder `directory`, one of /proc/PID.
[[nodiscard]] std::vector<int> numbers_in(int directory);
/// The same for the folder of that name. In this process's own /proc/PID/fd a descriptor is among
/// them that is closed by then.
[[nodiscard]] std::vector<int> numbers_below(const std::string& folder);

/// Size of the kernel's table of descriptors up to `highest` (fs/file.c, alloc_fdtable, on a 64-bit
/// kernel).
[[nodiscard]] uint32_t descriptor_table_size(int highest);

/// Threads may share an object.
class HiddenDescriptors {
 public:
  /// Identifies a descriptor for life, whatever its number becomes.
  using Handle = unsigned;
  static constexpr Handle kNone = ~0u;

  /// Takes over open descriptor `fd`: moves it up and makes it close-on-exec. A negative one gives
  /// kNone.
  Handle hide(int fd);
  /// Takes over `fd` from the ferry that executed this one, which had moved it out of the guest's
  /// way.
  Handle inherit(int fd);
  /// Takes over the log's descriptor, unless it is stderr.
  void hide_log();
  /// Tells the log the number of its descriptor again: a vfork child, which shares memory, may have
  /// told it the number in the child.
  void restore_log() const;
  /// Closes the descriptor. Does nothing for kNone.
  void drop(Handle handle);
  /// The descriptor's number; -1 for kNone, and for a descriptor that had to make room and found no
  /// other number.
  [[nodiscard]] int operator[](Handle handle) const {
    const LockGuard guard(lock_);
    return number(handle);
  }

  [[nodiscard]] bool contains(int fd) const {
    if (fd < lowest_ || fd > highest_) return false;
    const LockGuard guard(lock_);
    return find(fd) != kNone;
  }
  /// The lowest hidden number from `from` up; UINT32_MAX if there is none (no descriptor is that
  /// high).
  [[nodiscard]] uint32_t next(uint32_t from) const;
  /// Moves a hidden descriptor away from number `fd`, and returns what `call` returns, which gives
  /// the number to the guest: none moves there in between.
  template <typename Call>
  long with_room_for(int fd, Call call) {
    const LockGuard guard(lock_);
    make_room_for(fd);
    return call();
  }
  /// Moves a hidden descriptor away from number `fd`.
  void leave_number(int fd) {
    with_room_for(fd, [] { return 0; });
  }
  /// The guest got `fd` as the lowest free number, or chose it.
  void guest_got(int fd) {
    if (fd >= home_ - kMargin && fd < home_) move_up();
  }
  /// From now on `list` shows the numbers, each at the index that its handle is.
  void publish(PublishedList& list) {
    const LockGuard guard(lock_);
    shown_.begin(list, numbers_);
  }
  /// The numbers in use.
  [[nodiscard]] std::vector<int> numbers() const;
  void hold_for_fork() { lock_.acquire(); }
  void release_after_fork() { lock_.release(); }
  /// Size of the kernel's table if it held the guest's descriptors alone: select(2) ignores numbers
  /// from there on (fs/select.c, core_sys_select). Slow.
  [[nodiscard]] uint32_t guest_table_size() const;

 private:
  static constexpr int kFirstHome = 960;
  /// One call gives the guest 253 numbers at most (SCM_MAX_FD).
  static constexpr int kMargin = 256;

  // All but `move_up` need the lock.
  [[nodiscard]] int number(Handle handle) const {
    return handle < numbers_.size() ? numbers_[handle] : -1;
  }
  [[nodiscard]] Handle find(int fd) const;
  Handle add(int fd);
  bool move(Handle handle);
  void make_room_for(int fd);
  void set_number(Handle handle, int fd);
  void show_log() const;
  void move_up();

  mutable Lock lock_;
  std::vector<int> numbers_;  ///< by handle
  ShownBy shown_;
  Relaxed<int> lowest_ = INT32_MAX, highest_ = -1;
  Relaxed<int> home_ = kFirstHome;  ///< where the hidden numbers begin
  Handle log_ = kNone;
};

}  // namespace ferry::linux
