#include "linux/kernel/guest_process.hpp"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "common/diagnostics.hpp"
#include "guest/i386/cpu_model.hpp"
#include "linux/abi/i386/abi_types.hpp"
#include "linux/host/errno_map.hpp"
#include "linux/host/host_syscall.hpp"
#include "linux/kernel/i386/signal_frame.hpp"
#include "linux/kernel/path.hpp"
#include "linux/kernel/threads.hpp"
#include "linux/load/program.hpp"

namespace ferry {

namespace {

namespace abi = i386::abi;
using i386::host_pointer;

constexpr int kNotFound = 127, kNotRunnable = 126;
constexpr uint32_t kStackTop = 0x7f000000;
/// What the kernel maps of the stack beyond what it puts there (fs/exec.c, setup_arg_pages).
constexpr uint32_t kFirstStack = 128u << 10;
constexpr uint32_t kMostArguments = 6u << 20;  ///< fs/exec.c, bprm_stack_limits
constexpr uint32_t kExecutableBase =
    0x56550000;  // where an i386 kernel puts PIEs, on any host page

// Host environment variables between a ferry and the ferry it execs; the guest never sees them.
constexpr std::string_view kRunnerVariable = "FERRY_RUNNER";
constexpr std::string_view kBinaryVariable = "FERRY_BINARY_FD";
constexpr std::string_view kStateVariable = "FERRY_STATE";
constexpr std::string_view kNameVariable = "FERRY_NAME";
constexpr std::string_view kProgramVariable = "FERRY_PROGRAM_FD";
constexpr std::string_view kSmallVariable = "FERRY_SMALL_FILES";

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
         name == kNameVariable || name == kProgramVariable || name == kSmallVariable;
}

[[noreturn]] void fail(const ProgramProblem& problem) {
  const bool missing = problem.error == abi::kENOENT || problem.error == abi::kENOTDIR;
  die(missing ? kNotFound : kNotRunnable, "%s: %s", problem.subject.c_str(), problem.reason);
}

}  // namespace

bool needs_guest_prefix(std::string_view variable) {
  for (const std::string_view start :
       {std::string_view("LD_"), std::string_view("QEMU_"), std::string_view("MALLOC_"),
        std::string_view("GLIBC_"), kGuestVariablePrefix}) {
    if (variable.starts_with(start)) return true;
  }
  const std::string_view name = variable.substr(0, variable.find('='));
  return is_private_variable(name);
}

void GuestProcess::take_private_variable(std::string_view name, std::string_view value) {
  if (name == kRunnerVariable) {
    runner = split_words(value);
  } else if (name == kBinaryVariable) {
    int inherited = -1;
    std::from_chars(value.data(), value.data() + value.size(), inherited);
    binary = hidden.inherit(inherited);
  } else if (name == kNameVariable) {
    executed_path = value;
  } else if (name == kProgramVariable) {
    const char* end = value.data() + value.size();
    const auto parsed = std::from_chars(value.data(), end, inherited_program_);
    const auto second = std::from_chars(std::min(parsed.ptr + 1, end), end, inherited_interpreter_);
    executed_descriptor = second.ptr != end;
  } else if (name == kStateVariable) {
    take_state(value);
  } else if (name == kSmallVariable) {
    small.take_text(value);
  }
}

void GuestProcess::take_state(std::string_view text) {
  uint64_t numbers[12] = {};
  for (uint64_t& number : numbers) {
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number, 16);
    text.remove_prefix(
        std::min<size_t>(static_cast<size_t>(parsed.ptr - text.data()) + 1, text.size()));
  }
  personality = static_cast<uint32_t>(numbers[0]);
  limit_address_space = {numbers[1], numbers[2]};
  limit_data = {numbers[3], numbers[4]};
  limit_stack = {numbers[5], numbers[6]};
  inherited_blocked = numbers[7];
  inherited_ignored = numbers[8];
  limit_files_soft_ = numbers[9];
  limit_files_hard = numbers[10];
  has_signalfd = numbers[11] != 0;
}

std::vector<std::string> GuestProcess::take_environment(char** host_environment) {
  const HostLimit stack = host_limit(RLIMIT_STACK);
  limit_stack = {stack.soft, stack.hard};
  std::vector<std::string> visible;
  for (char** entry = host_environment; *entry != nullptr; ++entry) {
    std::string_view text(*entry);
    const size_t equals = text.find('=');
    const std::string_view name = text.substr(0, equals);
    if (is_private_variable(name)) {
      take_private_variable(name, equals == std::string_view::npos ? "" : text.substr(equals + 1));
      continue;
    }
    if (name.starts_with(kGuestVariablePrefix)) text.remove_prefix(kGuestVariablePrefix.size());
    visible.emplace_back(text);
  }
  hide_descriptors();
  return visible;
}

void GuestProcess::hide_descriptors() {
  if (hidden[binary] < 0) {
    binary = hidden.hide(
        static_cast<int>(host_call(SYS_openat, AT_FDCWD, "/proc/self/exe", O_RDONLY | O_CLOEXEC)));
  }
  hidden.hide_log();
}

std::vector<std::string> GuestProcess::private_environment(SignalSet blocked,
                                                           const ProgramName& name,
                                                           const Program& program) const {
  std::vector<std::string> variables{
      std::string(kNameVariable) + "=" + name.shown,
      std::string(kProgramVariable) + "=" + std::to_string(program.descriptor.get()) + "," +
          std::to_string(program.interpreter.get()) + (name.path.empty() ? ",d" : "")};
  if (!runner.empty()) {
    std::string text(kRunnerVariable);
    char separator = '=';
    for (const std::string& word : runner) {
      text += separator;
      text += word;
      separator = ' ';
    }
    variables.push_back(std::move(text));
  }
  if (hidden[binary] >= 0)
    variables.push_back(std::string(kBinaryVariable) + "=" + std::to_string(hidden[binary]));
  if (std::string numbers = small.text_for_exec(); !numbers.empty())
    variables.push_back(std::string(kSmallVariable) + "=" + numbers);
  SignalSet ignored = 0;
  for (int signal = 1; signal <= static_cast<int>(kSignalCount); ++signal) {
    if (actions[static_cast<size_t>(signal)].handler == 1) ignored |= signal_bit(signal);
  }
  const HostLimit files = host_limit(RLIMIT_NOFILE);
  const uint64_t numbers[] = {personality,
                              limit_address_space.soft,
                              limit_address_space.hard,
                              limit_data.soft,
                              limit_data.hard,
                              limit_stack.soft,
                              limit_stack.hard,
                              blocked,
                              ignored,
                              files.soft,
                              std::min(files.hard, limit_files_hard),
                              uint64_t{has_signalfd}};
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

void* ProcessPages::reach(uint32_t guest_address, bool write) {
  return current_thread()->process->reach(guest_address, write);
}

// --- the start of a program ---------------------------------------------------------------------

namespace {

/// Builds the initial stack downwards (arch-independent part: fs/binfmt_elf.c, create_elf_tables).
class StackBuilder {
 public:
  explicit StackBuilder(uint32_t top, uint32_t bottom) : position_(top), bottom_(bottom) {}

  uint32_t push(const void* data, size_t size) {
    if (size > position_ - bottom_) die(kNotRunnable, "argument list too long");
    position_ -= static_cast<uint32_t>(size);
    std::memcpy(host_pointer(position_), data, size);
    return position_;
  }
  uint32_t push_string(const std::string& text) { return push(text.c_str(), text.size() + 1); }
  void align(uint32_t alignment) { position_ &= ~(alignment - 1); }
  [[nodiscard]] uint32_t position() const { return position_; }

 private:
  uint32_t position_;
  uint32_t bottom_;
};

struct Loaded {
  LoadedElf executable;
  LoadedElf interpreter;
  bool has_interpreter = false;
};

/// The program cannot be given its memory. For the kernel that is after the point of no return: an
/// exec ends in SIGSEGV.
[[noreturn]] void fail_mapping(const GuestProcess& process, const Program& program, Errno error) {
  if (process.executed_by_guest()) die_by_signal(abi::kSIGSEGV);
  die(kNotRunnable, "%s: cannot be mapped: %s", program.path.c_str(),
      guest_errno_text(error.value));
}

Loaded load_program(GuestProcess& process, const Program& program) {
  AddressSpace& space = *process.space;
  const ElfImage& image = program.image;
  // arch/x86/include/asm/elf.h: no PT_GNU_STACK means that everything readable is executable.
  constexpr uint32_t kReadImpliesExec = 0x0400000;  // include/uapi/linux/personality.h
  if (!image.has_stack_header) process.personality |= kReadImpliesExec;
  space.set_read_implies_exec((process.personality & kReadImpliesExec) != 0);
  Loaded loaded;
  const Result<LoadedElf> executable =
      map_program(space, program.descriptor.get(), image, kExecutableBase);
  if (!executable.ok()) fail_mapping(process, program, executable.error());
  loaded.executable = executable.value();
  const uint32_t host_page = space.host_page_size();
  space.start_break((loaded.executable.end + host_page - 1) & ~(host_page - 1));
  if (image.has_interpreter) {
    const Result<LoadedElf> interpreter = map_interpreter(
        space, program.interpreter.get(), program.interpreter_image, image.position_independent);
    if (!interpreter.ok()) fail_mapping(process, program, interpreter.error());
    loaded.interpreter = interpreter.value();
    loaded.has_interpreter = true;
  }
  const LoadedElf& found = loaded.executable;
  process.layout.start_code = found.start_code;
  process.layout.end_code = found.end_code;
  process.layout.start_data = found.start_data;
  process.layout.end_data = found.end_data;
  process.layout.start_brk = space.program_break();
  return loaded;
}

/// Bytes of [stack] at the start: what `request` and the auxiliary vector take, and the kernel's
/// first extent, as far as the limit allows; at least what -s asks for. The rest grows on demand.
uint32_t first_stack_size(const GuestProcess& process, const Program& program,
                          const LaunchRequest& request) {
  uint64_t size = 2 * kGuestPageSize;
  for (const auto* strings : {&program.arguments, &request.environment}) {
    for (const std::string& text : *strings) size += text.size() + 1 + sizeof(uint32_t);
  }
  if (size > kMostArguments) die(kNotRunnable, "argument list too long");
  const uint64_t limit = std::max<uint64_t>(process.limit_stack.soft, size);
  size = std::max<uint64_t>(std::min(size + kFirstStack, limit), request.stack_size);
  return page_ceil(static_cast<uint32_t>(std::min<uint64_t>(size, kStackTop / 4)));
}

/// The bottom of the stack.
uint32_t map_stack(GuestProcess& process, uint32_t size, bool executable) {
  const uint32_t host_page = process.space->host_page_size();
  MapRequest request;
  request.address = (kStackTop - size) & ~(host_page - 1);
  request.length = kStackTop - request.address;
  request.protection = kProtRead | kProtWrite | (executable ? kProtExec : 0);
  request.placement = MapRequest::Placement::fixed_no_replace;
  request.grows_down = true;
  request.extra_host_flags = MAP_NORESERVE;
  request.name = "[stack]";
  if (!process.space->map(request).ok()) {
    if (process.executed_by_guest()) die_by_signal(abi::kSIGSEGV);
    die(kNotRunnable, "no room for the stack");
  }
  return request.address;
}

std::vector<uint32_t> auxiliary_entries(const GuestProcess& process, const Program& program,
                                        const Loaded& loaded) {
  const uint32_t uid = static_cast<uint32_t>(host_call(SYS_getuid));
  const uint32_t gid = static_cast<uint32_t>(host_call(SYS_getgid));
  return {AT_SYSINFO,      process.vdso.vsyscall,
          AT_SYSINFO_EHDR, process.vdso.base,
          AT_MINSIGSTKSZ,  i386::kLargestSignalFrame,
          AT_HWCAP,        i386::cpuid(1).edx,
          AT_PAGESZ,       kGuestPageSize,
          AT_CLKTCK,       100,
          AT_PHDR,         loaded.executable.program_headers,
          AT_PHENT,        sizeof(Elf32_Phdr),
          AT_PHNUM,        program.image.program_header_count,
          AT_BASE,         loaded.interpreter.bias,
          AT_FLAGS,        0,
          AT_ENTRY,        loaded.executable.entry,
          AT_UID,          uid,
          AT_EUID,         static_cast<uint32_t>(host_call(SYS_geteuid)),
          AT_GID,          gid,
          AT_EGID,         static_cast<uint32_t>(host_call(SYS_getegid)),
          AT_SECURE,       0};
}

/// Returns the initial esp.
uint32_t build_stack(GuestProcess& process, const Program& program, const LaunchRequest& request,
                     const Loaded& loaded, uint32_t stack_begin) {
  StackBuilder stack(kStackTop, stack_begin);
  const uint64_t zero = 0;  // a pointer of a 64-bit kernel's (fs/exec.c, __bprm_mm_init)
  stack.push(&zero, sizeof zero);
  const uint32_t file_name = stack.push_string(process.executed_path);
  std::vector<uint32_t> words;
  words.push_back(static_cast<uint32_t>(program.arguments.size()));
  std::vector<uint32_t> environment;
  ProgramLayout& layout = process.layout;
  // The kernel puts the strings in ascending order: argv[0] lowest.
  layout.env_end = stack.position();
  for (size_t i = request.environment.size(); i-- > 0;) {
    environment.push_back(stack.push_string(request.environment[i]));
  }
  layout.env_start = layout.arg_end = stack.position();
  std::vector<uint32_t> arguments;
  for (size_t i = program.arguments.size(); i-- > 0;) {
    arguments.push_back(stack.push_string(program.arguments[i]));
  }
  layout.arg_start = stack.position();
  words.insert(words.end(), arguments.rbegin(), arguments.rend());
  words.push_back(0);
  words.insert(words.end(), environment.rbegin(), environment.rend());
  words.push_back(0);

  const uint32_t platform = stack.push("i686", 5);
  stack.align(16);
  uint8_t seed[16] = {};
  host_call(SYS_getrandom, seed, sizeof seed, 0);
  const uint32_t random = stack.push(seed, sizeof seed);
  std::vector<uint32_t>& auxiliary = process.auxiliary_vector;
  auxiliary = auxiliary_entries(process, program, loaded);
  auxiliary.insert(auxiliary.end(), {AT_RANDOM, random, AT_HWCAP2, 0, AT_EXECFN, file_name,
                                     AT_PLATFORM, platform, AT_NULL, 0});
  words.insert(words.end(), auxiliary.begin(), auxiliary.end());

  const uint32_t size = static_cast<uint32_t>(words.size() * sizeof(uint32_t));
  const uint32_t esp = (stack.position() - size) & ~15u;
  if (size > stack.position() || esp < stack_begin) die(kNotRunnable, "argument list too long");
  std::memcpy(host_pointer(esp), words.data(), size);
  layout.start_stack = esp;
  return esp;
}

/// The name ps shows: the last part of the path as it was given: the link's, for busybox, and a
/// script's, not its interpreter's. Of a descriptor, its file's (since Linux 6.14; before that, its
/// number).
std::string command_name(const GuestProcess& process) {
  std::string_view name = process.executed_path;
  if (process.executed_descriptor) {
    constexpr std::string_view kDeleted = " (deleted)";
    name = process.executable;
    if (name.ends_with(kDeleted)) name.remove_suffix(kDeleted.size());
  }
  return std::string(name.substr(name.rfind('/') + 1));
}

}  // namespace

ProgramProblem GuestProcess::open_requested(const LaunchRequest& request, Program& program) const {
  if (inherited_program_ >= 0) {
    program.path = request.program;
    return inherit_program(inherited_program_, inherited_interpreter_, request.arguments, program);
  }
  ProgramName name;
  name.path = name.shown = request.program;
  return open_program(*this, name, request.arguments, program);
}

void GuestProcess::launch(Thread& thread, const LaunchRequest& request) {
  if (!root.empty()) {
    char canonical[PATH_MAX];
    if (realpath(root.c_str(), canonical) == nullptr)
      die(kNotRunnable, "%s: no such root", root.c_str());
    root = std::strcmp(canonical, "/") == 0 ? "" : canonical;
  }
  Program program;
  const ProgramProblem problem = open_requested(request, program);
  if (problem.error != 0) fail(problem);
  space->set_space_limit(limit_address_space.soft);
  space->set_data_limit(limit_data.soft);
  space->place_below_stack(kStackTop, std::max<uint64_t>(limit_stack.soft, request.stack_size));

  const Loaded loaded = load_program(*this, program);
  const uint32_t stack_begin =
      map_stack(*this, first_stack_size(*this, program, request),
                program.image.executable_stack || !program.image.has_stack_header);
  const Result<i386::Vdso> mapped_vdso = i386::map_vdso(*space);
  if (!mapped_vdso.ok()) die(kNotRunnable, "no room for the vdso");
  vdso = mapped_vdso.value();

  executable = guest_view(*this, descriptor_path(program.descriptor.get()));
  if (executable.empty()) executable = program.path;  // no /proc
  executable_file = hidden.hide(program.descriptor.release());
  if (executed_path.empty()) executed_path = request.program;
  host_call(SYS_prctl, PR_SET_NAME, command_name(*this).c_str());
  thread.cpu = i386::CpuState{};
  thread.cpu.gpr[i386::ESP] = build_stack(*this, program, request, loaded, stack_begin);
  thread.cpu.eip = loaded.has_interpreter ? loaded.interpreter.entry : loaded.executable.entry;
  thread.tid = static_cast<int32_t>(host_call(SYS_gettid));
  set_current_thread(&thread);
  initialize_signals(thread);
  lower_file_limit();
}

/// The exec that began this program gave ferry room for descriptors; from here on the guest's limit
/// holds.
void GuestProcess::lower_file_limit() const {
  if (limit_files_soft_ == UINT64_MAX) return;
  const HostLimit limit{limit_files_soft_, host_limit(RLIMIT_NOFILE).hard};
  host_call(SYS_prlimit64, 0, RLIMIT_NOFILE, &limit, nullptr);
}

}  // namespace ferry
