// Ferry's own descriptors in the guest's table of descriptors: its binary, the guest's program, the
// log.
//
// The rule: the guest sees none of them, closes none of them, and gets every number it would get
// without them.
//   - A call that names a hidden descriptor fails with EBADF: the types Fd and DirFd of a handler's
//     arguments say which those are (syscalls/arguments.hpp); the few that stand in memory (poll,
//     select, SCM_RIGHTS) ask contains().
//   - A name of one in /proc is ENOENT (proc_entry.hpp), and no directory lists one
//     (syscalls/directory.cpp).
//   - A call that closes a range goes around them (next()).
//   - They lie so high that the lowest free number is never one of theirs. When the guest comes
//     near, they move farther up (guest_got()); when it asks for the number of one (dup2, F_DUPFD),
//     that one moves (make_room_for()).
//   - They may lie above the guest's RLIMIT_NOFILE, which only limits numbers newly given: the
//     host's soft limit is the guest's, its hard limit is never lowered, so that ferry can go above
//     the guest's for a moment (RaisedFileLimit).
// A table shared with another process (CLONE_FILES without CLONE_VM) is outside of this: each ferry
// only knows its own.
#pragma once

#include <sys/resource.h>

#include <cerrno>
#include <cstdint>
#include <vector>

#include "linux/host/host_syscall.hpp"

namespace ferry::linux {

/// The kernel's struct rlimit64 of prlimit64.
struct HostLimit {
  uint64_t soft = UINT64_MAX;
  uint64_t hard = UINT64_MAX;
};
/// `resource`: RLIMIT_* of the host.
[[nodiscard]] HostLimit host_limit(int resource);

/// While it lives, the process's limit of descriptors is the hard one.
class RaisedFileLimit {
 public:
  RaisedFileLimit();
  RaisedFileLimit(const RaisedFileLimit&) = delete;
  RaisedFileLimit& operator=(const RaisedFileLimit&) = delete;
  ~RaisedFileLimit();

 private:
  HostLimit before_;
};

/// Makes a descriptor for ferry with `call`, which returns it or -errno, although the guest may
/// have used up its own.
template <typename Call>
[[nodiscard]] long make_own_descriptor(Call call) {
  const long result = call();
  if (result != -EMFILE && result != -EINVAL) return result;
  const RaisedFileLimit raised;
  return call();
}

/// The names that are numbers in the open folder `directory`, which is /proc/PID/fd.
[[nodiscard]] std::vector<int> numbers_in(int directory);

class HiddenDescriptors {
 public:
  /// Names a descriptor for life, whatever its number becomes.
  using Handle = unsigned;
  static constexpr Handle kNone = ~0u;

  /// Takes over open descriptor `fd`: moves it up and makes it close-on-exec. A negative one gives
  /// kNone.
  Handle hide(int fd);
  /// Takes over `fd` from the ferry that executed this one, which had found the place where they do
  /// not meet the guest's.
  Handle inherit(int fd);
  /// Takes over the log's descriptor, unless it is stderr.
  void hide_log();
  /// Tells the log its number again, after a vfork child that shares memory may have moved its own.
  void restore_log() const;
  /// Closes it. Nothing for kNone.
  void drop(Handle handle);
  /// Its number; -1 for kNone, and for one that had to make room and found none.
  [[nodiscard]] int operator[](Handle handle) const {
    return handle < numbers_.size() ? numbers_[handle] : -1;
  }

  [[nodiscard]] bool contains(int fd) const {
    return fd >= lowest_ && fd <= highest_ && find(fd) != kNone;
  }
  /// The lowest hidden number from `from` up; UINT32_MAX if there is none (no descriptor is that
  /// high).
  [[nodiscard]] uint32_t next(uint32_t from) const;
  /// The guest is to have number `fd`: moves a hidden descriptor away from it.
  void make_room_for(int fd);
  /// The guest got `fd` as the lowest free number, or chose it.
  void guest_got(int fd) {
    if (fd >= home_ - kMargin && fd < home_) move_up();
  }
  /// Size of the kernel's table if it held the guest's descriptors alone: select(2) takes no notice
  /// of numbers from there on (fs/select.c, core_sys_select; fs/file.c, alloc_fdtable, on a 64-bit
  /// kernel). Slow.
  [[nodiscard]] uint32_t guest_table_size() const;

 private:
  static constexpr int kFirstHome = 960;
  /// One call gives the guest 253 numbers at most (SCM_MAX_FD).
  static constexpr int kMargin = 256;

  [[nodiscard]] Handle find(int fd) const;
  bool move(Handle handle);
  void move_up();
  void set_number(Handle handle, int fd);

  std::vector<int> numbers_;  ///< by handle
  int lowest_ = INT32_MAX, highest_ = -1;
  int home_ = kFirstHome;  ///< where they begin
  Handle log_ = kNone;
};

}  // namespace ferry::linux
