#include "emulator/settings.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/diagnostics.hpp"
#include "emulator/ini_file.hpp"
#include "emulator/option_values.hpp"
#include "linux/load/exec_environment.hpp"

namespace ferry::emulator {

namespace {

constexpr const char* kSystemFile = "/etc/ferry.conf";
constexpr std::string_view kAllPrograms = "*";

/// Writes to `path` where the user's file would be. Returns whether it can be anywhere: as the XDG
/// base directory specification has it, relative names count as none. Every start comes here, so
/// there is no allocation.
bool find_user_file(const OwnVariables& variables, char (&path)[4096]) {
  const char* folder = variables.config_home;
  const char* name = "/ferry.conf";
  if (folder == nullptr || *folder != '/') {
    folder = variables.home;
    name = "/.config/ferry.conf";
  }
  if (folder == nullptr || *folder != '/') return false;
  const size_t length = std::strlen(folder);
  const size_t name_size = std::strlen(name) + 1;
  if (length + name_size > sizeof path) return false;  // no such file (ENAMETOOLONG)
  std::memcpy(path, folder, length);
  std::memcpy(path + length, name, name_size);
  return true;
}

/// Opens a settings file; -1 if there is none.
int open_file(const char* path, bool is_users) {
  // O_NONBLOCK: a FIFO of that name does not stop the start.
  const int descriptor = ::open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (descriptor >= 0 || errno == ENOENT || errno == ENOTDIR) return descriptor;
  // A daemon that has changed its user keeps HOME, the folder of a user who is no longer its own.
  if (errno == EACCES && is_users) return -1;
  die(1, "%s: cannot be read: %s", path, std::strerror(errno));
}

[[noreturn]] void refuse(const char* path, unsigned line, const std::string& reason) {
  die(1, "%s:%u: %s", path, line, reason.c_str());
}

/// The row that `entry` sets. Ends the process if the section or the key is wrong.
const OptionRow& row_of(const char* path, const IniEntry& entry) {
  const std::string section(entry.section);
  if (section.empty() || section.find('/') != std::string::npos)
    refuse(path, entry.line,
           "section [" + section + "]: must be a file's name without its folder, or *");
  const std::string key(entry.key);
  const OptionRow* const row = find_option(entry.key);
  if (row == nullptr)
    refuse(path, entry.line,
           "unknown setting '" + key + "': settings are the long names of options (ferry --help)");
  if (row->kind == OptionKind::call)
    refuse(path, entry.line, "'" + key + "' is for the command line only");
  return *row;
}

/// Checks every entry, those for other programs too: a mistake shows at once, and not when that
/// program is started.
void check_entries(const char* path, const std::vector<IniEntry>& entries) {
  CommandLine scratch;
  for (const IniEntry& entry : entries) {
    const OptionRow& row = row_of(path, entry);
    const Setting setting{&row, entry.value, path, entry.line};
    for (const IniEntry& other : entries) {
      if (&other == &entry) break;
      if (row.adds_up() || other.key != entry.key || other.section != entry.section) continue;
      refuse(path, entry.line,
             "'" + std::string(entry.key) + "' is set twice for [" + std::string(entry.section) +
                 "], first in line " + std::to_string(other.line));
    }
    if (setting.is_reset()) continue;
    const std::string reason = asks_for_list(row.id, entry.value)
                                   ? "'help' is for the command line only"
                                   : set_option(scratch, row.id, entry.value);
    if (!reason.empty()) die(1, "%s: %s", setting.subject().c_str(), reason.c_str());
  }
}

/// What settings point to.
struct SettingsFile {
  std::string path;
  IniFile text;
};

void add_file(Settings& settings, std::string_view name, const char* path, bool is_users) {
  const int descriptor = open_file(path, is_users);
  if (descriptor < 0) return;
  auto& file = *new SettingsFile{path, {}};
  path = file.path.c_str();
  const int error = file.text.read(descriptor);
  ::close(descriptor);
  if (error != 0) die(1, "%s: cannot be read: %s", path, std::strerror(error));
  if (!file.text.parse()) refuse(path, file.text.error_line(), file.text.error());
  check_entries(path, file.text.entries());
  for (const std::string_view section : {kAllPrograms, name}) {
    for (const IniEntry& entry : file.text.entries()) {
      if (entry.section == section)
        settings.put({find_option(entry.key), entry.value, path, entry.line});
    }
    if (name == kAllPrograms) break;
  }
}

void add_environment(Settings& settings, const OwnVariables& variables) {
  if (variables.ferry.empty()) return;
  for (const OptionRow& row : kOptions) {
    if (row.environment == nullptr) continue;
    for (const char* const entry : variables.ferry) {
      // A program that an exec starts always has some of them, and they are no options.
      if (entry[linux::kOwnPrefix.size()] != row.environment[linux::kOwnPrefix.size()]) continue;
      const size_t length = std::strlen(row.environment);
      if (std::strncmp(entry, row.environment, length) == 0 && entry[length] == '=')
        settings.put({.row = &row, .value = entry + length + 1, .from_environment = true});
    }
  }
}

/// "name = value  # place"
void print_setting(const OptionRow& row, const std::string& value, const std::string& place) {
  std::string left = std::string(row.long_name) + " =";
  if (!value.empty()) left += " " + value;
  print_row(std::move(left), ("# " + place).c_str());
}

}  // namespace

std::string Setting::subject() const {
  if (file != nullptr)
    return std::string(file) + ":" + std::to_string(line) + ": " + row->long_name;
  if (from_environment) return row->environment;
  return row->name != nullptr ? std::string("-") + row->name : std::string("--") + row->long_name;
}

std::string Setting::place() const {
  if (file != nullptr) return std::string(file) + ":" + std::to_string(line);
  return from_environment ? std::string("environment variable ") + row->environment
                          : "command line";
}

void Settings::put(const Setting& setting) {
  if (!setting.row->adds_up() || setting.is_reset())
    std::erase_if(all_, [&](const Setting& other) { return other.row == setting.row; });
  all_.push_back(setting);
}

OwnVariables find_own_variables(char** environment) {
  OwnVariables found;
  const auto value_of = [](const char* entry, std::string_view name) {
    return std::strncmp(entry, name.data(), name.size()) == 0 ? entry + name.size() : nullptr;
  };
  // Most variables are none of these, which their first letter tells.
  for (char** entry = environment; *entry != nullptr; ++entry) {
    if (**entry == 'F') {
      if (value_of(*entry, linux::kOwnPrefix) != nullptr) found.ferry.push_back(*entry);
    } else if (**entry == 'H') {
      if (const char* value = value_of(*entry, "HOME=")) found.home = value;
    } else if (**entry == 'X') {
      if (const char* value = value_of(*entry, "XDG_CONFIG_HOME=")) found.config_home = value;
    }
  }
  return found;
}

void add_settings(Settings& settings, std::string_view name, const OwnVariables& variables,
                  bool secure) {
  add_file(settings, name, kSystemFile, false);
  if (secure) return;
  char own[4096];
  if (find_user_file(variables, own)) add_file(settings, name, own, true);
  add_environment(settings, variables);
}

void print_settings(const Settings& settings) {
  for (const OptionRow& row : kOptions) {
    bool found = false;
    for (const Setting& setting : settings.all()) {
      if (setting.row != &row) continue;
      const std::string value = setting.is_reset() ? default_value(row.id) : setting.value;
      print_setting(row, value, setting.place());
      found = true;
    }
    if (!found && row.kind != OptionKind::call)
      print_setting(row, default_value(row.id), "default");
  }
}

}  // namespace ferry::emulator
