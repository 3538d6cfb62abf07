#include "emulator/option_values.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>

#include "common/diagnostics.hpp"
#include "emulator/block_log.hpp"

namespace ferry::emulator {

namespace {

using std::string_literals::operator""s;

/// Whether this host has a translator: the build's choice (src/CMakeLists.txt).
constexpr bool kTranslates = FERRY_TRANSLATES;

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

constexpr const char* kEngines[] = {"interpret", "translate", "check"};  // by EngineKind
constexpr const char* kMemoryModels[] = {"auto", "weak", "tso"};         // by MemoryModel
constexpr uint32_t kSmallestStack = 128 << 10;  // qemu-user's, too; what kernels give to arguments

[[noreturn]] void list_log_items() {
  for (unsigned i = 0; i < kLogChannelCount; ++i) {
    const auto channel = static_cast<LogChannel>(i);
    print_row(std::string(log_channel_name(channel)),
              std::string(log_channel_help(channel)).c_str());
  }
  ::_exit(0);
}

[[noreturn]] void list_passes() {
  for (const PassRow& row : kPasses) print_row(row.name, row.help);
  ::_exit(0);
}

[[noreturn]] void list_cpu_models() {
  for (const i386::CpuModel& model : i386::cpu_models())
    print_row(std::string(model.name), std::string(model.text).c_str());
  ::_exit(0);
}

std::string bad_value(std::string_view value) {
  return "bad value '" + std::string(value) + "'";
}

/// A number, with K, M or G after it or not, from `minimum` to `maximum`.
template <typename T>
std::string set_size(T& result, const char* text, uint64_t minimum, uint64_t maximum) {
  char* end = nullptr;
  const uint64_t value = std::strtoull(text, &end, 0);
  unsigned shift = 0;
  if (*end == 'K' || *end == 'k') shift = 10;
  if (*end == 'M' || *end == 'm') shift = 20;
  if (*end == 'G' || *end == 'g') shift = 30;
  if (shift != 0) ++end;
  if (end == text || *end != '\0' || *text == '-' || value > (maximum >> shift) ||
      (value << shift) < minimum) {
    return bad_value(text);
  }
  result = static_cast<T>(value << shift);
  return {};
}

/// The place of `name` among `names`; none if it is not there.
std::optional<size_t> find_name(std::span<const char* const> names, std::string_view name) {
  for (size_t i = 0; i < names.size(); ++i) {
    if (name == names[i]) return i;
  }
  return {};
}

/// yes or no.
std::string set_switch(bool& result, const char* text) {
  constexpr const char* kWords[] = {"no", "yes", "false", "true", "0", "1"};
  const std::optional<size_t> word = find_name(kWords, text);
  if (!word) return bad_value(text) + ": yes or no";
  result = *word % 2 != 0;
  return {};
}

std::string switch_passes_off(translate::Passes& passes, std::string_view names) {
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
    if (!found) return "unknown pass '" + std::string(name) + "'";
  }
  return {};
}

/// Switches off all but the first `count` of --no-pass=help.
std::string keep_passes(translate::Passes& passes, const char* count) {
  size_t kept = 0;
  std::string problem = set_size(kept, count, 0, std::size(kPasses));
  if (!problem.empty()) return problem;
  for (size_t i = kept; i < std::size(kPasses); ++i) passes.*kPasses[i].member = false;
  return {};
}

std::string set_engine(CommandLine& line, std::string_view name) {
  const std::optional<size_t> kind = find_name(kEngines, name);
  if (!kind) return "unknown engine '" + std::string(name) + "'";
  line.engine = static_cast<EngineKind>(*kind);
  if (!kTranslates && line.engine != EngineKind::interpret)
    return "engine '" + std::string(name) + "' needs a MIPS64 host";
  return {};
}

std::string set_memory_model(CommandLine& line, std::string_view name) {
  const std::optional<size_t> model = find_name(kMemoryModels, name);
  if (!model) return "unknown memory model '" + std::string(name) + "'";
  line.memory_model = static_cast<MemoryModel>(*model);
  return {};
}

std::string set_cpu_model(CommandLine& line, std::string_view name) {
  for (const i386::CpuModel& model : i386::cpu_models()) {
    if (name == model.name) line.cpu_model = &model;
    if (name == model.name) return {};
  }
  return "unknown processor '" + std::string(name) + "'";
}

std::string set_page_size(CommandLine& line, const char* value) {
  std::string problem = set_size(line.host_page_bytes, value, 4096, 65536);
  const bool power_of_two = (line.host_page_bytes & (line.host_page_bytes - 1)) == 0;
  return problem.empty() && !power_of_two ? bad_value(value) + ": not a power of two" : problem;
}

std::string add_log_items(CommandLine& line, const char* items) {
  std::string_view unknown;
  if (!add_log_channels(line.log_channels, items, &unknown))
    return "unknown log item '" + std::string(unknown) + "'";
  const uint32_t blocks =
      log_channel_bit(LogChannel::in_asm) | log_channel_bit(LogChannel::out_asm);
  if ((line.log_channels & blocks) != 0 && !can_log_blocks())
    return "in_asm,out_asm: this ferry was built without Capstone, the disassembler";
  return {};
}

std::string set_strace(CommandLine& line, const char* value) {
  bool on = false;
  std::string problem = set_switch(on, value);
  line.log_channels &= ~log_channel_bit(LogChannel::strace);
  if (on) line.log_channels |= log_channel_bit(LogChannel::strace);
  return problem;
}

std::string add_log_filter(AddressFilter& filter, const char* ranges) {
  std::string_view wrong;
  return filter.add(ranges, &wrong) ? ""s : "bad range '" + std::string(wrong) + "'";
}

/// Whether `text` begins with "NAME=", and NAME is one that programs use.
bool names_variable(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) return false;
  for (size_t i = 0; i < equals; ++i) {
    const char c = text[i];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (!letter && (i == 0 || c < '0' || c > '9')) return false;
  }
  return true;
}

/// "VAR=VALUE,VAR=VALUE" as qemu-user takes it. A comma before anything but "VAR=" belongs to the
/// value: qemu-user has no way to say such a value.
std::string set_variables(CommandLine& line, std::string_view list) {
  while (!list.empty()) {
    const size_t equals = list.find('=');
    if (equals == std::string_view::npos) return "no '=' in '" + std::string(list) + "'";
    size_t comma = list.find(',', equals);
    while (comma != std::string_view::npos && !names_variable(list.substr(comma + 1)))
      comma = list.find(',', comma + 1);
    line.environment_changes.push_back({std::string(list.substr(0, comma)), equals});
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  }
  return {};
}

/// Calls `take` for each name of "VAR,VAR". Returns what is wrong with one.
template <typename Take>
std::string for_each_variable(std::string_view list, Take take) {
  for (;;) {
    const size_t comma = list.find(',');
    const std::string_view name = list.substr(0, comma);
    if (name.empty() || name.find('=') != std::string_view::npos)
      return "'" + std::string(name) + "' is no variable's name";
    take(name);
    if (comma == std::string_view::npos) return {};
    list.remove_prefix(comma + 1);
  }
}

std::string unset_variables(CommandLine& line, std::string_view list) {
  return for_each_variable(list, [&](std::string_view name) {
    line.environment_changes.push_back({std::string(name), EnvironmentChange::kRemove});
  });
}

std::string keep_variables(CommandLine& line, std::string_view list) {
  return for_each_variable(list, [&](std::string_view name) {
    std::erase_if(line.environment_changes,
                  [&](const EnvironmentChange& change) { return change.name() == name; });
  });
}

std::string set_stack_size(CommandLine& line, const char* value) {
  std::string problem = set_size(line.stack_bytes, value, 1, 1u << 30);
  line.stack_bytes = std::max(line.stack_bytes, kSmallestStack);
  return problem;
}

std::string set_uname_release(CommandLine& line, const char* value) {
  constexpr size_t kLongest = 64;  // __NEW_UTS_LEN
  line.uname_release = value;
  return line.uname_release.size() > kLongest ? "longer than 64 bytes"s : ""s;
}

}  // namespace

void print(const std::string& text) {
  if (::write(STDOUT_FILENO, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    ::_exit(1);
}

void print_row(std::string left, const char* right) {
  constexpr size_t kColumn = 30;
  left.resize(left.size() < kColumn ? kColumn : left.size() + 1, ' ');
  print(left + right + "\n");
}

EngineKind default_engine() {
  return kTranslates ? EngineKind::translate : EngineKind::interpret;
}

bool asks_for_list(OptionId id, const char* value) {
  return (id == OptionId::log || id == OptionId::cpu || id == OptionId::no_pass) &&
         std::strcmp(value, "help") == 0;
}

void print_list(OptionId id) {
  if (id == OptionId::log) list_log_items();
  if (id == OptionId::cpu) list_cpu_models();
  list_passes();
}

std::string set_option(CommandLine& line, OptionId id, const char* value) {
  translate::Options& translation = line.translation;
  switch (id) {
    case OptionId::help:
    case OptionId::version:
    case OptionId::print_settings:
      return {};  // done when they were found
    case OptionId::root:
      line.root = value;
      return {};
    case OptionId::set_variable:
      return set_variables(line, value);
    case OptionId::unset_variable:
      return unset_variables(line, value);
    case OptionId::keep_variable:
      return keep_variables(line, value);
    case OptionId::argv0:
      line.argv0 = value;
      line.has_argv0 = true;
      return {};
    case OptionId::stack_size:
      return set_stack_size(line, value);
    case OptionId::cpu:
      return set_cpu_model(line, value);
    case OptionId::page_size:
      return set_page_size(line, value);
    case OptionId::uname:
      return set_uname_release(line, value);
    case OptionId::log:
      return add_log_items(line, value);
    case OptionId::log_file:
      line.log_file = value;
      return {};
    case OptionId::log_filter:
      return add_log_filter(line.log_filter, value);
    case OptionId::strace:
      return set_strace(line, value);
    case OptionId::engine:
      return set_engine(line, value);
    case OptionId::no_pass:
      return switch_passes_off(translation.passes, value);
    case OptionId::bisect:
      return keep_passes(translation.passes, value);
    case OptionId::max_translated:
      return set_size(line.max_translated, value, 0, UINT64_MAX);
    case OptionId::max_block:
      return set_size(translation.max_guest_instructions, value, 1, 64);
    case OptionId::max_branches:
      return set_size(translation.max_branches, value, 0, 64);
    case OptionId::cold_runs:
      return set_size(line.cold_runs, value, 0, 255);
    case OptionId::code_cache:
      return set_size(line.code_cache_bytes, value, 64 << 10, 240u << 20);
    case OptionId::no_chain:
      return set_switch(line.no_chain, value);
    case OptionId::exact_flags:
      return set_switch(translation.exact_flags, value);
    case OptionId::dead_flags:
      return set_switch(translation.dead_flags_at_calls, value);
    case OptionId::memory_model:
      return set_memory_model(line, value);
    case OptionId::core:
      return set_switch(line.core, value);
    case OptionId::stats:
      line.stats_file = value;
      return {};
  }
  return {};
}

std::string default_value(OptionId id) {
  const CommandLine line;
  switch (id) {
    case OptionId::engine:
      return kEngines[static_cast<size_t>(default_engine())];
    case OptionId::bisect:
      return std::to_string(std::size(kPasses));
    case OptionId::max_block:
      return std::to_string(line.translation.max_guest_instructions);
    case OptionId::max_branches:
      return std::to_string(line.translation.max_branches);
    case OptionId::cold_runs:
      return std::to_string(line.cold_runs);
    case OptionId::code_cache:
      return std::to_string(line.code_cache_bytes >> 20) + "M";
    case OptionId::memory_model:
      return kMemoryModels[static_cast<size_t>(line.memory_model)];
    default:
      break;
  }
  for (const OptionRow& row : kOptions) {
    if (row.id == id && row.is_switch()) return "no";
  }
  return {};
}

}  // namespace ferry::emulator
