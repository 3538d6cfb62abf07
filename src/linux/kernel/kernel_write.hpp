// Guest memory that a system call gives to the host's kernel for writing.
#pragma once

#include <cstdint>
#include <utility>

#include "linux/kernel/kernel_writes.hpp"

namespace ferry::linux {

struct Thread;

/// While an object lives, the kernel may write [begin, begin + length) for `thread`: watches there
/// are ended, and none begins.
class KernelWrite {
 public:
  KernelWrite() = default;
  KernelWrite(Thread& thread, uint32_t begin, uint32_t length) { expect(thread, begin, length); }
  /// For an object that expects nothing yet.
  void expect(Thread& thread, uint32_t begin, uint32_t length);
  KernelWrite(KernelWrite&& other) noexcept
      : writes_(std::exchange(other.writes_, nullptr)), place_(other.place_) {}
  KernelWrite(const KernelWrite&) = delete;
  KernelWrite& operator=(const KernelWrite&) = delete;
  ~KernelWrite() {
    if (writes_ != nullptr) writes_->remove(place_);
  }

 private:
  void announce(Thread& thread, uint32_t begin, uint32_t length);

  KernelWrites* writes_ = nullptr;  ///< null: there is one thread, or nothing is written
  unsigned place_ = 0;
};

}  // namespace ferry::linux
