// Ferry's own descriptors in the guest's table of descriptors: its binary, the guest's program, the
// log.
//
// The rule: the guest sees none of them, closes none of them, and gets every number it would get
// without them.
//   - A call that names a hidden descriptor fails with EBADF: the types Fd and DirFd of a handler's
//     arguments say which arguments those are (syscalls/arguments.hpp); the few calls with
//     descriptors in memory (poll, select, SCM_RIGHTS) ask contains().
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

/// The names that are numbers in the open folder `directory`, which is /proc/PID/fd.
[[nodiscard]] std::vector<int> numbers_in(int directory);

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
    return handle < numbers_.size() ? numbers_[handle] : -1;
  }

  [[nodiscard]] bool contains(int fd) const {
    return fd >= lowest_ && fd <= highest_ && find(fd) != kNone;
  }
  /// The lowest hidden number from `from` up; UINT32_MAX if there is none (no descriptor is that
  /// high).
  [[nodiscard]] uint32_t next(uint32_t from) const;
  /// Before the guest gets number `fd`: moves a hidden descriptor away from it.
  void make_room_for(int fd);
  /// The guest got `fd` as the lowest free number, or chose it.
  void guest_got(int fd) {
    if (fd >= home_ - kMargin && fd < home_) move_up();
  }
  /// Size of the kernel's table if it held the guest's descriptors alone: select(2) ignores numbers
  /// from there on (fs/select.c, core_sys_select; fs/file.c, alloc_fdtable, on a 64-bit kernel).
  /// Slow.
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
  int home_ = kFirstHome;  ///< where the hidden numbers begin
  Handle log_ = kNone;
};

}  // namespace ferry::linux
