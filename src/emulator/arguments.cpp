#include "emulator/arguments.hpp"

#include <fcntl.h>
#include <getopt.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>

#include "common/diagnostics.hpp"
#include "emulator/option_values.hpp"
#include "emulator/settings.hpp"
#include "linux/load/exec_environment.hpp"
#include "translate/i386_to_mips64/run/translator.hpp"

namespace ferry::emulator {

namespace {

constexpr const char* kVersion = "ferry 0.1";

[[noreturn]] void help() {
  print(
      "usage: ferry [options] program [arguments...]\n"
      "Runs the i386 Linux program on this machine.\n\n");
  for (const OptionRow& row : kOptions) {
    std::string left;
    if (row.name != nullptr) left += std::string("-") + row.name;
    if (row.name != nullptr && row.argument != nullptr) left += std::string(" ") + row.argument;
    if (row.long_name != nullptr) {
      if (!left.empty()) left += ", ";
      left += std::string("--") + row.long_name;
      if (row.argument != nullptr) left += std::string("=") + row.argument;
    }
    std::string text = row.help;
    if (row.environment != nullptr) text += std::string(" [") + row.environment + "]";
    print_row("  " + left, text.c_str());
  }
  ::_exit(0);
}

[[noreturn]] void version() {
  print(std::string(kVersion) + "\n");
  ::_exit(0);
}

[[noreturn]] void usage_error(const std::string& what) {
  die(1, "%s (--help lists the options)", what.c_str());
}

/// Every name of every option, for getopt; the last element is empty.
constexpr auto kNames = [] {
  std::array<option, 2 * std::size(kOptions) + 1> names{};
  size_t count = 0;
  for (size_t i = 0; i < std::size(kOptions); ++i) {
    const OptionRow& row = kOptions[i];
    int argument = no_argument;
    if (row.is_switch()) argument = optional_argument;
    if (row.argument != nullptr) argument = required_argument;
    for (const char* name : {row.name, row.long_name}) {
      if (name != nullptr) names[count++] = {name, argument, nullptr, static_cast<int>(i)};
    }
  }
  return names;
}();

/// Lets all settings take effect in `line`.
void apply_settings(CommandLine& line, const std::vector<Setting>& settings) {
  for (const Setting& setting : settings) {
    if (setting.is_reset()) continue;
    if (asks_for_list(setting.row->id, setting.value)) print_list(setting.row->id);
    const std::string reason = set_option(line, setting.row->id, setting.value);
    if (!reason.empty()) usage_error(setting.subject() + ": " + reason);
  }
}

/// What the command line says.
struct Given {
  std::vector<Setting> settings;
  bool print_settings = false;
};

/// Takes the options in front of the program. The first word after them is argv[optind].
Given take_arguments(int argc, char** argv) {
  Given given;
  // '+': the program's own options are left alone. ':': a missing value gets its own answer.
  for (int found = 0;
       (found = ::getopt_long_only(argc, argv, "+:", kNames.data(), nullptr)) != -1;) {
    const char* word = argv[optind - 1];
    if (found == ':') usage_error(std::string(word) + ": needs a value");
    if (found == '?') usage_error(std::string("unknown option '") + word + "'");
    const OptionRow& row = kOptions[found];
    const char* const value = optarg != nullptr ? optarg : "yes";
    if (row.id == OptionId::help || row.id == OptionId::version) {
      // `ferry OPTIONS -version` tells whether this ferry has the options.
      CommandLine scratch;
      apply_settings(scratch, given.settings);
      if (row.id == OptionId::help) help();
      version();
    }
    if (asks_for_list(row.id, value)) print_list(row.id);
    if (row.id == OptionId::print_settings) {
      given.print_settings = true;
    } else {
      given.settings.push_back({&row, value});
    }
  }
  return given;
}

/// The name of the file that is executed, whose section holds: of a script its own, not its
/// interpreter's.
std::string section_name(const std::vector<std::string>& program, const OwnVariables& variables) {
  std::string path;
  if (!variables.ferry.empty()) path = linux::executed_name(variables.ferry);
  if (path.empty() && !program.empty()) path = program.front();
  return path.substr(path.rfind('/') + 1);
}

void open_log(const CommandLine& line) {
  if (!line.log_file.empty()) {
    const char* const path = line.log_file.c_str();
    const int descriptor = ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (descriptor < 0) die(1, "%s: %s", path, std::strerror(errno));
    // Out of the way of the numbers guests choose.
    const int high = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 900);
    if (high >= 0) ::close(descriptor);
    set_log_descriptor(high >= 0 ? high : descriptor);
  }
  enable_log_channels(line.log_channels);
}

/// The options that exec'd programs get. Of -L they have what became of it (exec.cpp), and of -E
/// and -U, which no place below the command line may undo.
std::vector<std::string> inherited_options(const std::vector<Setting>& given) {
  std::vector<std::string> inherited;
  CommandLine changed;
  for (const Setting& setting : given) {
    const OptionRow& row = *setting.row;
    if (row.kind == OptionKind::environment && !setting.is_reset()) {
      static_cast<void>(set_option(changed, row.id, setting.value));
      continue;
    }
    if (row.kind == OptionKind::call || row.id == OptionId::root) continue;
    inherited.push_back(std::string("--") + row.long_name + "=" + setting.value);
  }
  std::string kept;
  for (const EnvironmentChange& change : changed.environment_changes)
    kept.append(kept.empty() ? "--keep-env=" : ",").append(change.name());
  if (!kept.empty()) inherited.push_back(std::move(kept));
  return inherited;
}

}  // namespace

CommandLine parse_command_line(int argc, char** argv, char** environment) {
  CommandLine line;
  line.engine = default_engine();
  const Given given = take_arguments(argc, argv);
  line.program.assign(argv + optind, argv + argc);
  const bool secure = linux::has_foreign_rights();
  OwnVariables variables = find_own_variables(environment);
  if (secure) variables.ferry.clear();
  if (line.program.empty() && !given.print_settings) usage_error("no program given");
  Settings settings;
  add_settings(settings, section_name(line.program, variables), variables, secure);
  for (const Setting& setting : given.settings) settings.put(setting);
  apply_settings(line, settings.all());
  if (line.code_cache_bytes < translate::run::smallest_cache(line.translation))
    usage_error("--code-cache: too small for the largest block");
  if (given.print_settings) {
    print_settings(settings);
    ::_exit(0);
  }
  line.inherited = inherited_options(given.settings);
  open_log(line);
  return line;
}

}  // namespace ferry::emulator
