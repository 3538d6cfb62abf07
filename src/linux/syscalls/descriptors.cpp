// Segment descriptors: TLS entries of the GDT, and the local descriptor table.
#include <algorithm>

#include "guest/i386/segments.hpp"
#include "linux/kernel/guest_process.hpp"
#include "linux/kernel/i386/segments.hpp"
#include "linux/kernel/i386/user_desc.hpp"
#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/handlers.hpp"
#include "linux/syscalls/tls.hpp"

namespace ferry::linux {

using i386::LocalDescriptorTable;
using i386::SegmentDescriptor;

namespace {

constexpr unsigned kContentsShift = 1;  // of user_desc's flags; there the type's bits 2 and 3

/// LDT_empty of the kernel: a user_desc that means "no segment".
bool is_empty(const abi::UserDesc& desc) {
  return desc.base == 0 && desc.limit == 0 &&
         desc.flags == (abi::kDescReadExecOnly | abi::kDescSegNotPresent);
}

/// LDT_empty or LDT_zero of the kernel, whose callers do not look at `lm` but for the first.
bool clears_tls_entry(const abi::UserDesc& desc) {
  return is_empty(desc) ||
         (desc.base == 0 && desc.limit == 0 && (desc.flags & ~abi::kDescLongMode) == 0);
}

/// tls_desc_okay of arch/x86/kernel/tls.c (6.1): 32-bit data segments that are present, or none.
bool is_tls_descriptor(const abi::UserDesc& desc) {
  if (clears_tls_entry(desc)) return true;
  return (desc.flags & abi::kDescSeg32Bit) != 0 && (desc.flags & abi::kDescCode) == 0 &&
         (desc.flags & abi::kDescSegNotPresent) == 0;
}

/// copy_in of a descriptor, without the bits of its flags that have no name.
bool copy_in_descriptor(uint32_t guest, abi::UserDesc& desc) {
  if (!copy_in(guest, desc)) return false;
  desc.flags &= abi::kDescAllFlags;
  return true;
}

/// fill_ldt of the kernel (arch/x86/include/asm/desc.h), of a 32-bit segment.
SegmentDescriptor descriptor_of(const abi::UserDesc& desc) {
  const bool more = (desc.flags & abi::kDescReadExecOnly) == 0;  // writable or readable
  return SegmentDescriptor({.base = desc.base,
                            .limit = desc.limit,
                            .type = SegmentDescriptor::kAccessed |
                                    (more ? SegmentDescriptor::kWritable : 0) |
                                    (desc.flags & abi::kDescContents) << kContentsShift,
                            .present = (desc.flags & abi::kDescSegNotPresent) == 0,
                            .available = (desc.flags & abi::kDescUsable) != 0,
                            .in_pages = (desc.flags & abi::kDescLimitInPages) != 0});
}

/// The first entry without a segment, or -1.
int32_t free_entry(const i386::CpuState& cpu) {
  for (uint32_t i = 0; i < i386::kTlsEntries; ++i) {
    if (!cpu.tls[i].exists()) return static_cast<int32_t>(i386::kFirstTlsEntry + i);
  }
  return -1;
}

/// Writes a TLS entry. A segment register that holds it gets the new descriptor at once
/// (do_set_thread_area of the kernel, and its IRET).
Errno set_entry(Thread& thread, const abi::UserDesc& desc) {
  const uint32_t index = desc.entry_number - i386::kFirstTlsEntry;
  if (index >= i386::kTlsEntries) return abi::kEINVAL;
  i386::CpuState& cpu = thread.cpu;
  cpu.tls[index] = clears_tls_entry(desc) ? SegmentDescriptor{} : descriptor_of(desc);
  const auto selector = static_cast<uint16_t>(desc.entry_number << 3 | 3);
  for (const i386::SegmentRegister segment : {i386::ES, i386::DS, i386::FS, i386::GS}) {
    if (cpu.selector[segment] == selector) restore_segment(cpu, segment, selector);
  }
  if (cpu.selector[i386::SS] == selector) return_to_user(thread);
  return kOk;
}

}  // namespace

Errno check_tls_entry(uint32_t guest) {
  abi::UserDesc desc;
  if (!copy_in_descriptor(guest, desc)) return abi::kEFAULT;
  const bool exists = desc.entry_number - i386::kFirstTlsEntry < i386::kTlsEntries;
  return is_tls_descriptor(desc) && exists ? kOk : abi::kEINVAL;
}

Errno set_tls_entry(Thread& thread, uint32_t guest) {
  abi::UserDesc desc;
  if (!copy_in_descriptor(guest, desc)) return abi::kEFAULT;
  return is_tls_descriptor(desc) ? set_entry(thread, desc) : abi::kEINVAL;
}

CallResult sys_set_thread_area(Thread& t, GuestPointer descriptor) {
  abi::UserDesc desc;
  if (!copy_in_descriptor(descriptor, desc)) return abi::kEFAULT;
  if (!is_tls_descriptor(desc)) return abi::kEINVAL;
  if (desc.entry_number == UINT32_MAX) {
    const int32_t free = free_entry(t.cpu);
    if (free < 0) return abi::kESRCH;
    if (!copy_out(t, descriptor, free)) return abi::kEFAULT;
    desc.entry_number = static_cast<uint32_t>(free);
  }
  t.leave_block();
  return set_entry(t, desc);
}

CallResult sys_get_thread_area(Thread& t, GuestPointer descriptor) {
  abi::UserDesc desc{};
  if (!copy_in(descriptor, desc.entry_number)) return abi::kEFAULT;
  const uint32_t index = desc.entry_number - i386::kFirstTlsEntry;
  if (index >= i386::kTlsEntries) return abi::kEINVAL;
  desc = user_desc_of(desc.entry_number, t.cpu.tls[index]);
  return copy_out(t, descriptor, desc) ? kOk : abi::kEFAULT;
}

// --- the local descriptor table: arch/x86/kernel/ldt.c (6.1)
// ---------------------------------------

namespace {

constexpr uint32_t kEntryBytes = sizeof(uint64_t);
/// What a 64-bit kernel calls its default table: zeroes.
constexpr uint32_t kDefaultTableBytes = 128;

/// read_ldt: entries after the last one in use are zeroes, and so are those of ours.
CallResult read_table(Thread& t, uint32_t guest, uint32_t size) {
  const LocalDescriptorTable& table = t.process->space->local_descriptors();
  if (!table.exists()) return kOk;
  size = std::min(size, LocalDescriptorTable::kEntries * kEntryBytes);
  constexpr uint32_t kChunk = 64;
  for (uint32_t done = 0; done < size; done += kChunk * kEntryBytes) {
    uint64_t entries[kChunk];
    for (uint32_t i = 0; i < kChunk; ++i) entries[i] = table.get(done / kEntryBytes + i).bits();
    const uint32_t bytes = std::min<uint32_t>(size - done, sizeof entries);
    if (!copy_out_bytes(t, guest + done, entries, bytes)) return abi::kEFAULT;
  }
  return size;
}

CallResult read_default_table(Thread& t, uint32_t guest, uint32_t size) {
  constexpr uint8_t kZeroes[kDefaultTableBytes] = {};
  size = std::min(size, kDefaultTableBytes);
  return copy_out_bytes(t, guest, kZeroes, size) ? CallResult(size) : abi::kEFAULT;
}

/// write_ldt. `old_mode`: function 1, from before there was a bit `useable`.
CallResult write_table(Thread& t, uint32_t guest, uint32_t size, bool old_mode) {
  abi::UserDesc desc;
  if (size != sizeof desc) return abi::kEINVAL;
  if (!copy_in_descriptor(guest, desc)) return abi::kEFAULT;
  if (desc.entry_number >= LocalDescriptorTable::kEntries) return abi::kEINVAL;
  const bool conforming = (desc.flags & abi::kDescContents) == abi::kDescContents;
  if (conforming && (old_mode || (desc.flags & abi::kDescSegNotPresent) == 0)) return abi::kEINVAL;
  SegmentDescriptor descriptor;
  if (!is_empty(desc) && !(old_mode && desc.base == 0 && desc.limit == 0)) {
    if ((desc.flags & abi::kDescSeg32Bit) == 0) {  // as a kernel without CONFIG_X86_16BIT
      log_printf(LogChannel::unimp, "modify_ldt: 16-bit segments are not implemented\n");
      return abi::kEINVAL;
    }
    if (old_mode) desc.flags &= ~abi::kDescUsable;
    descriptor = descriptor_of(desc);
  }
  AddressSpace& space = *t.process->space;
  const MemoryGuard guard(space.lock());
  if (!space.local_descriptors().set(desc.entry_number, descriptor)) return abi::kENOMEM;
  follow_descriptors(t);
  t.leave_block();
  return kOk;
}

}  // namespace

/// The segment registers of this thread follow at once, those of others before the next instruction
/// they interpret: translated code uses no segment that would have to follow.
CallResult sys_modify_ldt(Thread& t, uint32_t function, GuestPointer pointer, uint32_t size) {
  switch (function) {
    case 0:
      return read_table(t, pointer, size);
    case 1:
      return write_table(t, pointer, size, true);
    case 2:
      return read_default_table(t, pointer, size);
    case 0x11:
      return write_table(t, pointer, size, false);
    default:
      return abi::kENOSYS;
  }
}

}  // namespace ferry::linux
