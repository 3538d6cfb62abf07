#include "linux/syscalls/proc_status.hpp"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "linux/host/host_syscall.hpp"
#include "linux/kernel/guest_process.hpp"
#include "linux/kernel/hidden_descriptors.hpp"
#include "linux/kernel/host_file.hpp"
#include "linux/kernel/signal_map.hpp"
#include "linux/kernel/threads.hpp"

namespace ferry::linux {

namespace {

/// The sets of one thread and its process, by the guest's numbers.
struct ThreadSignalSets {
  SignalSet pending, shared_pending, blocked, ignored, caught;
};

ThreadSignalSets signal_sets(const ProcessView* view, const ProcFile& file,
                             std::string_view host_status) {
  ThreadSignalSets sets{host_signals(host_status, "SigPnd:"), host_signals(host_status, "ShdPnd:"),
                        host_signals(host_status, "SigBlk:"), host_signals(host_status, "SigIgn:"),
                        host_signals(host_status, "SigCgt:")};
  if (view == nullptr) return sets;
  sets.shared_pending |= view->held;
  sets.ignored = view->ignored;
  sets.caught = view->caught;
  const ThreadView* const thread = view->find_thread(file.tid != 0 ? file.tid : file.pid);
  if (thread != nullptr) {
    sets.pending |= thread->held;
    sets.blocked = thread->blocked;
  }
  return sets;
}

/// FDSize without ferry's descriptors.
std::string descriptor_table_text(const ProcessView& view, const ProcFile& file) {
  const bool own = view.remote == nullptr;
  int highest = 0;
  for (const int fd : numbers_below(proc_path(file.pid, file.tid) + "fd")) {
    const bool closed = own && host_call(SYS_fcntl, fd, F_GETFD) < 0;
    if (!closed && !view.hides_descriptor(fd)) highest = std::max(highest, fd);
  }
  return std::to_string(descriptor_table_size(highest));
}

/// The two lines on seccomp(2) of a thread of this process, which only ferry knows.
std::optional<std::string> seccomp_line(int32_t tid, std::string_view name) {
  const bool mode = name == "Seccomp:";
  if ((!mode && name != "Seccomp_filters:") || current_thread() == nullptr) return {};
  const GuestProcess& process = *current_thread()->process;
  const LockGuard guard(process.lock);
  for (const Thread* const thread : process.threads) {
    if (thread->tid != tid) continue;
    return std::to_string(mode ? static_cast<uint32_t>(thread->seccomp_mode.get())
                               : filter_count(thread->seccomp_filter));
  }
  return {};
}

std::string kilobytes(uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%8llu kB", static_cast<unsigned long long>(bytes / 1024));
  return text;
}

/// The lines of memory (fs/proc/task_mmu.c, task_mem).
std::optional<std::string> memory_line(const MemorySizes& sizes, uint64_t program,
                                       std::string_view name) {
  const struct {
    std::string_view name;
    uint64_t bytes;
  } lines[] = {
      {"VmPeak:", sizes.most_mapped},
      {"VmSize:", sizes.mapped},
      {"VmLck:", sizes.locked},
      {"VmHWM:", sizes.resident},  // what it was at most, nobody counts
      {"VmRSS:", sizes.resident},
      {"RssAnon:", sizes.anonymous},
      {"RssFile:", sizes.of_files},
      {"RssShmem:", sizes.shared_memory},
      {"VmData:", sizes.data},
      {"VmStk:", sizes.stack},
      {"VmExe:", program},
      {"VmLib:", sizes.code - std::min(program, sizes.code)},
      {"VmSwap:", sizes.swapped},
  };
  for (const auto& line : lines) {
    if (line.name == name) return kilobytes(line.bytes);
  }
  return {};
}

/// Field `number` of stat where the host's would describe ferry (fs/proc/array.c, do_task_stat).
std::optional<uint64_t> memory_field(const ProcessView& view, unsigned number) {
  const ProgramLayout& layout = view.layout;
  switch (number) {
    case 20:
      return view.thread_count();
    case 23:
      return view.memory.totals.mapped;
    case 24:
      return sizes_of(view.memory).resident / guest::kPageSize;
    case 26:
      return layout.start_code;
    case 27:
      return layout.end_code;
    case 28:
      return layout.start_stack;
    case 29:  // esp and eip: shown only of a process that dumps core
    case 30:
      return 0;
    case 45:
      return layout.start_data;
    case 46:
      return layout.end_data;
    case 47:
      return layout.start_brk;
    case 48:
      return layout.arg_start;
    case 49:
      return layout.arg_end;
    case 50:
      return layout.env_start;
    case 51:
      return layout.env_end;
    default:
      return {};
  }
}

/// Field `number`, on the host `value`, with the guest's numbers of signals.
std::optional<uint64_t> signal_field(const ThreadSignalSets& sets, unsigned number, int value) {
  constexpr SignalSet kShown = 0x7fff'ffff;
  switch (number) {
    case 31:
      return sets.pending & kShown;
    case 32:
      return sets.blocked & kShown;
    case 33:
      return sets.ignored & kShown;
    case 34:
      return sets.caught & kShown;
    case 38:
      return value > 0 ? static_cast<unsigned>(signal_to_guest(value)) : std::optional<uint64_t>();
    case 52:
      return static_cast<uint32_t>(wait_status_to_guest(value));
    default:
      return {};
  }
}

std::optional<std::string> if_other(std::string text, const std::string& host) {
  return host.empty() || text == host ? std::optional<std::string>() : std::move(text);
}

}  // namespace

uint64_t program_code(const ProgramLayout& layout) {
  return guest::page_ceil(layout.end_code) - guest::page_floor(layout.start_code);
}

std::string signal_digits(SignalSet set) {
  char text[20];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(set));
  return text;
}

std::optional<std::string> status_text(const ProcessView* view, const ProcFile& file) {
  const std::string host = read_host_file((proc_path(file.pid, file.tid) + "status").c_str());
  const ThreadSignalSets sets = signal_sets(view, file, host);
  const MemorySizes sizes = view != nullptr ? sizes_of(view->memory) : MemorySizes{};
  const auto edit = [&](std::string_view name, std::string_view) -> std::optional<std::string> {
    if (name == "SigPnd:") return signal_digits(sets.pending);
    if (name == "ShdPnd:") return signal_digits(sets.shared_pending);
    if (name == "SigBlk:") return signal_digits(sets.blocked);
    if (name == "SigIgn:") return signal_digits(sets.ignored);
    if (name == "SigCgt:") return signal_digits(sets.caught);
    if (view == nullptr) return {};
    if (name == "Threads:") return std::to_string(view->thread_count());
    if (view->remote == nullptr) {
      if (auto line = seccomp_line(file.tid != 0 ? file.tid : file.pid, name)) return line;
    }
    if (name == "FDSize:") return descriptor_table_text(*view, file);
    return memory_line(sizes, program_code(view->layout), name);
  };
  return if_other(edit_lines(host, edit), host);
}

std::optional<std::string> stat_text(const ProcessView* view, const ProcFile& file) {
  const std::string folder = proc_path(file.pid, file.tid);
  const std::string host = read_host_file((folder + "stat").c_str());
  const ThreadSignalSets sets =
      signal_sets(view, file, read_host_file((folder + "status").c_str()));
  const size_t name_end = host.rfind(')');
  if (name_end == std::string::npos) return {};
  std::string text = host.substr(0, name_end + 1);
  unsigned field = 2;
  size_t position = name_end + 1;
  while (position < host.size() && host[position] == ' ') {
    const size_t end = host.find_first_of(" \n", position + 1);
    const std::string value = host.substr(position + 1, end - position - 1);
    int number = 0;
    std::from_chars(value.data(), value.data() + value.size(), number);
    std::optional<uint64_t> other = signal_field(sets, ++field, number);
    if (!other && view != nullptr) other = memory_field(*view, field);
    text += ' ';
    text += other ? std::to_string(*other) : value;
    position = end;
  }
  return if_other(text + '\n', host);
}

}  // namespace ferry::linux
