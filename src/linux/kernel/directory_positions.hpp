// Directory positions that a guest's 32-bit off_t cannot hold.
#pragma once

#include <cstdint>
#include <vector>

namespace ferry::linux {

/// A 64-bit host gives directory positions of 63 bits (ext4's hashes), with which i386 libcs fail
/// with EOVERFLOW. A large position becomes a cookie, an index into the positions given out last.
/// Two threads must not use one object at once.
class DirectoryPositions {
 public:
  /// What the guest gets for the host's position `host`.
  [[nodiscard]] int64_t to_guest(int64_t host) {
    if (host >= 0 && host < kCookieBase) return host;
    const uint32_t index = next_++ % kCookieCount;
    if (index >= given_.size()) given_.resize(index + 1);
    given_[index] = host;
    return kCookieBase + index;
  }

  [[nodiscard]] bool is_cookie(int64_t guest) const {
    return guest >= kCookieBase && guest < kCookieBase + static_cast<int64_t>(given_.size());
  }
  /// Precondition: is_cookie(guest).
  [[nodiscard]] int64_t to_host(int64_t guest) const {
    return given_[static_cast<size_t>(guest - kCookieBase)];
  }

 private:
  static constexpr uint32_t kCookieBase = 0x70000000, kCookieCount = 1u << 16;
  std::vector<int64_t> given_;
  uint32_t next_ = 0;
};

}  // namespace ferry::linux
