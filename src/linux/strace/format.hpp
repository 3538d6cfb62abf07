// What the rows of call_formats.inc are made of: how one argument of a system call is shown, and
// when. Arguments are shown at the entry of the call, up to the first that shows what the call
// wrote; that one and those after it follow when the call is done, as with strace(1).
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "linux/strace/printer.hpp"

namespace ferry::linux::strace {

struct Format {
  enum class When : uint8_t {
    none,    ///< past the last argument
    entry,   ///< as soon as the call is made
    exit,    ///< when it is done
    both,    ///< in two parts, which the function tells apart by Printer::exiting
    result,  ///< no argument: sets the style of the result, or adds to its note
  };
  /// Shows an argument that begins at `words`. What shows nothing takes no comma.
  using Show = void (*)(Printer&, const uint32_t* words);

  When when = When::none;
  uint8_t words = 0;  ///< how many argument words it stands for
  Show show = nullptr;
};

/// Six arguments at most, and what belongs to the result.
using Formats = std::array<Format, kMostWords + 2>;

struct CallFormat {
  const char* name = nullptr;  ///< null: no row
  Formats formats{};

  [[nodiscard]] constexpr unsigned words() const {
    unsigned sum = 0;
    for (const Format& format : formats) sum += format.words;
    return sum;
  }
};

// The words of which rows are made have the names that a row reads best with.
// NOLINTBEGIN(readability-identifier-naming)

/// A function that prints one argument word, as a format.
template <auto Function, unsigned Words = 1>
inline constexpr Format in{Format::When::entry, Words,
                           [](Printer& p, const uint32_t* words) { Function(p, words[0]); }};
template <auto Function, unsigned Words = 1>
inline constexpr Format out{Format::When::exit, Words,
                            [](Printer& p, const uint32_t* words) { Function(p, words[0]); }};
/// What the call reads, but shown when it is done, even if it failed.
template <auto Function>
inline constexpr Format in_late{Format::When::exit, 1, [](Printer& p, const uint32_t* words) {
                                  p.exiting = false;
                                  Function(p, words[0]);
                                  p.exiting = true;
                                }};
/// A function of all argument words from this one on.
template <unsigned Words, auto Function>
inline constexpr Format in_words{Format::When::entry, Words, Function};
template <unsigned Words, auto Function>
inline constexpr Format out_words{Format::When::exit, Words, Function};
template <unsigned Words, auto Function>
inline constexpr Format both{Format::When::both, Words, Function};
template <auto Function>
inline constexpr Format result{Format::When::result, 0,
                               [](Printer& p, const uint32_t*) { Function(p); }};

template <const abi::NameTable& Table>
inline constexpr Format flags{Format::When::entry, 1,
                              [](Printer& p, const uint32_t* words) { p.flags(Table, words[0]); }};
template <const abi::NameTable& Table>
inline constexpr Format value{Format::When::entry, 1,
                              [](Printer& p, const uint32_t* words) { p.value(Table, words[0]); }};

// The plain kinds of arguments.
inline constexpr Format num{Format::When::entry, 1, [](Printer& p, const uint32_t* words) {
                              p.add("%d", static_cast<int32_t>(words[0]));
                            }};
inline constexpr Format unum{Format::When::entry, 1,
                             [](Printer& p, const uint32_t* words) { p.add("%u", words[0]); }};
inline constexpr Format hex{Format::When::entry, 1,
                            [](Printer& p, const uint32_t* words) { p.add("%#x", words[0]); }};
inline constexpr Format ptr{Format::When::entry, 1,
                            [](Printer& p, const uint32_t* words) { p.address(words[0]); }};
inline constexpr Format str{Format::When::entry, 1,
                            [](Printer& p, const uint32_t* words) { p.string(words[0]); }};
inline constexpr Format path{Format::When::entry, 1,
                             [](Printer& p, const uint32_t* words) { p.path(words[0]); }};
inline constexpr Format mode{Format::When::entry, 1,
                             [](Printer& p, const uint32_t* words) { p.mode(words[0] & 0xffff); }};
inline constexpr Format sig{Format::When::entry, 1,
                            [](Printer& p, const uint32_t* words) { p.signal(words[0]); }};
/// A number of 64 bits in two words, low word first.
inline constexpr Format num64{
    Format::When::entry, 2, [](Printer& p, const uint32_t* words) {
      p.add("%lld", static_cast<long long>(words[0] | static_cast<uint64_t>(words[1]) << 32));
    }};
/// A descriptor where a path starts.
inline constexpr Format at_fd{Format::When::entry, 1, [](Printer& p, const uint32_t* words) {
                                constexpr int32_t kAtFdCwd = -100;
                                const auto fd = static_cast<int32_t>(words[0]);
                                fd == kAtFdCwd ? p.add("AT_FDCWD") : p.add("%d", fd);
                              }};
/// Words that the call ignores.
template <unsigned Words>
inline constexpr Format unused{Format::When::entry, Words, [](Printer&, const uint32_t*) {}};
/// A buffer that the call reads, whose size is the next word.
inline constexpr Format data{Format::When::entry, 1,
                             [](Printer& p, const uint32_t* words) { p.data(words[0], words[1]); }};
/// A buffer that the call wrote, whose size is the result.
inline constexpr Format out_data{Format::When::exit, 1, [](Printer& p, const uint32_t* words) {
                                   p.failed() ? p.address(words[0])
                                              : p.data(words[0], p.result.value());
                                 }};
inline constexpr Format hex_result{Format::When::result, 0, [](Printer& p, const uint32_t*) {
                                     p.style = ResultStyle::hexadecimal;
                                   }};
inline constexpr Format octal_result{
    Format::When::result, 0, [](Printer& p, const uint32_t*) { p.style = ResultStyle::octal; }};

// NOLINTEND(readability-identifier-naming)

}  // namespace ferry::linux::strace
