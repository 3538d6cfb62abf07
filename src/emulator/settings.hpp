// Which options hold, and which place gave each: the settings files, the environment, the command
// line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "emulator/options.hpp"

namespace ferry::emulator {

/// An option as a place gives it. The texts live until the process ends.
struct Setting {
  const OptionRow* row;
  const char*
      value;  ///< empty: as if no place below had given it (argv0 aside, which may be empty)
  const char* file = nullptr;  ///< a settings file,
  unsigned line = 0;           ///< and the line in it
  bool from_environment = false;

  /// Whether the option has its default again.
  [[nodiscard]] bool is_reset() const { return *value == '\0' && row->id != OptionId::argv0; }
  /// "-cpu", "FERRY_CPU" or "FILE:LINE: cpu".
  [[nodiscard]] std::string subject() const;
  /// What --print-settings says of the place.
  [[nodiscard]] std::string place() const;
};

/// Settings in the order in which they take effect. Those that a later one replaces are left out.
class Settings {
 public:
  void put(const Setting& setting);
  [[nodiscard]] const std::vector<Setting>& all() const { return all_; }

 private:
  std::vector<Setting> all_;
};

/// The variables of the environment that tell ferry something.
struct OwnVariables {
  std::vector<const char*> ferry;  ///< FERRY_...=...
  const char* home = nullptr;      ///< HOME's and XDG_CONFIG_HOME's values
  const char* config_home = nullptr;
};
[[nodiscard]] OwnVariables find_own_variables(char** environment);

/// Adds what the settings files and the environment say about the program `name` (a base name). A
/// mistake in a file prints a message and ends the process, with status 1. `secure`: the process
/// has rights that its caller may not have, and trusts /etc alone.
void add_settings(Settings& settings, std::string_view name, const OwnVariables& variables,
                  bool secure);

/// --print-settings: all options in the form of a settings file, with the place of each in a
/// comment.
void print_settings(const Settings& settings);

}  // namespace ferry::emulator
