// A value or an errno. Errno values are the i386 ABI's (asm-generic), which differ from MIPS
// above 34.
#pragma once

#include <cstdint>

#include "common/diagnostics.hpp"

namespace ferry {

/// An error of the i386 Linux ABI, 1..4095.
struct Errno {
  int32_t value;
};

/// Either a T or an Errno. `value()` on an error is our bug and stops at a CHECK.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(value), error_(0) {}           // NOLINT(google-explicit-constructor)
  Result(Errno error) : value_(), error_(error.value) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return error_ == 0; }
  [[nodiscard]] const T& value() const {
    CHECK(ok());
    return value_;
  }
  [[nodiscard]] Errno error() const { return Errno{error_}; }

 private:
  T value_;
  int32_t error_;
};

}  // namespace ferry
