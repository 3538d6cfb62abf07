// Directory positions that a guest's 32-bit off_t cannot hold.
#pragma once

#include <cstdint>
#include <vector>

#include "common/lock.hpp"

namespace ferry::linux {

/// A 64-bit host gives directory positions of 63 bits (ext4's hashes), with which i386 libcs fail
/// with EOVERFLOW. A large position becomes a cookie, an index into the positions given out last.
/// Threads may share an object.
class DirectoryPositions {
 public:
  /// What the guest gets for the host's position `host`.
  [[nodiscard]] int64_t to_guest(int64_t host) {
    if (host >= 0 && host < kCookieBase) return host;
    const LockGuard guard(lock_);
    const uint32_t index = next_++ % kCookieCount;
    if (index >= given_.size()) given_.resize(index + 1);
    given_[index] = host;
    return kCookieBase + index;
  }

  /// The host's position if `guest` is a cookie, else `guest`.
  [[nodiscard]] int64_t to_host(int64_t guest) const {
    if (guest < kCookieBase) return guest;
    const LockGuard guard(lock_);
    const auto index = static_cast<uint64_t>(guest - kCookieBase);
    return index < given_.size() ? given_[index] : guest;
  }

  void hold_for_fork() { lock_.acquire(); }
  void release_after_fork() { lock_.release(); }

 private:
  static constexpr uint32_t kCookieBase = 0x70000000, kCookieCount = 1u << 16;
  mutable Lock lock_;
  std::vector<int64_t> given_;
  uint32_t next_ = 0;
};

}  // namespace ferry::linux
