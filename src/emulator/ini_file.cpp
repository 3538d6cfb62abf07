#include "emulator/ini_file.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace ferry::emulator {

namespace {

constexpr size_t kLargest = 1 << 20;  // a device or a log by mistake is not read for ever

constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

void trim(char*& begin, char*& end) {
  while (begin < end && is_blank(*begin)) ++begin;
  while (begin < end && is_blank(end[-1])) --end;
}

/// Where the line's comment begins, or its end.
char* find_comment(char* begin, char* end) {
  for (char* at = begin; at < end; ++at) {
    if ((*at == '#' || *at == ';') && (at == begin || is_blank(at[-1]))) return at;
  }
  return end;
}

}  // namespace

int IniFile::read(int descriptor) {
  for (;;) {
    char piece[4096];
    const ssize_t count = ::read(descriptor, piece, sizeof piece);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    if (count == 0) return 0;
    text_.append(piece, static_cast<size_t>(count));
    if (text_.size() > kLargest) return EFBIG;
  }
}

bool IniFile::parse() {
  char* const end = text_.data() + text_.size();
  for (char* begin = text_.data(); begin < end;) {
    ++line_;
    char* newline = static_cast<char*>(std::memchr(begin, '\n', static_cast<size_t>(end - begin)));
    if (newline == nullptr) newline = end;
    if (!parse_line(begin, newline)) return false;
    begin = newline + 1;
  }
  return true;
}

bool IniFile::parse_line(char* begin, char* end) {
  if (std::memchr(begin, '\0', static_cast<size_t>(end - begin)) != nullptr) {
    error_ = "a NUL byte: not a text file";
    return false;
  }
  trim(begin, end);
  end = find_comment(begin, end);
  trim(begin, end);
  if (begin == end) return true;
  if (*begin == '[') {
    if (end[-1] != ']') {
      error_ = "a section without its ']'";
      return false;
    }
    trim(++begin, --end);
    section_ = {begin, static_cast<size_t>(end - begin)};
    in_section_ = true;
    return true;
  }
  char* const equals =
      static_cast<char*>(std::memchr(begin, '=', static_cast<size_t>(end - begin)));
  if (equals == nullptr || equals == begin) {
    error_ = "neither [SECTION] nor NAME = VALUE";
    return false;
  }
  if (!in_section_) {
    error_ = "a setting before the first [SECTION]; [*] is for all programs";
    return false;
  }
  char* key_end = equals;
  trim(begin, key_end);
  char* value = equals + 1;
  trim(value, end);
  *end = '\0';  // of the newline, the comment or white space, or std::string's own
  entries_.push_back({line_, section_, {begin, static_cast<size_t>(key_end - begin)}, value});
  return true;
}

}  // namespace ferry::emulator
