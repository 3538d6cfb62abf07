#include "linux/load/launch.hpp"

#include <limits.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "common/diagnostics.hpp"
#include "linux/host/host_syscall.hpp"
#include "linux/kernel/descriptor_names.hpp"
#include "linux/kernel/errno_map.hpp"
#include "linux/kernel/path.hpp"
#include "linux/kernel/signals.hpp"
#include "linux/kernel/threads.hpp"

namespace ferry::linux {

namespace {

constexpr int kWrongOption = 1;
constexpr int kNotFound = 127;
/// Where an i386 kernel puts PIEs, on any host page.
constexpr uint32_t kExecutableBase = 0x56550000;

[[noreturn]] void fail(const ProgramProblem& problem) {
  const bool missing = problem.error == abi::kENOENT || problem.error == abi::kENOTDIR;
  die(missing ? kNotFound : kNotRunnable, "%s: %s", problem.subject.c_str(),
      problem.reason.c_str());
}

/// The program's memory cannot be mapped. In the kernel this happens after the point of no return:
/// it kills the process with SIGSEGV.
[[noreturn]] void fail_mapping(const GuestProcess& process, const Program& program, Errno error) {
  if (process.executed_by_guest()) die_by_signal({.signo = abi::kSIGSEGV, .code = SI_KERNEL});
  die(kNotRunnable, "%s: cannot be mapped: %s", program.path.c_str(), guest_errno_text(error));
}

/// ROOT without links and a slash at its end; empty if it is the host's own root folder.
std::string canonical_root(const std::string& root) {
  if (root == "/") return {};  // of most execs
  char canonical[PATH_MAX];
  // With the slash it must be a folder.
  if (realpath((root + "/").c_str(), canonical) == nullptr) {
    die(kWrongOption, "%s: no root for -L, the folder of an i386 system: %s", root.c_str(),
        std::strerror(errno));
  }
  return std::strcmp(canonical, "/") == 0 ? "" : canonical;
}

LoadedProgram load_program(GuestProcess& process, const Program& program) {
  AddressSpace& space = *process.space;
  const ElfImage& image = program.image;
  // arch/x86/include/asm/elf.h: no PT_GNU_STACK means that everything readable is executable.
  constexpr uint32_t kReadImpliesExec = 0x0400000;  // include/uapi/linux/personality.h
  if (!image.has_stack_header) process.personality |= kReadImpliesExec;
  space.set_read_implies_exec((process.personality & kReadImpliesExec) != 0);
  LoadedProgram loaded;
  const Result<LoadedElf> executable =
      map_program(space, program.descriptor.get(), image, kExecutableBase);
  if (!executable.ok()) fail_mapping(process, program, executable.error());
  loaded.executable = executable.value();
  const uint32_t host_page = space.host_page_size();
  space.start_break((loaded.executable.end + host_page - 1) & ~(host_page - 1),
                    loaded.executable.end_data - loaded.executable.start_data);
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

/// The name that ps shows: the last part of the path as the caller gave it. For busybox that is the
/// link's name, for a script the script's and not the interpreter's. For a descriptor it is the
/// file's name (since Linux 6.14; the descriptor's number before).
std::string command_name(const GuestProcess& process) {
  std::string_view name = process.executed_path;
  if (process.executed_descriptor) {
    constexpr std::string_view kDeleted = " (deleted)";
    name = process.executable;
    if (name.ends_with(kDeleted)) name.remove_suffix(kDeleted.size());
  }
  return std::string(name.substr(name.rfind('/') + 1));
}

ProgramProblem open_requested(const GuestProcess& process, const LaunchRequest& request,
                              Program& program) {
  if (process.executed_by_guest()) {
    program.path = request.program;
    return inherit_program(process.inherited.program, process.inherited.interpreter,
                           request.arguments, program);
  }
  ProgramName name;
  name.path = name.shown = request.program;
  return open_program(process, name, request.arguments, program);
}

/// The exec that started this program raised the limit of descriptors for ferry's own files; from
/// here on the guest's limit applies.
void lower_file_limit(const GuestProcess& process) {
  if (process.inherited.soft_file_limit == UINT64_MAX) return;
  const HostLimit limit{process.inherited.soft_file_limit, host_limit(RLIMIT_NOFILE).hard};
  host_call(SYS_prlimit64, 0, RLIMIT_NOFILE, &limit, nullptr);
}

}  // namespace

void launch(GuestProcess& process, Thread& thread, const LaunchRequest& request) {
  if (!process.root.empty()) process.root.set(canonical_root(process.root.path()));
  Program program;
  const ProgramProblem problem = open_requested(process, request, program);
  if (problem.error != kOk) fail(problem);
  process.space->set_space_limit(process.limit_address_space.soft);
  process.space->set_data_limit(process.limit_data.soft, process.limit_data.hard);
  process.space->place_below_stack(
      kStackTop, std::max<uint64_t>(process.limit_stack.soft, request.stack_size));

  const LoadedProgram loaded = load_program(process, program);
  const uint32_t stack_begin = map_stack(process, program, request);
  const Result<Vdso> mapped_vdso = map_vdso(*process.space);
  if (!mapped_vdso.ok()) die(kNotRunnable, "no room for the vdso");
  process.vdso = mapped_vdso.value();

  process.executable = guest_view(process, descriptor_path(program.descriptor.get()));
  if (process.executable.empty()) process.executable = program.path;  // no /proc
  process.executable_file = process.hidden.hide(program.descriptor.release());
  if (process.executed_path.empty()) process.executed_path = request.program;
  host_call(SYS_prctl, PR_SET_NAME, command_name(process).c_str());
  thread.cpu.ldt = &process.space->local_descriptors();
  thread.cpu.gpr[i386::ESP] = build_stack(process, program, request, loaded, stack_begin);
  thread.cpu.eip = loaded.has_interpreter ? loaded.interpreter.entry : loaded.executable.entry;
  thread.tid = static_cast<int32_t>(host_call(SYS_gettid));
  set_current_thread(&thread);
  initialize_signals(thread);
  lower_file_limit(process);
}

}  // namespace ferry::linux
