// What clone, clone3, fork and vfork ask for.
#pragma once

#include <sched.h>

#include <cstdint>

#include "linux/kernel/call_result.hpp"

namespace ferry::linux {

struct Thread;

/// clone3's own flags (include/uapi/linux/sched.h).
inline constexpr uint64_t kCloneClearSighand = 0x1'0000'0000, kCloneIntoCgroup = 0x2'0000'0000;

/// struct kernel_clone_args of the kernel, in the guest's terms.
struct CloneRequest {
  uint64_t flags = 0;   ///< CLONE_*, the same on every host
  int exit_signal = 0;  ///< a guest number, or 0
  uint32_t stack = 0;   ///< the first esp; 0: the caller's
  uint32_t parent_tid = 0;
  uint32_t child_tid = 0;
  uint32_t tls = 0;
  uint32_t pidfd = 0;

  [[nodiscard]] bool has(uint64_t flag) const { return (flags & flag) != 0; }
  /// For a thread: what of all that the host's threads share it is to have for itself. unshare(2)
  /// takes the same flags.
  [[nodiscard]] uint64_t unshared() const;
};

/// Flags that ferry deals with, so that the host need not know of them.
inline constexpr uint64_t kCloneDoneHere =
    CLONE_VM | CLONE_VFORK | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID |
    CLONE_CHILD_CLEARTID | CLONE_PIDFD | CLONE_DETACHED | kCloneClearSighand;

/// The errors of copy_process (kernel/fork.c) for combinations of flags, and EINVAL for what ferry
/// does not have.
[[nodiscard]] Errno check_clone(const CloneRequest& request);

/// Makes the process or thread. The result is that of clone(2), in the parent.
[[nodiscard]] CallResult start_clone(Thread& thread, const CloneRequest& request);

}  // namespace ferry::linux
