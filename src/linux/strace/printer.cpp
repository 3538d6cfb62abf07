#include "linux/strace/printer.hpp"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <vector>

#include "linux/abi/i386/process_names.hpp"

namespace ferry::linux::strace {

namespace {

/// `c` in a string that goes on with `next`.
void add_escaped(std::string& text, unsigned char c, char next) {
  static constexpr std::string_view kLetters = "\t\n\v\f\r";
  if (const size_t letter = kLetters.find(static_cast<char>(c)); letter != std::string_view::npos) {
    text += '\\';
    text += "tnvfr"[letter];
  } else if (c == '"' || c == '\\') {
    text += '\\';
    text += static_cast<char>(c);
  } else if (c >= 32 && c < 127) {
    text += static_cast<char>(c);
  } else {
    char digits[8];
    // A digit after a shorter number would belong to it.
    std::snprintf(digits, sizeof digits, next >= '0' && next <= '7' ? "\\%03o" : "\\%o", c);
    text += digits;
  }
}

}  // namespace

void Printer::add_list(std::string& to, const char* format, va_list arguments) {
  char piece[1024];
  const int length = std::vsnprintf(piece, sizeof piece, format, arguments);
  if (length > 0) to.append(piece, std::min<size_t>(static_cast<size_t>(length), sizeof piece - 1));
}

void Printer::add(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  add_list(text, format, arguments);
  va_end(arguments);
}

void Printer::add_note(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  add_list(note, format, arguments);
  va_end(arguments);
}

void Printer::address(uint32_t guest) {
  guest == 0 ? add("NULL") : add("%#x", guest);
}

void Printer::bytes(std::string_view shown, bool cut, Quotes quotes) {
  text += '"';
  for (size_t i = 0; i < shown.size(); ++i) {
    const auto c = static_cast<unsigned char>(shown[i]);
    if (quotes == Quotes::all_hexadecimal) {
      add("\\x%02x", c);
    } else {
      add_escaped(text, c, i + 1 < shown.size() ? shown[i + 1] : '\0');
    }
  }
  text += cut ? "\"..." : "\"";
}

void Printer::data(uint32_t guest, uint32_t size, Quotes quotes) {
  char piece[kMostShown];
  const uint32_t shown = std::min(size, kMostShown);
  if (guest == 0 || !copy_in_bytes(guest, piece, shown)) return address(guest);
  bytes({piece, shown}, size > shown, quotes);
}

void Printer::string(uint32_t guest, uint32_t most) {
  std::vector<char> room(most + 1);
  if (guest == 0) return address(guest);
  const Result<uint32_t> length = copy_in_string(guest, room.data(), most + 1);
  if (length.error() == abi::kEFAULT) return address(guest);
  bytes({room.data(), length.ok() ? length.value() : most}, !length.ok());
}

const char* name_of(const abi::NameTable& table, uint32_t number) {
  for (const abi::NamedValue& row : table.rows) {
    if (row.value == number) return row.name;
  }
  return nullptr;
}

void Printer::value(const abi::NameTable& table, uint32_t number) {
  if (const char* name = name_of(table, number)) {
    text += name;
  } else {
    add("%#x", number);
    if (table.unknown != nullptr && *table.unknown != '\0') add(" /* %s */", table.unknown);
  }
}

void Printer::flags(const abi::NameTable& table, uint32_t bits) {
  const char* separator = "";
  uint32_t left = bits;
  for (const abi::NamedValue& row : table.rows) {
    if (row.value == 0 ? bits != 0 : (left & row.value) != row.value) continue;
    add("%s%s", separator, row.name);
    separator = "|";
    left &= ~row.value;
  }
  if (left == 0) {
    if (*separator == '\0') text += "0";
    return;
  }
  add("%s%#x", separator, left);
  if (*separator == '\0' && table.unknown != nullptr) add(" /* %s */", table.unknown);
}

void Printer::value_and_flags(const abi::NameTable& values, uint32_t mask,
                              const abi::NameTable& flag_names, uint32_t bits) {
  value(values, bits & mask);
  if ((bits & ~mask) == 0) return;
  text += "|";
  flags(flag_names, bits & ~mask);
}

std::string short_signal_name(uint32_t number) {
  if (number == 32) return "RTMIN";
  if (number > 32) return std::string("RT_").append(std::to_string(number - 32));
  const char* name = name_of(abi::kSignals, number);
  return name != nullptr ? name + 3 : std::to_string(number);
}

void Printer::signal(uint32_t number) {
  if (number == 0 || number > 64) {
    add("%d", static_cast<int>(number));
  } else {
    add("SIG%s", short_signal_name(number).c_str());
  }
}

void Printer::signal_set(uint64_t set) {
  // strace inverts sets of more than two thirds of the signals.
  if (std::popcount(set) >= 64 * 2 / 3) {
    text += "~";
    set = ~set;
  }
  text += "[";
  const char* separator = "";
  for (uint32_t number = 1; number <= 64; ++number) {
    if ((set >> (number - 1) & 1) == 0) continue;
    add("%s%s", separator, short_signal_name(number).c_str());
    separator = " ";
  }
  text += "]";
}

bool Printer::fetch_bytes(uint32_t guest, void* value, uint32_t size) {
  if (guest != 0 && !failed() && copy_in_bytes(guest, value, size)) return true;
  address(guest);
  return false;
}

}  // namespace ferry::linux::strace
