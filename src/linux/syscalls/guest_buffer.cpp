// Guest memory that the host's kernel reads and writes.
#include <sys/mman.h>

#include <algorithm>

#include "guest/memory/memory.hpp"
#include "linux/syscalls/calls.hpp"

namespace ferry::linux {

namespace {

/// `length` cut to what guest space allows. The kernel checks the pages.
uint32_t clip_buffer(uint32_t guest, uint32_t length) {
  if (guest >= guest::kGuestEnd) return length;  // faults anyway
  return std::min(length, guest::kGuestEnd - guest);
}

}  // namespace

GuestBuffer::GuestBuffer(Thread& thread, uint32_t guest, uint32_t length, Use use)
    : pointer_(guest::host_pointer(guest)),
      guest_(guest),
      length_(clip_buffer(guest, length)),
      use_(use) {
  if (!simple(thread, guest, length_, use)) [[unlikely]]
    look_closer(thread);
}

[[gnu::noinline]] void GuestBuffer::look_closer(Thread& thread) {
  if (use_ == Use::kernel_writes) write_.expect(thread, guest_, length_);
  // For no bytes any address is valid, but the host's kernel would check the address. (It must not
  // become null if it can stay: to some calls that means something else.)
  if (length_ == 0 && guest_ >= guest::kGuestEnd) pointer_ = nullptr;
  if (length_ == 0 || guest_ >= guest::kGuestEnd) return;
  AddressSpace& space = *thread.process->space;
  // The kernel's accesses extend the stack as the guest's do.
  if (space.prot_at(guest_) < 0) static_cast<void>(thread.process->reach(guest_, true));
  if (!space.in_place(guest_, length_)) make_copy(thread);
}

void GuestBuffer::make_copy(Thread& thread) {
  const bool write = use_ == Use::kernel_writes;
  uint32_t reachable = 0;
  while (reachable < length_ && thread.process->reach(guest_ + reachable, write) != nullptr) {
    reachable =
        std::min(length_, guest::page_floor(guest_ + reachable) + guest::kPageSize - guest_);
  }
  if (reachable == 0) return;  // the host's page is inaccessible too: the call itself finds EFAULT
  // Where the guest's memory ends, so does the copy: the kernel itself decides what an access past
  // that means for the call.
  const uint32_t page = thread.process->space->host_page_size();
  const size_t bytes = (size_t{reachable} + page - 1) & ~size_t{page - 1};
  const long room = host_call(SYS_mmap, nullptr, bytes + page, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room < 0) return;
  host_call(SYS_mprotect, room + static_cast<long>(bytes), page, PROT_NONE);
  room_ = reinterpret_cast<uint8_t*>(room);
  room_bytes_ = bytes + page;
  reachable_ = reachable;
  pointer_ = room_ + bytes - reachable;
  // Bytes that the kernel does not write must be copied back unchanged.
  static_cast<void>(guest::copy_from_guest(pointer_, guest_, reachable));
}

void GuestBuffer::end_copy() {
  if (use_ == Use::kernel_writes)
    static_cast<void>(guest::copy_to_guest(guest_, pointer_, reachable_));
  host_call(SYS_munmap, room_, room_bytes_);
}

void* shared_word(Thread& thread, uint32_t guest) {
  AddressSpace& space = *thread.process->space;
  if (guest < guest::kGuestEnd && !space.in_place(guest, 1)) {
    if (void* const place = thread.process->reach(guest, false); place != nullptr) return place;
  }
  return guest::host_pointer(guest);
}

}  // namespace ferry::linux
