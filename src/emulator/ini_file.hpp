// Files of the form
//
//   # comment
//   [section]
//   key = value   ; comment
//
// Debian's INI library (libinih 55) is not exact enough for settings: its handler gets no line
// numbers, it cuts lines at 200 bytes, reads an indented line as more of the one before, takes
// "key: value" too, and tells the first wrong line but not what is wrong.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ferry::emulator {

/// "key = value". The texts belong to the file.
struct IniEntry {
  unsigned line;
  std::string_view section;
  std::string_view key;
  const char* value;
};

/// A file in memory, to which its entries point: it is not copied.
class IniFile {
 public:
  IniFile() = default;
  IniFile(const IniFile&) = delete;
  IniFile& operator=(const IniFile&) = delete;

  /// Reads all of an open file. Returns 0 or an errno.
  [[nodiscard]] int read(int descriptor);

  /// Finds the entries. A comment begins with # or ; at the start of a line or after white space.
  /// Returns whether the whole file is in order; if not, error() and error_line() tell the first
  /// mistake.
  [[nodiscard]] bool parse();

  [[nodiscard]] const std::vector<IniEntry>& entries() const { return entries_; }
  [[nodiscard]] const char* error() const { return error_; }
  [[nodiscard]] unsigned error_line() const { return line_; }

 private:
  bool parse_line(char* begin, char* end);

  std::string text_;
  std::vector<IniEntry> entries_;
  std::string_view section_;
  bool in_section_ = false;
  unsigned line_ = 0;
  const char* error_ = nullptr;
};

}  // namespace ferry::emulator
