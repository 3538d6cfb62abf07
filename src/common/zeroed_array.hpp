// An array of zeroes that is mapped: what is not used of it takes neither memory nor time, in a
// process that starts or in the child of a fork.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <type_traits>

#include "common/diagnostics.hpp"

namespace ferry {

/// For trivial types whose value is zeroes at first. Stops ferry if memory is exhausted.
template <typename T>
class ZeroedArray {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  explicit ZeroedArray(size_t count) : count_(count) {
    void* const memory = mmap(nullptr, count * sizeof(T), PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) die(126, "cannot map %zu bytes: out of memory", count * sizeof(T));
    items_ = static_cast<T*>(memory);
  }
  ~ZeroedArray() { munmap(items_, count_ * sizeof(T)); }
  ZeroedArray(const ZeroedArray&) = delete;
  ZeroedArray& operator=(const ZeroedArray&) = delete;

  [[nodiscard]] size_t size() const { return count_; }
  [[nodiscard]] T& operator[](size_t index) { return items_[index]; }
  [[nodiscard]] const T& operator[](size_t index) const { return items_[index]; }
  [[nodiscard]] T* begin() { return items_; }
  [[nodiscard]] T* end() { return items_ + count_; }

 private:
  const size_t count_;
  T* items_;
};

}  // namespace ferry
