// Text put together on the stack, without allocation: for logs, and for reports in signal handlers.
#pragma once

#include <algorithm>
#include <cstdarg>
#include <cstddef>
#include <cstdio>
#include <string_view>

namespace ferry {

/// What does not fit is cut. Signal-safe as long as no format asks for floating point.
class TextLine {
 public:
  /// printf-style.
  [[gnu::format(printf, 2, 3)]] void add(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int length = std::vsnprintf(text_ + length_, sizeof text_ - length_, format, arguments);
    va_end(arguments);
    if (length > 0) length_ = std::min(length_ + static_cast<size_t>(length), sizeof text_ - 1);
  }
  [[nodiscard]] std::string_view text() const { return {text_, length_}; }

 private:
  char text_[1024] = {};
  size_t length_ = 0;
};

}  // namespace ferry
