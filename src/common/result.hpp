// A value or an error.
#pragma once

#include "common/diagnostics.hpp"

namespace ferry {

/// Either a T or an Error. An Error has a member `value`; 0, which a default-made one has, means no
/// error. `value()` on an error is our bug and stops at a CHECK.
template <typename T, typename Error>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(value) {}                // NOLINT(google-explicit-constructor)
  Result(Error error) : value_(), error_(error) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return error_.value == 0; }
  [[nodiscard]] const T& value() const {
    CHECK(ok());
    return value_;
  }
  [[nodiscard]] Error error() const { return error_; }

 private:
  T value_;
  Error error_{};
};

}  // namespace ferry
