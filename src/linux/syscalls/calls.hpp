// What all groups of handlers share: blocking calls and buffers.
#pragma once

#include <sys/uio.h>

#include <cerrno>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "linux/host/host_syscall.hpp"
#include "linux/kernel/errno_map.hpp"
#include "linux/kernel/kernel_write.hpp"
#include "linux/kernel/signals.hpp"
#include "linux/syscalls/arguments.hpp"

namespace ferry::linux {

template <typename... Words>
[[nodiscard]] long repeat_call(Thread& thread, long number, Words... words);

/// safe_call, made again if it ended for something that interrupts no call of the guest's.
template <typename... Words>
[[nodiscard]] long interruptible_call(Thread& thread, long number, Words... words) {
  thread.signals.blocked_came = false;
  const long result = safe_call(thread.signal_pending, number, words...);
  return result == -EINTR && ended_for_nothing(thread) ? repeat_call(thread, number, words...)
                                                       : result;
}
/// interruptible_call out of line.
template <typename... Words>
[[nodiscard, gnu::noinline, gnu::cold]] long repeat_call(Thread& thread, long number,
                                                         Words... words) {
  return interruptible_call(thread, number, words...);
}

/// A call that the kernel restarts with SA_RESTART (ERESTARTSYS): read, wait4, flock, ...
template <typename... Words>
[[nodiscard]] CallResult blocking_call(Thread& thread, long number, Words... words) {
  const long result = interruptible_call(thread, number, words...);
  if (result >= 0) [[likely]]
    return static_cast<uint32_t>(result);
  if (result == kSafeCallNotBegun) return kErestartNoIntr;
  return result == kSafeCallInterrupted ? kErestartSys : guest_result(result);
}

/// A call that a handler always ends with EINTR (ERESTARTNOHAND): poll, nanosleep, pause, ... So a
/// call that was left through the restart exit had not begun, and begins again.
template <typename... Words>
[[nodiscard]] CallResult sleeping_call(Thread& thread, long number, Words... words) {
  const long result = interruptible_call(thread, number, words...);
  const bool not_begun = result == kSafeCallNotBegun || result == kSafeCallInterrupted;
  return not_begun ? kErestartNoIntr : guest_result(result);
}

/// Guest memory as the host's kernel is given it for one call. Mostly that is the guest's own
/// address; where part of the memory lies elsewhere (split_pages.hpp), the bytes are copied, and
/// what the kernel wrote is copied back when the object is destroyed.
class GuestBuffer {
 public:
  enum class Use : uint8_t { kernel_reads, kernel_writes };

  /// A quick look: whether the kernel can be given the guest's own address, and nothing is to be
  /// done before the call or after it. No: something may have to be.
  [[nodiscard]] static bool simple(const Thread& thread, uint32_t guest, uint32_t length, Use use) {
    const AddressSpace& space = *thread.process->space;
    return (use == Use::kernel_reads || !thread.process->threaded()) &&
           space.plain(guest, length) && space.prot_at(guest) >= 0;
  }

  /// A length that leaves guest space is cut: the kernel would stop there.
  GuestBuffer(Thread& thread, uint32_t guest, uint32_t length, Use use);
  ~GuestBuffer() {
    if (room_ != nullptr) end_copy();
  }
  GuestBuffer(GuestBuffer&& other) noexcept
      : pointer_(other.pointer_),
        guest_(other.guest_),
        length_(other.length_),
        reachable_(other.reachable_),
        use_(other.use_),
        write_(std::move(other.write_)),
        room_(std::exchange(other.room_, nullptr)),
        room_bytes_(other.room_bytes_) {}
  GuestBuffer(const GuestBuffer&) = delete;
  GuestBuffer& operator=(const GuestBuffer&) = delete;

  [[nodiscard]] void* pointer() const { return pointer_; }
  [[nodiscard]] uint32_t length() const { return length_; }
  [[nodiscard]] bool copied() const { return room_ != nullptr; }

 private:
  void look_closer(Thread& thread);
  void make_copy(Thread& thread);
  void end_copy();

  void* pointer_;
  uint32_t guest_;
  uint32_t length_;
  uint32_t reachable_ = 0;  ///< of a copy: the bytes it has; an access past them faults
  Use use_;
  KernelWrite write_;
  uint8_t* room_ = nullptr;
  size_t room_bytes_ = 0;
};

/// A buffer that the kernel reads.
[[nodiscard]] inline GuestBuffer readable(Thread& thread, uint32_t guest, uint32_t length) {
  return {thread, guest, length, GuestBuffer::Use::kernel_reads};
}
/// A buffer that the kernel writes; watches are dropped.
[[nodiscard]] inline GuestBuffer writable(Thread& thread, uint32_t guest, uint32_t length) {
  return {thread, guest, length, GuestBuffer::Use::kernel_writes};
}

/// The host's address of a word that the kernel and other processes may change at any time (a
/// futex).
[[nodiscard]] void* shared_word(Thread& thread, uint32_t guest);

/// An address that no process has. A host call gets it in place of what the guest does not have
/// where the guest says: what else the host finds wrong comes first, in the kernel's order.
[[nodiscard]] inline char* nowhere() {
  constexpr uint32_t kTop = 0xfffff000;  // sign-extended
  return static_cast<char*>(guest::host_pointer(kTop));
}
/// `result` of such a call; its EFAULT stands for `error`.
[[nodiscard]] inline CallResult in_order(CallResult result, Errno error) {
  return result.error() == abi::kEFAULT ? CallResult(error) : result;
}

/// Element `index` of a guest's iovec array, unchanged. EFAULT, or EINVAL for a length that is
/// negative as a number of 32 bits (lib/iov_iter.c, copy_compat_iovec_from_user).
[[nodiscard]] Errno copy_in_vector(uint32_t guest, uint32_t index, abi::IoVec& vector);

/// A guest's iovec array as the host's. The object must live until the call is done.
struct HostVectors {
  static constexpr uint32_t kMax = 1024;  // UIO_MAXIOV
  struct iovec entries[kMax];
  Errno error;
  uint32_t count = 0;

  /// `kernel_writes`: readv and its like.
  void load(Thread& thread, uint32_t guest, uint32_t guest_count, bool kernel_writes);
  /// Bytes of all entries together.
  [[nodiscard]] uint64_t length() const;
  /// Shortens the entries to `length` bytes together.
  void cut(uint64_t length);
  [[nodiscard]] std::span<const struct iovec> span() const { return {entries, count}; }

 private:
  std::vector<GuestBuffer> copies_;
};

}  // namespace ferry::linux
