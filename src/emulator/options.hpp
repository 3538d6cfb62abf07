// The options as options.inc has them.
#pragma once

#include <cstdint>
#include <string_view>

namespace ferry::emulator {

enum class OptionId : uint8_t {
#define OPTION(identifier, name, long_name, argument, environment, kind, help) identifier,
#include "emulator/options.inc"
#undef OPTION
};

/// options.inc tells what they mean.
enum class OptionKind : uint8_t { call, value, list, environment };

struct OptionRow {
  OptionId id;
  const char* name;
  const char* long_name;
  const char* argument;
  const char* environment;
  OptionKind kind;
  const char* help;

  /// Whether the option is on or off, with a value only to say which.
  [[nodiscard]] constexpr bool is_switch() const {
    return argument == nullptr && kind != OptionKind::call;
  }
  /// Whether several values add up.
  [[nodiscard]] constexpr bool adds_up() const {
    return kind == OptionKind::list || kind == OptionKind::environment;
  }
};

inline constexpr OptionRow kOptions[] = {
#define OPTION(identifier, name, long_name, argument, environment, kind, help) \
  {OptionId::identifier, name, long_name, argument, environment, OptionKind::kind, help},
#include "emulator/options.inc"
#undef OPTION
};

/// The row of a long name; null if there is none.
[[nodiscard]] constexpr const OptionRow* find_option(std::string_view long_name) {
  for (const OptionRow& row : kOptions) {
    if (long_name == row.long_name) return &row;
  }
  return nullptr;
}

}  // namespace ferry::emulator
