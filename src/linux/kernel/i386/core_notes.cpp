#include "linux/kernel/i386/core_notes.hpp"

#include <elf.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "guest/i386/x87/image.hpp"
#include "linux/abi/i386/core_types.hpp"
#include "linux/host/host_syscall.hpp"
#include "linux/kernel/guest_process.hpp"
#include "linux/kernel/i386/user_desc.hpp"
#include "linux/kernel/path.hpp"
#include "linux/kernel/threads.hpp"
#include "linux/kernel/user_memory.hpp"

namespace ferry::linux {

using namespace i386;

namespace {

class Notes {
 public:
  /// Name and contents are padded to four bytes.
  void add(std::string_view name, uint32_t type, std::span<const uint8_t> contents) {
    const Elf32_Nhdr header{static_cast<Elf32_Word>(name.size() + 1),
                            static_cast<Elf32_Word>(contents.size()), type};
    append(header);
    bytes_.insert(bytes_.end(), name.begin(), name.end());
    bytes_.push_back(0);
    pad();
    bytes_.insert(bytes_.end(), contents.begin(), contents.end());
    pad();
  }
  template <typename T>
  requires std::is_trivially_copyable_v<T>
  void add(std::string_view name, uint32_t type, const T& contents) {
    add(name, type, {reinterpret_cast<const uint8_t*>(&contents), sizeof contents});
  }
  [[nodiscard]] std::vector<uint8_t> take() { return std::move(bytes_); }

 private:
  template <typename T>
  void append(const T& value) {
    const auto* const bytes = reinterpret_cast<const uint8_t*>(&value);
    bytes_.insert(bytes_.end(), bytes, bytes + sizeof value);
  }
  void pad() { bytes_.resize((bytes_.size() + 3) & ~size_t{3}); }

  std::vector<uint8_t> bytes_;
};

abi::TimeVal32 time_from(const timeval& time) {
  return {static_cast<int32_t>(time.tv_sec), static_cast<int32_t>(time.tv_usec)};
}

/// orig_eax: the number of a call that the thread has just made, else -1.
uint32_t original_eax(const Thread& thread) {
  uint16_t before = 0;
  constexpr uint16_t kInt80 = 0x80cd;
  const bool after_call =
      thread.signals.trap_number == 0 && copy_in(thread.cpu.eip - 2, before) && before == kInt80;
  return after_call ? thread.syscall_number : UINT32_MAX;
}

/// fill_prstatus of the kernel. The times are those of the whole process, and stand with its first
/// thread.
abi::ElfPrStatus status_of(const Thread& thread, const abi::SigInfo& info) {
  const CpuState& cpu = thread.cpu;
  abi::ElfPrStatus status{};
  status.signo = info.signo;
  status.current_signal = static_cast<int16_t>(info.signo);
  status.pending = static_cast<uint32_t>(thread.signals.held.set());
  status.held = static_cast<uint32_t>(thread.signals.mask);
  status.pid = thread.tid;
  status.ppid = static_cast<int32_t>(host_call(SYS_getppid));
  status.pgrp = static_cast<int32_t>(host_call(SYS_getpgid, 0));
  status.sid = static_cast<int32_t>(host_call(SYS_getsid, 0));
  if (thread.tid == host_call(SYS_getpid)) {
    struct rusage own {};
    struct rusage children {};
    host_call(SYS_getrusage, RUSAGE_SELF, &own);
    host_call(SYS_getrusage, RUSAGE_CHILDREN, &children);
    status.user = time_from(own.ru_utime);
    status.system = time_from(own.ru_stime);
    status.children_user = time_from(children.ru_utime);
    status.children_system = time_from(children.ru_stime);
  }
  status.registers = {cpu.gpr[EBX],     cpu.gpr[ECX],     cpu.gpr[EDX],     cpu.gpr[ESI],
                      cpu.gpr[EDI],     cpu.gpr[EBP],     cpu.gpr[EAX],     cpu.selector[DS],
                      cpu.selector[ES], cpu.selector[FS], cpu.selector[GS], original_eax(thread),
                      cpu.eip,          cpu.selector[CS], cpu.eflags,       cpu.gpr[ESP],
                      cpu.selector[SS]};
  status.fp_valid = 1;
  return status;
}

/// fill_psinfo of the kernel.
abi::ElfPrPsInfo process_info(const GuestProcess& process) {
  constexpr uint32_t kSignaled = 0x400, kDumping = 0x200;  // PF_SIGNALED, PF_DUMPCORE
  constexpr int kHighestNice = 20;                         // the system call gives 20 - nice
  abi::ElfPrPsInfo info{};
  info.state_name = 'R';
  info.nice = static_cast<int8_t>(kHighestNice - host_call(SYS_getpriority, PRIO_PROCESS, 0));
  info.flags = kSignaled | kDumping;
  info.uid = static_cast<uint16_t>(host_call(SYS_getuid));
  info.gid = static_cast<uint16_t>(host_call(SYS_getgid));
  info.pid = static_cast<int32_t>(host_call(SYS_getpid));
  info.ppid = static_cast<int32_t>(host_call(SYS_getppid));
  info.pgrp = static_cast<int32_t>(host_call(SYS_getpgid, 0));
  info.sid = static_cast<int32_t>(host_call(SYS_getsid, 0));
  host_call(SYS_prctl, PR_GET_NAME, info.name.data());
  const ProgramLayout& layout = process.layout;
  const auto size =
      std::min(layout.arg_end - layout.arg_start, static_cast<uint32_t>(info.arguments.size() - 1));
  if (copy_in_bytes(layout.arg_start, info.arguments.data(), size))
    std::replace(info.arguments.begin(), info.arguments.begin() + size, '\0', ' ');
  return info;
}

/// fill_files_note of the kernel: count, page size, three words a mapping, then the names.
std::vector<uint8_t> mapped_files(const GuestProcess& process) {
  std::vector<uint32_t> words = {0, guest::kPageSize};
  std::string names;
  for (const Mapping& mapping : process.space->mappings()) {
    const MappedFile& file = process.space->file(mapping.file);
    if (file.id.inode == 0) continue;
    ++words.front();
    words.insert(words.end(), {mapping.begin, mapping.end,
                               static_cast<uint32_t>(mapping.offset / guest::kPageSize)});
    names += guest_view(process, file.path);
    names += '\0';
  }
  const auto* const bytes = reinterpret_cast<const uint8_t*>(words.data());
  std::vector<uint8_t> note(bytes, bytes + words.size() * sizeof(uint32_t));
  note.insert(note.end(), names.begin(), names.end());
  return note;
}

void add_registers(Notes& notes, const Thread& thread) {
  std::array<uint8_t, environment_size(4) + kRegisterImageSize> fp{};
  store_environment(thread.cpu.x87, 4, fp.data());
  store_registers(thread.cpu.x87, fp.data() + environment_size(4));
  notes.add("CORE", abi::kNoteFpRegs, fp);
  std::array<uint8_t, kFxsaveImageSize> fx{};
  store_fxsave_image(thread.cpu, fx.data(), ImagePointers::always);
  notes.add("LINUX", abi::kNoteFxRegs, fx);
  std::array<abi::UserDesc, kTlsEntries> tls{};
  for (unsigned i = 0; i < kTlsEntries; ++i)
    tls[i] = user_desc_of(kFirstTlsEntry + i, thread.cpu.tls[i]);
  const bool any = std::any_of(thread.cpu.tls.begin(), thread.cpu.tls.end(),
                               [](const SegmentDescriptor& entry) { return entry.exists(); });
  if (any) notes.add("LINUX", abi::kNoteTls, tls);
}

}  // namespace

std::vector<uint8_t> core_notes(std::span<Thread* const> threads, const abi::SigInfo& info) {
  const GuestProcess& process = *threads.front()->process;
  Notes notes;
  for (const Thread* const thread : threads) {
    notes.add("CORE", abi::kNotePrStatus, status_of(*thread, info));
    if (thread == threads.front()) {
      notes.add("CORE", abi::kNotePrPsInfo, process_info(process));
      notes.add("CORE", abi::kNoteSigInfo, info);
      const std::vector<uint32_t>& auxv = process.auxiliary_vector;
      notes.add("CORE", abi::kNoteAuxv,
                {reinterpret_cast<const uint8_t*>(auxv.data()), auxv.size() * sizeof(uint32_t)});
      notes.add("CORE", abi::kNoteFile, mapped_files(process));
    }
    add_registers(notes, *thread);
  }
  return notes.take();
}

}  // namespace ferry::linux
