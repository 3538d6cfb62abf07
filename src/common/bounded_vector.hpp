// A vector with room for N items inside it: no allocation, and no code for growing in its callers.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "common/diagnostics.hpp"

namespace ferry {

/// For small trivial types. More than N items stop at a CHECK.
template <typename T, size_t N>
class BoundedVector {
 public:
  void push_back(const T& item) {
    CHECK(size_ < N);
    items_[size_++] = item;
  }
  void clear() { size_ = 0; }
  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] T& operator[](size_t index) { return items_[index]; }
  [[nodiscard]] const T& operator[](size_t index) const { return items_[index]; }
  [[nodiscard]] T* begin() { return items_.data(); }
  [[nodiscard]] T* end() { return items_.data() + size_; }
  [[nodiscard]] const T* begin() const { return items_.data(); }
  [[nodiscard]] const T* end() const { return items_.data() + size_; }
  [[nodiscard]] std::span<const T> span() const { return {items_.data(), size_}; }

 private:
  size_t size_ = 0;
  std::array<T, N> items_;
};

}  // namespace ferry
