// A value that threads share and that orders nothing else.
#pragma once

#include <atomic>
#include <type_traits>

namespace ferry {

/// Read and written with relaxed order. A copy has the value of the moment.
template <typename T>
class Relaxed {
 public:
  constexpr Relaxed(T value = {}) : value_(value) {}  // NOLINT(google-explicit-constructor)
  Relaxed(const Relaxed& other) : value_(other.get()) {}
  Relaxed& operator=(const Relaxed& other) {
    set(other.get());
    return *this;
  }
  Relaxed& operator=(T value) {
    set(value);
    return *this;
  }
  ~Relaxed() = default;

  [[nodiscard]] T get() const { return value_.load(std::memory_order_relaxed); }
  operator T() const { return get(); }  // NOLINT(google-explicit-constructor)
  void set(T value) { value_.store(value, std::memory_order_relaxed); }
  /// Sets these bits of a number; others may set other bits at the same time.
  void set_bits(T bits) requires std::is_integral_v<T> {
    value_.fetch_or(bits, std::memory_order_relaxed);
  }

 private:
  std::atomic<T> value_;
};

}  // namespace ferry
