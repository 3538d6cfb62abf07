#include "emulator/options.hpp"

#include <fcntl.h>
#include <getopt.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <string_view>
#include <vector>

#include "common/diagnostics.hpp"
#include "emulator/block_log.hpp"
#include "translate/i386_to_mips64/run/translator.hpp"

namespace ferry::emulator {

namespace {

/// Whether this host has a translator: the build's choice (src/CMakeLists.txt).
constexpr bool kTranslates = FERRY_TRANSLATES;

enum class OptionId : uint8_t {
#define OPTION(identifier, name, long_name, argument, environment, help) identifier,
#include "emulator/options.inc"
#undef OPTION
};

struct OptionRow {
  OptionId id;
  const char* name;
  const char* long_name;
  const char* argument;
  const char* environment;
  const char* help;
};

constexpr OptionRow kOptions[] = {
#define OPTION(identifier, name, long_name, argument, environment, help) \
  {OptionId::identifier, name, long_name, argument, environment, help},
#include "emulator/options.inc"
#undef OPTION
};

struct PassRow {
  const char* name;
  bool translate::Passes::*member;
  const char* help;
};
constexpr PassRow kPasses[] = {
#define PASS(member, name, text) {name, &translate::Passes::member, text},
#include "translate/i386/passes.inc"
#undef PASS
};

constexpr const char* kVersion = "ferry 0.1";

void print(const char* text) {
  const size_t size = std::strlen(text);
  if (::write(STDOUT_FILENO, text, size) != static_cast<ssize_t>(size)) ::_exit(1);
}

/// `left` in a column, then `right`.
void print_row(std::string left, const char* right) {
  constexpr size_t kColumn = 30;
  left.resize(left.size() < kColumn ? kColumn : left.size() + 1, ' ');
  print((left + right + "\n").c_str());
}

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

[[noreturn]] void list_log_items() {
  for (unsigned i = 0; i < kLogChannelCount; ++i) {
    const auto channel = static_cast<LogChannel>(i);
    print_row(std::string(log_channel_name(channel)),
              std::string(log_channel_help(channel)).c_str());
  }
  ::_exit(0);
}

[[noreturn]] void usage_error(const std::string& what) {
  die(1, "%s (--help lists the options)", what.c_str());
}

uint64_t parse_size(const char* text, const char* what, uint64_t minimum, uint64_t maximum) {
  char* end = nullptr;
  uint64_t value = std::strtoull(text, &end, 0);
  unsigned shift = 0;
  if (*end == 'K' || *end == 'k') shift = 10;
  if (*end == 'M' || *end == 'm') shift = 20;
  if (*end == 'G' || *end == 'g') shift = 30;
  if (shift != 0) ++end;
  if (end == text || *end != '\0' || *text == '-' || value > (maximum >> shift) ||
      (value << shift) < minimum) {
    usage_error(std::string(what) + ": bad value '" + text + "'");
  }
  return value << shift;
}

void switch_passes_off(translate::Passes& passes, std::string_view names) {
  if (names == "help") {
    for (const PassRow& row : kPasses) print_row(row.name, row.help);
    ::_exit(0);
  }
  while (!names.empty()) {
    const size_t comma = names.find(',');
    const std::string_view name = names.substr(0, comma);
    names = comma == std::string_view::npos ? std::string_view{} : names.substr(comma + 1);
    bool found = false;
    for (const PassRow& row : kPasses) {
      if (name != row.name && name != "all") continue;
      passes.*row.member = false;
      found = true;
    }
    if (!found) usage_error("unknown pass '" + std::string(name) + "'");
  }
}

/// Switches off all but the first `count` of --no-pass=help.
void keep_passes(translate::Passes& passes, size_t count) {
  for (size_t i = count; i < std::size(kPasses); ++i) passes.*kPasses[i].member = false;
}

void open_log(const char* path) {
  const int descriptor = ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor < 0) die(1, "%s: %s", path, std::strerror(errno));
  // Out of the way of the numbers guests choose.
  const int high = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 900);
  if (high >= 0) ::close(descriptor);
  set_log_descriptor(high >= 0 ? high : descriptor);
}

void set_engine(CommandLine& line, std::string_view name) {
  if (name == "interpret") {
    line.engine = EngineKind::interpret;
  } else if (name == "translate") {
    line.engine = EngineKind::translate;
  } else if (name == "check") {
    line.engine = EngineKind::check;
  } else {
    usage_error("unknown engine '" + std::string(name) + "'");
  }
  if (!kTranslates && name != "interpret")
    usage_error("engine '" + std::string(name) + "' needs a MIPS64 host");
}

MemoryModel parse_memory_model(std::string_view name) {
  if (name == "auto") return MemoryModel::automatic;
  if (name == "weak") return MemoryModel::weak;
  if (name == "tso") return MemoryModel::tso;
  usage_error("unknown memory model '" + std::string(name) + "'");
}

const i386::CpuModel* parse_cpu_model(std::string_view name) {
  for (const i386::CpuModel& model : i386::cpu_models()) {
    if (name == "help") print_row(std::string(model.name), std::string(model.text).c_str());
    if (name == model.name) return &model;
  }
  if (name == "help") ::_exit(0);
  usage_error("unknown processor '" + std::string(name) + "'");
}

void enable_log(const char* items) {
  if (std::string_view(items) == "help") list_log_items();
  std::string_view unknown;
  if (!enable_log_channels(items, &unknown))
    usage_error("unknown log item '" + std::string(unknown) + "'");
  if (blocks_are_logged() && !can_log_blocks()) {
    die(1, "-d in_asm,out_asm: this ferry was built without Capstone, the disassembler");
  }
}

void add_log_filter(AddressFilter& filter, const char* ranges) {
  std::string_view wrong;
  if (!filter.add(ranges, &wrong)) usage_error("-dfilter: bad range '" + std::string(wrong) + "'");
}

void apply(CommandLine& line, OptionId id, const char* value) {
  switch (id) {
    case OptionId::help:
      help();
    case OptionId::version:
      print((std::string(kVersion) + "\n").c_str());
      ::_exit(0);
    case OptionId::root:
      line.root = value;
      return;
    case OptionId::set_variable:
      if (std::strchr(value, '=') == nullptr) usage_error(std::string("-E ") + value + ": no '='");
      line.set_variables.emplace_back(value);
      return;
    case OptionId::unset_variable:
      line.unset_variables.emplace_back(value);
      return;
    case OptionId::argv0:
      line.argv0 = value;
      line.has_argv0 = true;
      return;
    case OptionId::stack_size:
      line.stack_bytes = static_cast<uint32_t>(parse_size(value, "-s", 128 << 10, 1u << 30));
      return;
    case OptionId::cpu:
      line.cpu_model = parse_cpu_model(value);
      return;
    case OptionId::page_size:
      line.host_page_bytes = static_cast<uint32_t>(parse_size(value, "-p", 4096, 65536));
      if ((line.host_page_bytes & (line.host_page_bytes - 1)) != 0)
        usage_error("-p: not a power of two");
      return;
    case OptionId::uname:
      line.uname_release = value;
      return;
    case OptionId::log:
      return enable_log(value);
    case OptionId::log_file:
      return open_log(value);
    case OptionId::log_filter:
      return add_log_filter(line.log_filter, value);
    case OptionId::strace:
      return enable_log_channel(LogChannel::strace);
    case OptionId::engine:
      return set_engine(line, value);
    case OptionId::no_pass:
      return switch_passes_off(line.translation.passes, value);
    case OptionId::bisect:
      return keep_passes(line.translation.passes,
                         parse_size(value, "--bisect", 0, std::size(kPasses)));
    case OptionId::max_translated:
      line.max_translated = parse_size(value, "--max-translated", 0, UINT64_MAX);
      return;
    case OptionId::max_block:
      line.translation.max_guest_instructions =
          static_cast<uint32_t>(parse_size(value, "--max-block", 1, 64));
      return;
    case OptionId::max_branches:
      line.translation.max_branches =
          static_cast<uint32_t>(parse_size(value, "--max-branches", 0, 64));
      return;
    case OptionId::cold_runs:
      line.cold_runs = static_cast<unsigned>(parse_size(value, "--cold-runs", 0, 255));
      return;
    case OptionId::code_cache:
      line.code_cache_bytes =
          static_cast<uint32_t>(parse_size(value, "--code-cache", 64 << 10, 240u << 20));
      return;
    case OptionId::no_chain:
      line.chain = false;
      return;
    case OptionId::exact_flags:
      line.translation.exact_flags = true;
      return;
    case OptionId::dead_flags:
      line.translation.dead_flags_at_calls = true;
      return;
    case OptionId::memory_model:
      line.memory_model = parse_memory_model(value);
      return;
    case OptionId::core:
      line.core = true;
      return;
    case OptionId::stats:
      line.stats_file = value;
      return;
  }
}

void apply_environment(CommandLine& line, char** environment) {
  // Most variables are none of ferry's: one look at each, not one for each option.
  constexpr std::string_view kPrefix = "FERRY_";
  std::vector<const char*> ours;
  for (char** entry = environment; *entry != nullptr; ++entry) {
    if (std::strncmp(*entry, kPrefix.data(), kPrefix.size()) == 0) ours.push_back(*entry);
  }
  if (ours.empty()) return;
  for (const OptionRow& row : kOptions) {
    if (row.environment == nullptr) continue;
    const size_t length = std::strlen(row.environment);
    for (const char* const entry : ours) {
      if (std::strncmp(entry, row.environment, length) == 0 && entry[length] == '=') {
        apply(line, row.id, entry + length + 1);
      }
    }
  }
}

}  // namespace

CommandLine parse_command_line(int argc, char** argv, char** environment) {
  CommandLine line;
  if (kTranslates) line.engine = EngineKind::translate;
  apply_environment(line, environment);
  std::vector<option> names;
  for (size_t i = 0; i < std::size(kOptions); ++i) {
    const OptionRow& row = kOptions[i];
    const int argument = row.argument != nullptr ? required_argument : no_argument;
    if (row.name != nullptr) names.push_back({row.name, argument, nullptr, static_cast<int>(i)});
    if (row.long_name != nullptr)
      names.push_back({row.long_name, argument, nullptr, static_cast<int>(i)});
  }
  names.push_back({});
  // '+': the program's own options are left alone. ':': a missing value gets its own answer.
  for (int found = 0;
       (found = ::getopt_long_only(argc, argv, "+:", names.data(), nullptr)) != -1;) {
    const char* given = argv[optind - 1];
    if (found == ':') usage_error(std::string(given) + ": needs a value");
    if (found == '?') usage_error(std::string("unknown option '") + given + "'");
    const OptionRow& row = kOptions[found];
    apply(line, row.id, row.argument != nullptr ? optarg : "1");
    // The root is in the process, and an exec passes on that one.
    const bool own = row.id == OptionId::argv0 || row.id == OptionId::root ||
                     row.id == OptionId::set_variable || row.id == OptionId::unset_variable;
    if (own) continue;
    line.inherited.push_back(std::string("--") + row.long_name +
                             (row.argument != nullptr ? std::string("=") + optarg : std::string()));
  }
  const int index = optind;
  line.program.assign(argv + index, argv + argc);
  if (line.program.empty()) usage_error("no program given");
  if (line.code_cache_bytes < translate::run::smallest_cache(line.translation))
    usage_error("--code-cache: too small for the largest block");
  return line;
}

}  // namespace ferry::emulator
