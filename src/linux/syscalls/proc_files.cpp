#include "linux/syscalls/proc_files.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <optional>
#include <string>

#include "guest/i386/cpu_model.hpp"
#include "linux/kernel/host_file.hpp"
#include "linux/kernel/own_view.hpp"
#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/convert.hpp"
#include "linux/syscalls/proc_status.hpp"
#include "linux/syscalls/small_files.hpp"

namespace ferry::linux {

namespace {

std::string auxv_text(const ProcessView& view) {
  const auto& words = view.auxiliary_vector;
  return {reinterpret_cast<const char*>(words.data()), words.size() * sizeof(uint32_t)};
}

/// The arguments as they are in memory now (fs/proc/base.c, get_mm_cmdline): a program that has
/// overwritten the last NUL has written a title, which may run on into the environment.
std::string command_line_text(const ProcessView& view) {
  const ProgramLayout& layout = view.layout;
  const std::string last = view.text_at(layout.arg_end - 1, layout.arg_end);
  if (last.empty() || last[0] == '\0') return view.text_at(layout.arg_start, layout.arg_end);
  std::string title = view.text_at(layout.arg_start, layout.arg_start + guest::kPageSize);
  title.resize(std::min(title.find('\0'), title.size() - 1) + 1);
  title.resize(std::min<size_t>(title.size(), layout.env_end - layout.arg_start));
  return title;
}

/// fs/proc/task_mmu.c, task_statm.
std::string statm_text(const ProcessView& view) {
  const MemorySizes sizes = sizes_of(view.memory);
  const uint64_t numbers[] = {sizes.mapped,
                              sizes.resident,
                              sizes.of_files + sizes.shared_memory,
                              program_code(view.layout),
                              0,
                              sizes.data + sizes.stack,
                              0};
  std::string text;
  for (const uint64_t bytes : numbers) {
    if (!text.empty()) text += ' ';
    text += std::to_string(bytes / guest::kPageSize);
  }
  return text + '\n';
}

/// The open flags in octal that the host shows for descriptor `number`, as the guest's.
std::string guest_flags_text(Thread& thread, const ProcessView& view, int number,
                             std::string_view host_text) {
  uint32_t host = 0;
  std::from_chars(host_text.data(), host_text.data() + host_text.size(), host, 8);
  const bool large = view.remote == nullptr
                         ? shows_large_file(thread, number, host)
                         : (host & kHostLargeFile) != 0 && !view.is_small(number);
  char text[16];
  std::snprintf(text, sizeof text, "0%o",
                open_flags_to_guest(host) | (large ? kGuestLargeFile : 0));
  return text;
}

/// A file of fdinfo: flags (fs/proc/fd.c, seq_show) and the signals of a signalfd (fs/signalfd.c)
/// are written with the guest's numbers. Nothing if there is no such file.
std::optional<std::string> descriptor_info_text(Thread& thread, const ProcessView& view,
                                                const ProcFile& file) {
  const std::string path = proc_path(file.pid, file.tid) + "fdinfo/" + std::to_string(file.number);
  const std::string host = read_host_file(path.c_str());
  if (host.empty()) return {};
  using Line = std::optional<std::string>;
  return edit_lines(host, [&](std::string_view name, std::string_view text) -> Line {
    if (name == "flags:") return guest_flags_text(thread, view, file.number, text);
    if (name == "sigmask:") return signal_digits(signals_from_text(text));
    return {};
  });
}

std::string cpuinfo_text() {
  const std::string online = read_host_file("/sys/devices/system/cpu/online");
  unsigned last = 0;
  const size_t dash = online.find_last_of("-,");
  for (const char c : online.substr(dash == std::string::npos ? 0 : dash + 1)) {
    if (c >= '0' && c <= '9') last = last * 10 + static_cast<unsigned>(c - '0');
  }
  const i386::CpuidLeaf names = i386::cpuid(0);
  const uint32_t vendor[3] = {names.ebx, names.edx, names.ecx};
  const std::string vendor_text(reinterpret_cast<const char*>(vendor), sizeof vendor);
  const uint32_t signature = i386::cpu_model().signature;
  const std::string flags = i386::cpuinfo_flags();
  std::string text;
  for (unsigned cpu = 0; cpu <= last; ++cpu) {
    char head[512];
    const int length = std::snprintf(
        head, sizeof head,
        "processor\t: %u\nvendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\nmodel name\t: ferry\n"
        "stepping\t: %u\ncpu MHz\t\t: 1000.000\ncache size\t: 512 KB\nfpu\t\t: "
        "yes\nfpu_exception\t: yes\n"
        "cpuid level\t: %u\nwp\t\t: yes\nflags\t\t:",
        cpu, vendor_text.c_str(), signature >> 8 & 15,
        (signature >> 4 & 15) | (signature >> 12 & 0xf0), signature & 15, names.eax);
    text.append(head, static_cast<size_t>(length));
    text += flags;
    text +=
        "\nbugs\t\t:\nbogomips\t: 2000.00\nclflush size\t: 64\ncache_alignment\t: 64\n"
        "address sizes\t: 32 bits physical, 32 bits virtual\npower management:\n\n";
  }
  return text;
}

/// The text of `file` for a process that `view` shows. Nothing for files that do not depend on it.
std::optional<std::string> text_of(Thread& thread, const ProcessView& view, const ProcFile& file) {
  const ProgramLayout& layout = view.layout;
  switch (file.entry) {
    case ProcEntry::maps:
      return maps_text(view.memory, thread.process->root.path());
    case ProcEntry::smaps:
      return smaps_text(view.memory, thread.process->root.path());
    case ProcEntry::smaps_rollup:
      return smaps_rollup_text(view.memory);
    case ProcEntry::statm:
      return statm_text(view);
    case ProcEntry::status:
      return status_text(&view, file);
    case ProcEntry::stat:
      return stat_text(&view, file);
    case ProcEntry::cmdline:
      return command_line_text(view);
    case ProcEntry::environ:
      return view.text_at(layout.env_start, layout.env_end);
    case ProcEntry::auxv:
      return auxv_text(view);
    case ProcEntry::descriptor_info:
      return descriptor_info_text(thread, view, file);
    default:
      return {};
  }
}

/// The text of `file` if the host's would be wrong.
std::optional<std::string> guest_text(Thread& thread, const ProcFile& file) {
  if (file.entry == ProcEntry::none || file.entry == ProcEntry::exe) return {};
  if (file.entry == ProcEntry::cpuinfo) return cpuinfo_text();
  if (is_own_process(*thread.process, file.pid)) return text_of(thread, own_view(thread), file);
  if (const std::optional<ProcessView> other =
          view_of_other(*thread.process, file.pid, ViewParts::all))
    return text_of(thread, *other, file);
  // Of any process, the numbers of signals are the host's.
  if (file.entry == ProcEntry::status) return status_text(nullptr, file);
  if (file.entry == ProcEntry::stat) return stat_text(nullptr, file);
  return {};
}

/// A descriptor that reads `text`.
CallResult descriptor_of(std::string_view text, uint32_t host_flags) {
  const long fd =
      host_call(SYS_memfd_create, "proc", (host_flags & O_CLOEXEC) != 0 ? MFD_CLOEXEC : 0);
  if (fd < 0) return guest_result(fd);
  while (!text.empty()) {
    const long count = host_call(SYS_write, fd, text.data(), text.size());
    if (count <= 0) break;
    text.remove_prefix(static_cast<size_t>(count));
  }
  host_call(SYS_lseek, fd, 0, SEEK_SET);
  return static_cast<uint32_t>(fd);
}

}  // namespace

std::optional<CallResult> open_proc_file(Thread& thread, const ProcFile& file,
                                         uint32_t host_flags) {
  const std::optional<std::string> text = guest_text(thread, file);
  if (!text) return {};
  if ((host_flags & O_ACCMODE) != O_RDONLY) return abi::kEACCES;
  return descriptor_of(*text, host_flags);
}

}  // namespace ferry::linux
