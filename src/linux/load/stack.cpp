#include "linux/load/stack.hpp"

#include <elf.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "common/diagnostics.hpp"
#include "guest/i386/cpu_model.hpp"
#include "guest/memory/memory.hpp"
#include "linux/host/host_syscall.hpp"
#include "linux/kernel/i386/signal_frame.hpp"
#include "linux/kernel/signals.hpp"
#include "linux/load/exec_environment.hpp"

namespace ferry::linux {

namespace {

/// How much stack the kernel maps beyond what it puts there (fs/exec.c, setup_arg_pages).
constexpr uint32_t kFirstStack = 128u << 10;
constexpr uint32_t kMostArguments = 6u << 20;  ///< fs/exec.c, bprm_stack_limits

/// Builds the initial stack downwards (arch-independent part: fs/binfmt_elf.c, create_elf_tables).
class StackBuilder {
 public:
  explicit StackBuilder(uint32_t top, uint32_t bottom) : position_(top), bottom_(bottom) {}

  uint32_t push(const void* data, size_t size) {
    if (size > position_ - bottom_) die(kNotRunnable, "argument list too long");
    position_ -= static_cast<uint32_t>(size);
    std::memcpy(guest::host_pointer(position_), data, size);
    return position_;
  }
  uint32_t push_string(const std::string& text) { return push(text.c_str(), text.size() + 1); }
  void align(uint32_t alignment) { position_ &= ~(alignment - 1); }
  [[nodiscard]] uint32_t position() const { return position_; }

 private:
  uint32_t position_;
  uint32_t bottom_;
};

/// Bytes of [stack] at the start: room for `request` and the auxiliary vector, and the kernel's
/// first extent, as far as the limit allows; at least what -s asks for. The rest grows on demand.
uint32_t first_stack_size(const GuestProcess& process, const Program& program,
                          const LaunchRequest& request) {
  uint64_t size = 2 * guest::kPageSize;
  for (const auto* strings : {&program.arguments, &request.environment}) {
    for (const std::string& text : *strings) size += text.size() + 1 + sizeof(uint32_t);
  }
  if (size > kMostArguments) die(kNotRunnable, "argument list too long");
  const uint64_t limit = std::max<uint64_t>(process.limit_stack.soft, size);
  size = std::max<uint64_t>(std::min(size + kFirstStack, limit), request.stack_size);
  return guest::page_ceil(static_cast<uint32_t>(std::min<uint64_t>(size, kStackTop / 4)));
}

std::vector<uint32_t> auxiliary_entries(const GuestProcess& process, const Program& program,
                                        const LoadedProgram& loaded) {
  const uint32_t uid = static_cast<uint32_t>(host_call(SYS_getuid));
  const uint32_t gid = static_cast<uint32_t>(host_call(SYS_getgid));
  return {AT_SYSINFO,      process.vdso.vsyscall,
          AT_SYSINFO_EHDR, process.vdso.base,
          AT_MINSIGSTKSZ,  kLargestSignalFrame,
          AT_HWCAP,        i386::cpuid(1).edx,
          AT_PAGESZ,       guest::kPageSize,
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
          AT_SECURE,       has_foreign_rights()};
}

}  // namespace

uint32_t map_stack(GuestProcess& process, const Program& program, const LaunchRequest& request) {
  const uint32_t host_page = process.space->host_page_size();
  const uint32_t size = first_stack_size(process, program, request);
  const bool executable = program.image.executable_stack || !program.image.has_stack_header;
  MapRequest stack;
  stack.address = (kStackTop - size) & ~(host_page - 1);
  stack.length = kStackTop - stack.address;
  stack.protection = kProtRead | kProtWrite | (executable ? kProtExec : 0);
  stack.placement = MapRequest::Placement::fixed_no_replace;
  stack.grows_down = true;
  stack.extra_host_flags = MAP_NORESERVE;
  stack.name = "[stack]";
  if (!process.space->map(stack).ok()) {
    if (process.executed_by_guest()) die_by_signal({.signo = abi::kSIGSEGV, .code = SI_KERNEL});
    die(kNotRunnable, "no room for the stack");
  }
  return stack.address;
}

uint32_t build_stack(GuestProcess& process, const Program& program, const LaunchRequest& request,
                     const LoadedProgram& loaded, uint32_t stack_begin) {
  StackBuilder stack(kStackTop, stack_begin);
  const uint64_t zero = 0;  // one pointer of a 64-bit kernel (fs/exec.c, __bprm_mm_init)
  stack.push(&zero, sizeof zero);
  const uint32_t file_name = stack.push_string(process.executed_path);
  constexpr size_t kOtherWords = 64;  // the auxiliary vector, the number of arguments, two nulls
  std::vector<uint32_t> words;
  words.reserve(program.arguments.size() + request.environment.size() + kOtherWords);
  words.push_back(static_cast<uint32_t>(program.arguments.size()));
  std::vector<uint32_t> environment;
  environment.reserve(request.environment.size());
  ProgramLayout& layout = process.layout;
  // The kernel puts the strings in ascending order: argv[0] lowest.
  layout.env_end = stack.position();
  for (size_t i = request.environment.size(); i-- > 0;) {
    environment.push_back(stack.push_string(request.environment[i]));
  }
  layout.env_start = layout.arg_end = stack.position();
  std::vector<uint32_t> arguments;
  arguments.reserve(program.arguments.size());
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
  std::memcpy(guest::host_pointer(esp), words.data(), size);
  layout.start_stack = esp;
  return esp;
}

}  // namespace ferry::linux
