// A vector in memory that someone else provides: a list that is made where it stays.
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>

#include "common/diagnostics.hpp"

namespace ferry {

/// For trivial types. More items than there is room for stop at a CHECK.
template <typename T>
class PlacedVector {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  /// Begins an empty list at `memory`, which has room for `capacity` items.
  void place(void* memory, size_t capacity) {
    begin_ = end_ = static_cast<T*>(memory);
    limit_ = begin_ + capacity;
  }
  void push_back(const T& item) {
    CHECK(end_ != limit_);
    *end_ = item;
    ++end_;
  }
  void clear() { end_ = begin_; }
  [[nodiscard]] size_t size() const { return static_cast<size_t>(end_ - begin_); }
  [[nodiscard]] T& operator[](size_t index) { return begin_[index]; }
  [[nodiscard]] const T& operator[](size_t index) const { return begin_[index]; }
  [[nodiscard]] T* begin() { return begin_; }
  [[nodiscard]] T* end() { return end_; }
  [[nodiscard]] std::span<T> span() const { return {begin_, end_}; }

 private:
  T* begin_ = nullptr;
  T* end_ = nullptr;
  T* limit_ = nullptr;
};

}  // namespace ferry
