#include "text.hpp"

#include <cstdarg>
#include <cstdio>

namespace ferry::semantics {

void append(std::string& text, const char* format, ...) {
  char line[256];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  text += line;
}

}  // namespace ferry::semantics
