#include "linux/syscalls/proc_files.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>

#include "guest/i386/cpu_model.hpp"
#include "linux/kernel/host_file.hpp"
#include "linux/kernel/path.hpp"
#include "linux/syscalls/calls.hpp"

namespace ferry::linux {

namespace {

std::string auxv_text(const GuestProcess& process) {
  const auto& words = process.auxiliary_vector;
  return {reinterpret_cast<const char*>(words.data()), words.size() * sizeof(uint32_t)};
}

/// [begin, end) of guest memory as far as it can be read.
std::string memory_text(uint32_t begin, uint32_t end) {
  std::string text;
  char piece[256];
  while (begin < end) {
    const uint32_t size = std::min({end - begin, static_cast<uint32_t>(sizeof piece),
                                    guest::kPageSize - (begin & guest::kPageMask)});
    if (!copy_in_bytes(begin, piece, size)) break;
    text.append(piece, size);
    begin += size;
  }
  return text;
}

/// The arguments as they are in memory now (fs/proc/base.c, get_mm_cmdline): a program that has
/// overwritten the last NUL has written a title, which may run on into the environment.
std::string command_line_text(const GuestProcess& process) {
  const ProgramLayout& layout = process.layout;
  char last = 0;
  const bool readable = copy_in(layout.arg_end - 1, last);
  if (!readable || last == '\0') return memory_text(layout.arg_start, layout.arg_end);
  std::string title = memory_text(layout.arg_start, layout.arg_start + guest::kPageSize);
  title.resize(std::min(title.find('\0'), title.size() - 1) + 1);
  title.resize(std::min<size_t>(title.size(), layout.env_end - layout.arg_start));
  return title;
}

/// Field `number` of /proc/self/stat where the host's would describe ferry (fs/proc/array.c,
/// do_task_stat).
std::optional<uint64_t> own_stat_field(const GuestProcess& process, unsigned number) {
  const ProgramLayout& layout = process.layout;
  switch (number) {
    case 23:
      return process.space->mapped_bytes();
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

/// The host's line with the guest's name, size and addresses. An emulator below writes its own name
/// into the line, but prctl gives the name that was set.
std::string stat_text(const GuestProcess& process) {
  std::string host = read_host_file("/proc/self/stat");
  const size_t name_end = host.rfind(')');
  if (name_end == std::string::npos) return host;
  char name[16] = {};
  host_call(SYS_prctl, PR_GET_NAME, name);
  std::string text = host.substr(0, host.find('(') + 1) + name + ")";
  unsigned field = 2;
  size_t position = name_end + 1;
  while (position < host.size() && host[position] == ' ') {
    const size_t end = host.find_first_of(" \n", position + 1);
    const std::string value = host.substr(position + 1, end - position - 1);
    const std::optional<uint64_t> own = own_stat_field(process, ++field);
    text += ' ';
    text += own ? std::to_string(*own) : value;
    position = end;
  }
  return text + '\n';
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

std::optional<CallResult> open_proc_file(Thread& thread, ProcEntry entry, uint32_t host_flags) {
  const GuestProcess& process = *thread.process;
  if (entry == ProcEntry::none || entry == ProcEntry::exe) return {};
  if ((host_flags & O_ACCMODE) != O_RDONLY) return abi::kEACCES;
  switch (entry) {
    case ProcEntry::maps:
      return descriptor_of(process.space->maps_text(process.root), host_flags);
    case ProcEntry::cmdline:
      return descriptor_of(command_line_text(process), host_flags);
    case ProcEntry::environ:
      return descriptor_of(memory_text(process.layout.env_start, process.layout.env_end),
                           host_flags);
    case ProcEntry::auxv:
      return descriptor_of(auxv_text(process), host_flags);
    case ProcEntry::stat:
      return descriptor_of(stat_text(process), host_flags);
    default:
      return descriptor_of(cpuinfo_text(), host_flags);
  }
}

}  // namespace ferry::linux
