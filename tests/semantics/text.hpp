// What differs, as text.
#pragma once

#include <string>

namespace ferry::semantics {

/// Appends as printf does, at most 255 characters.
[[gnu::format(printf, 2, 3)]] void append(std::string& text, const char* format, ...);

}  // namespace ferry::semantics
