// The guest's descriptors that were opened without O_LARGEFILE.
//
// A 64-bit host opens every file with that flag. So the host neither knows which descriptors lack
// it, nor applies the limits of such descriptors (syscalls/small_files.hpp). In the kernel the flag
// belongs to the open file: here it follows the number through dup, fork and exec. It does not
// follow a descriptor through a socket (SCM_RIGHTS) or to a process that shares the table
// (CLONE_FILES without CLONE_VM).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/lock.hpp"
#include "common/relaxed.hpp"
#include "linux/kernel/published.hpp"

namespace ferry::linux {

/// What the kernel's limits of such descriptors mean for one.
enum class SmallKind : uint8_t {
  large,      ///< opened with O_LARGEFILE
  unlimited,  ///< without it, but of a file that has no such limit, as a terminal
  limited,    ///< without it, of a regular file or a block device
};

/// Threads may share an object.
class SmallDescriptors {
 public:
  [[nodiscard]] bool contains(int fd) const { return any_ && kind(fd) != SmallKind::large; }
  /// Whether writes through `fd` end at the limit.
  [[nodiscard]] bool limits(int fd) const { return any_limited_ && kind(fd) == SmallKind::limited; }
  void set(int fd, SmallKind kind);
  /// `to` is a duplicate of `from`.
  void copy(int from, int to) {
    if (any_) set(to, kind(from));
  }
  /// The descriptors of [first, last] are closed.
  void closed(uint32_t first, uint32_t last);
  /// The numbers that an exec leaves open, for the ferry it begins; empty if there are none.
  [[nodiscard]] std::string text_for_exec() const;
  void take_text(std::string_view text);

  /// From now on `list` shows the kinds.
  void publish(PublishedList& list) {
    const LockGuard guard(lock_);
    shown_.begin(list, kinds_);
  }

  void hold_for_fork() { lock_.acquire(); }
  void release_after_fork() { lock_.release(); }

 private:
  /// Out of line, as nearly all processes have no such descriptor.
  [[nodiscard, gnu::noinline, gnu::cold]] SmallKind kind(int fd) const;
  [[nodiscard]] SmallKind kind_locked(int fd) const {
    const size_t index = static_cast<uint32_t>(fd);
    return index < kinds_.size() ? kinds_[index] : SmallKind::large;
  }

  mutable Lock lock_;
  Relaxed<bool> any_ = false;          ///< whether any descriptor was ever one of these
  Relaxed<bool> any_limited_ = false;  ///< whether any was ever limited
  std::vector<SmallKind> kinds_;       ///< of each descriptor
  ShownBy shown_;
};

}  // namespace ferry::linux
