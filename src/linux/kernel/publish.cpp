#include "linux/kernel/publish.hpp"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <new>

#include "linux/host/host_syscall.hpp"
#include "linux/kernel/guest_process.hpp"

namespace ferry::linux {

namespace {

/// Memory of the process's own, which has the record's name in /proc/PID/maps.
void* map_record() {
  const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  const uint64_t size = (sizeof(PublishedProcess) + page - 1) & ~(page - 1);
  const long file =
      make_own_descriptor([] { return host_call(SYS_memfd_create, "ferry-process", MFD_CLOEXEC); });
  if (file < 0) return nullptr;
  long memory = -1;
  if (host_call(SYS_ftruncate, file, size) == 0)
    memory = host_call(SYS_mmap, nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
  host_call(SYS_close, file);
  return memory < 0 && memory > -4096 ? nullptr : reinterpret_cast<void*>(memory);
}

/// Tells the host's kernel where the guest's arguments are, which it shows to everybody: also to
/// those who may not read the record, and to programs that are no guests. A host without
/// CONFIG_CHECKPOINT_RESTORE, and an emulator, refuse.
void show_arguments_to_host(const ProgramLayout& layout) {
  struct prctl_mm_map map {};
  map.start_code = layout.start_code;
  map.end_code = layout.end_code;
  map.start_data = layout.start_data;
  map.end_data = layout.end_data;
  map.start_stack = layout.start_stack;
  map.arg_start = layout.arg_start;
  map.arg_end = layout.arg_end;
  map.env_start = layout.env_start;
  map.env_end = layout.env_end;
  // The heap remains ferry's. Where it begins only /proc/self/stat tells, which takes long to read;
  // that it begins here means only that what it has by now is not given back.
  map.start_brk = map.brk = static_cast<uint64_t>(host_call(SYS_brk, 0));
  map.exe_fd = static_cast<uint32_t>(-1);
  host_call(SYS_prctl, PR_SET_MM, PR_SET_MM_MAP, &map, sizeof map, 0);
}

}  // namespace

void publish(GuestProcess& process) {
  show_arguments_to_host(process.layout);
  void* const memory = map_record();
  if (memory == nullptr) return;
  auto& record = *new (memory) PublishedProcess;
  const std::vector<uint32_t>& auxiliary = process.auxiliary_vector;
  record.pid = static_cast<int32_t>(host_call(SYS_getpid));
  record.binary = process.binary;
  record.executable = process.executable_file;
  record.layout = process.layout;
  record.auxiliary_words =
      static_cast<uint32_t>(std::min(auxiliary.size(), record.auxiliary_vector.size()));
  std::copy_n(auxiliary.begin(), record.auxiliary_words, record.auxiliary_vector.begin());
  record.actions = reinterpret_cast<uint64_t>(process.actions.data());
  record.known_actions = reinterpret_cast<uint64_t>(&process.known_actions);
  process.publish(record);
  process.space->publish(record);
  process.hidden.publish(record.hidden);
  process.small.publish(record.small);
  record.magic.store(PublishedProcess::kMagic, std::memory_order_release);
}

}  // namespace ferry::linux
