// The text of one system call in the log, put together as strace(1) writes it. Guest memory is read
// with copy_in: what cannot be read is shown as its address.
#pragma once

#include <array>
#include <cstdarg>
#include <cstdint>
#include <string>
#include <string_view>

#include "linux/abi/i386/name_table.hpp"
#include "linux/kernel/call_result.hpp"
#include "linux/kernel/threads.hpp"
#include "linux/kernel/user_memory.hpp"

namespace ferry::linux::strace {

inline constexpr unsigned kMostWords = 6;
/// strace(1) shows that many characters of a string, and elements of an array.
inline constexpr uint32_t kMostShown = 32;

/// How a result that is a value is written.
enum class ResultStyle : uint8_t { decimal, hexadecimal, octal };

enum class Quotes : uint8_t { octal, all_hexadecimal };

class Printer {
 public:
  Printer(const Thread& calling, const std::array<uint32_t, kMostWords>& arguments)
      : thread(calling), words(arguments) {}

  const Thread& thread;
  const std::array<uint32_t, kMostWords> words;
  bool exiting = false;  ///< the call is done, with `result`
  CallResult result = uint32_t{0};
  std::string text;
  ResultStyle style = ResultStyle::decimal;
  std::string note;         ///< stands in brackets after the result
  uint32_t remembered = 0;  ///< a length at the entry of the call, which may have changed it

  [[gnu::format(printf, 2, 3)]] void add(const char* format, ...);
  /// The same, to `note`.
  [[gnu::format(printf, 2, 3)]] void add_note(const char* format, ...);

  /// Whether the call is done and gave an error: what it would have written is shown as address.
  [[nodiscard]] bool failed() const { return exiting && !result.ok(); }

  /// NULL, or the address in hexadecimal.
  void address(uint32_t guest);
  void bytes(std::string_view shown, bool cut, Quotes quotes = Quotes::octal);
  /// A buffer of `size` bytes, of which the first ones are shown.
  void data(uint32_t guest, uint32_t size, Quotes quotes = Quotes::octal);
  /// A string ending with NUL, of which the first `most` bytes are shown.
  void string(uint32_t guest, uint32_t most = kMostShown);
  void path(uint32_t guest) { string(guest, 4095); }

  /// A number with a name, or in hexadecimal with the table's comment.
  void value(const abi::NameTable& table, uint32_t number);
  /// Names of bits, joined by |. A row of value 0 names an empty set.
  void flags(const abi::NameTable& table, uint32_t bits);
  /// A value in the bits of `mask`, and flags in all others.
  void value_and_flags(const abi::NameTable& values, uint32_t mask,
                       const abi::NameTable& flag_names, uint32_t bits);
  void signal(uint32_t number);
  /// [INT CHLD]; from 43 signals on those that are missing: ~[KILL STOP].
  void signal_set(uint64_t set);
  void mode(uint32_t mode) { add("%#03o", mode); }

  /// Reads a structure. False if there is none to show, and shows the address instead.
  template <typename T>
  [[nodiscard]] bool fetch(uint32_t guest, T& value) {
    return fetch_bytes(guest, &value, sizeof(T));
  }
  [[nodiscard]] bool fetch_bytes(uint32_t guest, void* value, uint32_t size);
  /// [a, b]: `count` elements of `size` bytes each; `show` prints one from its bytes. Of a long
  /// array the first elements are shown, and of one that cannot be read to its end what can.
  template <typename T, typename Show>
  void array(uint32_t guest, uint32_t count, Show show);
  /// Adds what `show` prints to the note of the result.
  template <typename Show>
  void note_shown(Show show);

 private:
  void add_list(std::string& to, const char* format, va_list arguments);
};

template <typename T, typename Show>
void Printer::array(uint32_t guest, uint32_t count, Show show) {
  T element;
  if (guest == 0 || failed()) return address(guest);
  if (count == 0) {
    text += "[]";
    return;
  }
  if (!copy_in(guest, element)) return address(guest);
  text += "[";
  for (uint32_t i = 0; i < count; ++i) {
    if (i > 0) text += ", ";
    if (i == kMostShown) {
      text += "...";
      break;
    }
    const auto at = static_cast<uint32_t>(guest + i * sizeof(T));
    if (!copy_in(at, element)) {
      add("... /* %#x */", at);
      break;
    }
    show(element);
  }
  text += "]";
}

template <typename Show>
void Printer::note_shown(Show show) {
  const size_t before = text.size();
  show();
  note += text.substr(before);
  text.resize(before);
}

/// "SIGINT" without its SIG, or RT_3; `number` is 1..64.
[[nodiscard]] std::string short_signal_name(uint32_t number);
/// The name of `number` in `table`, or null.
[[nodiscard]] const char* name_of(const abi::NameTable& table, uint32_t number);

}  // namespace ferry::linux::strace
