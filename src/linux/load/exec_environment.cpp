#include "linux/load/exec_environment.hpp"

#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <map>

#include "common/diagnostics.hpp"
#include "linux/host/host_syscall.hpp"
#include "linux/kernel/descriptor_names.hpp"

namespace ferry::linux {

namespace {

// Host environment variables between a ferry and the ferry it execs; the guest never sees them.
constexpr std::string_view kRunnerVariable = "FERRY_RUNNER";
constexpr std::string_view kBinaryVariable = "FERRY_BINARY_FD";
constexpr std::string_view kStateVariable = "FERRY_STATE";
constexpr std::string_view kNameVariable = "FERRY_NAME";
constexpr std::string_view kProgramVariable = "FERRY_PROGRAM_FD";
constexpr std::string_view kSmallVariable = "FERRY_SMALL_FILES";
constexpr std::string_view kTraceVariable = "FERRY_TRACE_FD";
/// One for each filter, with its number, oldest first: an emulator may change their order.
constexpr std::string_view kSeccompVariable = "FERRY_SECCOMP_";

/// The bits of GuestProcess::special_files that an exec hands on.
constexpr uint8_t kInheritedFiles =
    GuestProcess::kSignalfd | GuestProcess::kAnyMemoryFile | GuestProcess::kEventDevice;

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const size_t space = text.find(' ');
    if (space != 0) words.emplace_back(text.substr(0, space));
    if (space == std::string_view::npos) break;
    text.remove_prefix(space + 1);
  }
  return words;
}

bool is_private_variable(std::string_view name) {
  return name == kRunnerVariable || name == kBinaryVariable || name == kStateVariable ||
         name == kNameVariable || name == kProgramVariable || name == kSmallVariable ||
         name == kTraceVariable || name.starts_with(kSeccompVariable);
}

void take_state(GuestProcess& process, std::string_view text) {
  uint64_t numbers[12] = {};
  for (uint64_t& number : numbers) {
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number, 16);
    text.remove_prefix(
        std::min<size_t>(static_cast<size_t>(parsed.ptr - text.data()) + 1, text.size()));
  }
  process.personality = static_cast<uint32_t>(numbers[0]);
  process.limit_address_space = {numbers[1], numbers[2]};
  process.limit_data = {numbers[3], numbers[4]};
  process.limit_stack = {numbers[5], numbers[6]};
  process.inherited_blocked = numbers[7];
  process.inherited_ignored = numbers[8];
  process.inherited.soft_file_limit = numbers[9];
  process.limit_files_hard = numbers[10];
  process.special_files.set_bits(static_cast<uint8_t>(numbers[11]));
}

/// Takes the two descriptors that FERRY_PROGRAM_FD names. Returns whether the exec named a
/// descriptor and not a path.
bool take_program(std::string_view value, int& program, int& interpreter) {
  const char* end = value.data() + value.size();
  const auto parsed = std::from_chars(value.data(), end, program);
  const auto second = std::from_chars(std::min(parsed.ptr + 1, end), end, interpreter);
  return second.ptr != end;
}

void take_private_variable(GuestProcess& process, std::string_view name, std::string_view value) {
  if (name == kRunnerVariable) {
    process.runner = split_words(value);
  } else if (name == kBinaryVariable) {
    int inherited = -1;
    std::from_chars(value.data(), value.data() + value.size(), inherited);
    process.binary = process.hidden.inherit(inherited);
  } else if (name == kNameVariable) {
    process.executed_path = value;
  } else if (name == kProgramVariable) {
    process.executed_descriptor =
        take_program(value, process.inherited.program, process.inherited.interpreter);
  } else if (name == kStateVariable) {
    take_state(process, value);
  } else if (name == kSmallVariable) {
    process.small.take_text(value);
  } else if (name == kTraceVariable) {
    std::from_chars(value.data(), value.data() + value.size(), process.inherited.trace_memory);
  }
}

/// Filters by their numbers.
using Filters = std::map<unsigned, std::vector<FilterInstruction>>;

void take_filter(Filters& filters, std::string_view name, std::string_view value) {
  unsigned number = 0;
  name.remove_prefix(kSeccompVariable.size());
  std::from_chars(name.data(), name.data() + name.size(), number);
  if (auto filter = filter_from_text(value); !filter.empty()) filters[number] = std::move(filter);
}

void hide_descriptors(GuestProcess& process) {
  if (process.hidden[process.binary] < 0) {
    process.binary = process.hidden.hide(
        static_cast<int>(host_call(SYS_openat, AT_FDCWD, "/proc/self/exe", O_RDONLY | O_CLOEXEC)));
  }
  process.hidden.hide_log();
  if (log_enabled(LogChannel::strace))
    process.trace.begin(process.hidden, process.inherited.trace_memory);
}

/// Closes the descriptors that a ferry opened for this one, which does not trust it.
void close_private_descriptors(std::string_view name, std::string_view value) {
  int descriptors[] = {-1, -1};
  if (name == kProgramVariable || name == kBinaryVariable)
    take_program(value, descriptors[0], descriptors[1]);
  for (const int descriptor : descriptors) {
    if (descriptor > STDERR_FILENO) host_call(SYS_close, descriptor);
  }
}

}  // namespace

bool has_foreign_rights() {
  return getauxval(AT_SECURE) != 0;
}

std::string executed_name(std::span<const char* const> variables) {
  std::string name;
  for (const std::string_view text : variables) {
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view variable = text.substr(0, equals);
    const std::string_view value = text.substr(equals + 1);
    if (variable == kNameVariable) name = value;
    int program = -1;
    int interpreter = -1;
    if (variable == kProgramVariable && take_program(value, program, interpreter)) {
      name = descriptor_path(program);
      constexpr std::string_view kDeleted = " (deleted)";
      if (name.ends_with(kDeleted)) name.resize(name.size() - kDeleted.size());
      break;
    }
  }
  return name.substr(name.rfind('/') + 1);
}

bool needs_guest_prefix(std::string_view variable) {
  for (const std::string_view start :
       {std::string_view("LD_"), std::string_view("QEMU_"), std::string_view("MALLOC_"),
        std::string_view("GLIBC_"), kGuestVariablePrefix}) {
    if (variable.starts_with(start)) return true;
  }
  const std::string_view name = variable.substr(0, variable.find('='));
  return is_private_variable(name);
}

std::vector<std::string> take_environment(GuestProcess& process, char** host_environment) {
  const HostLimit stack = host_limit(RLIMIT_STACK);
  process.limit_stack = {stack.soft, stack.hard};
  std::vector<std::string> visible;
  Filters filters;
  const bool trusted = !has_foreign_rights();
  for (char** entry = host_environment; *entry != nullptr; ++entry) {
    std::string_view text(*entry);
    const size_t equals = text.find('=');
    const std::string_view name = text.substr(0, equals);
    if (!trusted && name.starts_with(kOwnPrefix)) {
      close_private_descriptors(name, text.substr(std::min(equals, text.size() - 1) + 1));
      continue;
    }
    if (name.starts_with(kSeccompVariable)) {
      take_filter(filters, name, text.substr(std::min(equals, text.size() - 1) + 1));
      continue;
    }
    if (is_private_variable(name)) {
      take_private_variable(process, name,
                            equals == std::string_view::npos ? "" : text.substr(equals + 1));
      continue;
    }
    if (name.starts_with(kGuestVariablePrefix)) text.remove_prefix(kGuestVariablePrefix.size());
    visible.emplace_back(text);
  }
  const SeccompFilter*& newest = process.inherited.seccomp_filter;
  for (auto& [number, filter] : filters) newest = keep_filter(std::move(filter), newest);
  hide_descriptors(process);
  return visible;
}

std::vector<std::string> seccomp_environment(const SeccompFilter* newest) {
  std::vector<std::string> variables;
  for (const SeccompFilter* filter = newest; filter != nullptr; filter = filter->previous)
    variables.push_back(std::string(kSeccompVariable) + std::to_string(filter_count(filter)) + "=" +
                        filter_text(*filter));
  return variables;
}

std::vector<std::string> private_environment(const GuestProcess& process, SignalSet blocked,
                                             const ProgramName& name, const Program& program) {
  std::vector<std::string> variables{
      std::string(kNameVariable) + "=" + name.shown,
      std::string(kProgramVariable) + "=" + std::to_string(program.descriptor.get()) + "," +
          std::to_string(program.interpreter.get()) + (name.path.empty() ? ",d" : "")};
  if (!process.runner.empty()) {
    std::string text(kRunnerVariable);
    char separator = '=';
    for (const std::string& word : process.runner) {
      text += separator;
      text += word;
      separator = ' ';
    }
    variables.push_back(std::move(text));
  }
  if (process.hidden[process.binary] >= 0)
    variables.push_back(std::string(kBinaryVariable) + "=" +
                        std::to_string(process.hidden[process.binary]));
  if (const int memory = process.hidden[process.trace.memory()]; memory >= 0)
    variables.push_back(std::string(kTraceVariable) + "=" + std::to_string(memory));
  if (std::string numbers = process.small.text_for_exec(); !numbers.empty())
    variables.push_back(std::string(kSmallVariable) + "=" + numbers);
  SignalSet ignored = 0;
  for (int signal = 1; signal <= static_cast<int>(kSignalCount); ++signal) {
    if (process.actions[static_cast<size_t>(signal)].handler == 1) ignored |= signal_bit(signal);
  }
  const HostLimit files = host_limit(RLIMIT_NOFILE);
  const uint64_t numbers[] = {process.personality,
                              process.limit_address_space.soft,
                              process.limit_address_space.hard,
                              process.limit_data.soft,
                              process.limit_data.hard,
                              process.limit_stack.soft,
                              process.limit_stack.hard,
                              blocked,
                              ignored,
                              files.soft,
                              std::min(files.hard, process.limit_files_hard),
                              uint64_t{process.special_files} & kInheritedFiles};
  std::string state(kStateVariable);
  char separator = '=';
  for (const uint64_t number : numbers) {
    char digits[20];
    const int length = std::snprintf(digits, sizeof digits, "%c%llx", separator,
                                     static_cast<unsigned long long>(number));
    state.append(digits, static_cast<size_t>(length));
    separator = ',';
  }
  variables.push_back(std::move(state));
  return variables;
}

}  // namespace ferry::linux
