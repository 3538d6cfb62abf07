// Descriptors: reading, writing, duplicating, fcntl.
#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "linux/kernel/descriptor_names.hpp"
#include "linux/kernel/path.hpp"
#include "linux/kernel/signal_map.hpp"
#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/convert.hpp"
#include "linux/syscalls/directory.hpp"
#include "linux/syscalls/event_devices.hpp"
#include "linux/syscalls/file_effects.hpp"
#include "linux/syscalls/handlers.hpp"
#include "linux/syscalls/small_files.hpp"

namespace ferry::linux {

Errno copy_in_vector(uint32_t guest, uint32_t index, abi::IoVec& vector) {
  if (!copy_in(guest + index * static_cast<uint32_t>(sizeof vector), vector)) return abi::kEFAULT;
  return static_cast<int32_t>(vector.length) < 0 ? abi::kEINVAL : kOk;
}

void HostVectors::load(Thread& thread, uint32_t guest, uint32_t guest_count, bool kernel_writes) {
  if (guest_count > kMax) {
    error = abi::kEINVAL;
    return;
  }
  for (count = 0; count < guest_count; ++count) {
    abi::IoVec vector;
    error = copy_in_vector(guest, count, vector);
    if (error != kOk) return;
    GuestBuffer buffer = kernel_writes ? writable(thread, vector.base, vector.length)
                                       : readable(thread, vector.base, vector.length);
    entries[count] = {buffer.pointer(), buffer.length()};
    if (buffer.copied()) copies_.push_back(std::move(buffer));
  }
}

void HostVectors::cut(uint64_t length) {
  for (uint32_t i = 0; i < count; ++i) {
    entries[i].iov_len = std::min<uint64_t>(entries[i].iov_len, length);
    length -= entries[i].iov_len;
  }
}

uint64_t HostVectors::length() const {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < count; ++i) sum += entries[i].iov_len;
  return sum;
}

namespace {

std::array<struct iovec, 1> one(const GuestBuffer& buffer) {
  return {{{buffer.pointer(), buffer.length()}}};
}

[[gnu::noinline]] CallResult read_with_care(Thread& t, Fd fd, GuestPointer buffer_pointer,
                                            uint32_t size) {
  if (is_event_device(*t.process, fd)) return read_events(t, fd, buffer_pointer, size);
  const GuestBuffer buffer = writable(t, buffer_pointer, size);
  if (is_own_memory(t, fd)) return read_own_memory(t, fd, one(buffer));
  const CallResult result = blocking_call(t, SYS_read, fd, buffer.pointer(), buffer.length());
  constexpr uint32_t kInfo = sizeof(signalfd_siginfo);
  if (t.process->may_have(GuestProcess::kSignalfd) && result.value() >= kInfo &&
      result.value() % kInfo == 0 && descriptor_link(fd) == "anon_inode:[signalfd]") {
    signalfd_infos_to_guest(static_cast<signalfd_siginfo*>(buffer.pointer()),
                            result.value() / kInfo);
  }
  return result;
}

[[gnu::noinline]] CallResult write_with_care(Thread& t, Fd fd, GuestPointer buffer_pointer,
                                             uint32_t size) {
  if (is_event_device(*t.process, fd)) return write_events(t, fd, buffer_pointer, size);
  const GuestBuffer buffer = readable(t, buffer_pointer, size);
  if (is_own_memory(t, fd)) return write_own_memory(t, fd, one(buffer));
  const Result<uint64_t> length = write_length(t, fd, buffer.length(), {});
  if (!length.ok()) return length.error();
  const CallResult result = blocking_call(t, SYS_write, fd, buffer.pointer(), length.value());
  note_written(t, fd);
  return result;
}

}  // namespace

CallResult sys_read(Thread& t, Fd fd, GuestPointer buffer, uint32_t size) {
  constexpr unsigned kSpecial =
      GuestProcess::kSignalfd | GuestProcess::kMemoryFile | GuestProcess::kEventDevice;
  if (t.process->may_have(kSpecial) ||
      !GuestBuffer::simple(t, buffer, size, GuestBuffer::Use::kernel_writes)) [[unlikely]]
    return read_with_care(t, fd, buffer, size);
  return blocking_call(t, SYS_read, fd, guest::host_pointer(buffer), size);
}

CallResult sys_write(Thread& t, Fd fd, GuestPointer buffer, uint32_t size) {
  constexpr unsigned kSpecial =
      GuestProcess::kAnyMemoryFile | GuestProcess::kWrittenAndMapped | GuestProcess::kEventDevice;
  if (t.process->may_have(kSpecial) || t.process->small.limits(fd) ||
      !GuestBuffer::simple(t, buffer, size, GuestBuffer::Use::kernel_reads)) [[unlikely]]
    return write_with_care(t, fd, buffer, size);
  const CallResult result = blocking_call(t, SYS_write, fd, guest::host_pointer(buffer), size);
  if (t.process->may_have(kSpecial)) [[unlikely]]  // since another thread has mapped the file
    note_written(t, fd);
  return result;
}

CallResult sys_pread64(Thread& t, Fd fd, GuestPointer buffer_pointer, uint32_t size,
                       FileOffset position) {
  const GuestBuffer buffer = writable(t, buffer_pointer, size);
  if (position < 0) return abi::kEINVAL;
  if (is_own_memory(t, fd)) return read_own_memory(t, fd, one(buffer), position);
  return blocking_call(t, SYS_pread64, fd, buffer.pointer(), buffer.length(), position);
}

CallResult sys_pwrite64(Thread& t, Fd fd, GuestPointer buffer_pointer, uint32_t size,
                        FileOffset position) {
  const GuestBuffer buffer = readable(t, buffer_pointer, size);
  if (position < 0) return abi::kEINVAL;
  if (is_own_memory(t, fd)) return write_own_memory(t, fd, one(buffer), position);
  const Result<uint64_t> length = write_length(t, fd, buffer.length(), {.position = position});
  if (!length.ok()) return length.error();
  const CallResult result =
      blocking_call(t, SYS_pwrite64, fd, buffer.pointer(), length.value(), position);
  note_written(t, fd);
  return result;
}

namespace {

/// Where and how a call with vectors works: at the descriptor's position unless `position` says
/// otherwise.
struct VectorPlace {
  int64_t position = WritePlace::kOwn;
  uint32_t flags = 0;  ///< RWF_*
};

/// The error of a call whose vectors are wrong: the kernel looks at the descriptor first.
template <typename... Words>
CallResult refuse_vectors(Fd fd, Errno error, uint32_t count, long number, Words... rest) {
  return in_order(guest_result(host_call(number, fd, nowhere(), count, rest...)), error);
}

template <typename... Words>
CallResult read_vectors(Thread& t, Fd fd, GuestPointer vectors_pointer, uint32_t count,
                        const VectorPlace& place, long number, Words... rest) {
  HostVectors vectors;
  vectors.load(t, vectors_pointer, count, true);
  if (vectors.error != kOk) return refuse_vectors(fd, vectors.error, count, number, rest...);
  if (is_own_memory(t, fd))
    return read_own_memory(t, fd, vectors.span(), place.position, place.flags);
  return blocking_call(t, number, fd, vectors.entries, vectors.count, rest...);
}

template <typename... Words>
CallResult write_vectors(Thread& t, Fd fd, GuestPointer vectors_pointer, uint32_t count,
                         const VectorPlace& place, long number, Words... rest) {
  HostVectors vectors;
  vectors.load(t, vectors_pointer, count, false);
  if (vectors.error != kOk) return refuse_vectors(fd, vectors.error, count, number, rest...);
  if (is_own_memory(t, fd))
    return write_own_memory(t, fd, vectors.span(), place.position, place.flags);
  if (t.process->small.contains(fd)) {
    const Result<uint64_t> length =
        small_write_length(fd, vectors.length(), {place.position, place.flags});
    if (!length.ok()) return length.error();
    vectors.cut(length.value());
  }
  const CallResult result = blocking_call(t, number, fd, vectors.entries, vectors.count, rest...);
  note_written(t, fd);
  return result;
}

}  // namespace

CallResult sys_readv(Thread& t, Fd fd, GuestPointer vectors, uint32_t count) {
  return read_vectors(t, fd, vectors, count, {}, SYS_readv);
}
CallResult sys_writev(Thread& t, Fd fd, GuestPointer vectors, uint32_t count) {
  return write_vectors(t, fd, vectors, count, {}, SYS_writev);
}
CallResult sys_preadv(Thread& t, Fd fd, GuestPointer vectors, uint32_t count, FileOffset position) {
  if (position < 0) return abi::kEINVAL;
  return read_vectors(t, fd, vectors, count, {position}, SYS_preadv, position, 0);
}
CallResult sys_pwritev(Thread& t, Fd fd, GuestPointer vectors, uint32_t count,
                       FileOffset position) {
  if (position < 0) return abi::kEINVAL;
  return write_vectors(t, fd, vectors, count, {position}, SYS_pwritev, position, 0);
}
CallResult sys_preadv2(Thread& t, Fd fd, GuestPointer vectors, uint32_t count, FileOffset position,
                       Flags flags) {
  if (position < WritePlace::kOwn) return abi::kEINVAL;
  return read_vectors(t, fd, vectors, count, {position, flags}, SYS_preadv2, position, 0, flags);
}
CallResult sys_pwritev2(Thread& t, Fd fd, GuestPointer vectors, uint32_t count, FileOffset position,
                        Flags flags) {
  if (position < WritePlace::kOwn) return abi::kEINVAL;
  return write_vectors(t, fd, vectors, count, {position, flags}, SYS_pwritev2, position, 0, flags);
}

namespace {

/// lseek, also to a position that getdents gave.
int64_t seek(const Thread& t, int fd, int64_t offset, int whence) {
  if (whence == SEEK_SET) offset = host_directory_position(t, fd, offset);
  return host_call(SYS_lseek, fd, offset, whence);
}

}  // namespace

CallResult sys_lseek(Thread& t, Fd fd, int32_t offset, int32_t whence) {
  const int64_t result = seek(t, fd, offset, whence);
  if (result > INT32_MAX) return abi::kEOVERFLOW;
  return guest_result(result);
}

CallResult sys_llseek(Thread& t, Fd fd, Word high, Word low, GuestPointer result_pointer,
                      int32_t whence) {
  const auto offset = static_cast<int64_t>((uint64_t{high} << 32) | low);
  const int64_t result = seek(t, fd, offset, whence);
  if (result < 0) return guest_result(result);
  return copy_out(t, result_pointer, result) ? kOk : abi::kEFAULT;
}

CallResult sys_close(Thread& t, Fd fd) {
  t.process->small.set(fd, SmallKind::large);
  return guest_result(host_call(SYS_close, fd));
}

CallResult sys_close_range(Thread& t, uint32_t begin, uint32_t last, Flags flags) {
  if (begin > last) return abi::kEINVAL;
  // Piece by piece around the hidden descriptors. The last piece may hold no descriptors at all,
  // but its call still checks the flags.
  const HiddenDescriptors& hidden = t.process->hidden;
  constexpr uint32_t kUnshare = 2;  // include/uapi/linux/close_range.h
  if ((flags & ~kUnshare) == 0) t.process->small.closed(begin, last);
  uint32_t first = begin;
  while (first <= last) {
    const uint32_t next = hidden.next(first);
    if (next > last || next == UINT32_MAX) break;
    if (first < next) {
      const long result = host_call(SYS_close_range, first, next - 1, flags);
      if (result < 0) return guest_result(result);
    }
    first = next + 1;
  }
  const uint32_t from = first <= last ? first : UINT32_MAX;
  return guest_result(host_call(SYS_close_range, from, std::max(from, last), flags));
}

namespace {

CallResult duplicate_onto(Thread& t, int fd, int number, uint32_t host_flags) {
  const long result = t.process->hidden.with_room_for(
      number, [&] { return host_call(SYS_dup3, fd, number, host_flags); });
  if (result >= 0) t.process->small.copy(fd, number);
  return guest_result(result);
}

/// F_DUPFD: the lowest free number from `lowest` up, where the numbers of hidden descriptors count
/// as free.
CallResult duplicate_above(Thread& t, int fd, int lowest, int host_command) {
  HiddenDescriptors& hidden = t.process->hidden;
  for (;;) {
    const long result = host_call(SYS_fcntl, fd, host_command, lowest);
    if (result < 0) return guest_result(result);
    const uint32_t next = hidden.next(static_cast<uint32_t>(lowest));
    if (next > static_cast<uint32_t>(result)) {
      hidden.guest_got(static_cast<int>(result));
      t.process->small.copy(fd, static_cast<int>(result));
      return static_cast<uint32_t>(result);
    }
    host_call(SYS_close, result);
    hidden.leave_number(static_cast<int>(next));
  }
}

}  // namespace

NewFd sys_dup(Thread& t, Fd fd) {
  const CallResult result = guest_result(host_call(SYS_dup, fd));
  if (result.ok()) t.process->small.copy(fd, static_cast<int>(result.value()));
  return result;
}

NewFd sys_dup2(Thread& t, Fd fd, FdNumber number) {
  if (fd == number) {
    const long result = host_call(SYS_fcntl, fd, F_GETFD);
    return result < 0 ? guest_result(result) : CallResult(static_cast<uint32_t>(number));
  }
  return duplicate_onto(t, fd, number, 0);
}

NewFd sys_dup3(Thread& t, Fd fd, FdNumber number, Flags flags) {
  return duplicate_onto(t, fd, number, creation_flags_to_host(flags));
}

namespace {

CallResult make_pipe(Thread& t, uint32_t guest, uint32_t flags) {
  int32_t ends[2];
  const long result = host_call(SYS_pipe2, ends, creation_flags_to_host(flags));
  if (result < 0) return guest_result(result);
  for (const int32_t end : ends) t.process->hidden.guest_got(end);
  if (copy_out(t, guest, ends)) return kOk;
  host_call(SYS_close, ends[0]);
  host_call(SYS_close, ends[1]);
  return abi::kEFAULT;
}

}  // namespace

CallResult sys_pipe(Thread& t, GuestPointer ends) {
  return make_pipe(t, ends, 0);
}
CallResult sys_pipe2(Thread& t, GuestPointer ends, Flags flags) {
  return make_pipe(t, ends, flags);
}

// --- fcntl --------------------------------------------------------------------------------------

namespace {

// Guest commands: include/uapi/asm-generic/fcntl.h.
enum GuestFcntl : uint32_t {
  kDupFd = 0,
  kGetFd,
  kSetFd,
  kGetFl,
  kSetFl,
  kGetLk,
  kSetLk,
  kSetLkW,
  kSetOwn,
  kGetOwn,
  kSetSig,
  kGetSig,
  kGetLk64,
  kSetLk64,
  kSetLkW64,
  kSetOwnEx,
  kGetOwnEx,
  kOfdGetLk = 36,
  kOfdSetLk,
  kOfdSetLkW,
  kFirstLinux = 1024,  // F_SETLEASE and all after it are the same everywhere
  kDupFdCloExec = 1030,
};

template <typename Lock>
CallResult lock_call(Thread& t, int fd, uint32_t guest, int host_command, bool waits) {
  Lock lock;
  if (!copy_in(guest, lock)) return abi::kEFAULT;
  struct flock host {};
  host.l_type = lock.type;
  host.l_whence = lock.whence;
  host.l_start = lock.start;
  host.l_len = lock.length;
  host.l_pid = lock.pid;
  if (waits) return blocking_call(t, SYS_fcntl, fd, host_command, &host);
  const long result = host_call(SYS_fcntl, fd, host_command, &host);
  if (result < 0) return guest_result(result);
  if (host_command != F_GETLK && host_command != F_OFD_GETLK) return kOk;
  lock.type = host.l_type;
  lock.whence = host.l_whence;
  lock.start = static_cast<decltype(lock.start + 0)>(host.l_start);
  lock.length = static_cast<decltype(lock.length + 0)>(host.l_len);
  lock.pid = host.l_pid;
  if (lock.start != host.l_start || lock.length != host.l_len) return abi::kEOVERFLOW;
  return copy_out(t, guest, lock) ? kOk : abi::kEFAULT;
}

/// F_GETOWN: a process, or a group as a negative number. F_GETOWN of the host would not do: the
/// number could be an error.
CallResult owner_of(int fd) {
  struct f_owner_ex owner;
  const long result = host_call(SYS_fcntl, fd, F_GETOWN_EX, &owner);
  if (result < 0) return guest_result(result);
  const auto number = static_cast<uint32_t>(owner.pid);
  return owner.type == F_OWNER_PGRP ? -number : number;
}

CallResult fcntl_call(Thread& t, Fd fd, int32_t command, Word argument) {
  switch (static_cast<uint32_t>(command)) {
    case kDupFd:
      return duplicate_above(t, fd, static_cast<int32_t>(argument), F_DUPFD);
    case kDupFdCloExec:
      return duplicate_above(t, fd, static_cast<int32_t>(argument), F_DUPFD_CLOEXEC);
    case kGetFd:
      return guest_result(host_call(SYS_fcntl, fd, F_GETFD));
    case kSetFd:
      return guest_result(host_call(SYS_fcntl, fd, F_SETFD, static_cast<int32_t>(argument)));
    case kGetFl: {
      const long flags = host_call(SYS_fcntl, fd, F_GETFL);
      if (flags < 0) return guest_result(flags);
      const auto host_flags = static_cast<uint32_t>(flags);
      return static_cast<uint32_t>(open_flags_to_guest(host_flags) |
                                   (shows_large_file(t, fd, host_flags) ? kGuestLargeFile : 0));
    }
    case kSetFl:
      return guest_result(host_call(SYS_fcntl, fd, F_SETFL, open_flags_to_host(argument)));
    case kGetLk:
      return lock_call<abi::Flock32>(t, fd, argument, F_GETLK, false);
    case kSetLk:
      return lock_call<abi::Flock32>(t, fd, argument, F_SETLK, false);
    case kSetLkW:
      return lock_call<abi::Flock32>(t, fd, argument, F_SETLKW, true);
    case kGetLk64:
      return lock_call<abi::Flock64>(t, fd, argument, F_GETLK, false);
    case kSetLk64:
      return lock_call<abi::Flock64>(t, fd, argument, F_SETLK, false);
    case kSetLkW64:
      return lock_call<abi::Flock64>(t, fd, argument, F_SETLKW, true);
    case kOfdGetLk:
      return lock_call<abi::Flock64>(t, fd, argument, F_OFD_GETLK, false);
    case kOfdSetLk:
      return lock_call<abi::Flock64>(t, fd, argument, F_OFD_SETLK, false);
    case kOfdSetLkW:
      return lock_call<abi::Flock64>(t, fd, argument, F_OFD_SETLKW, true);
    case kSetOwn:
      return guest_result(host_call(SYS_fcntl, fd, F_SETOWN, static_cast<int32_t>(argument)));
    case kGetOwn:
      return owner_of(fd);
    case kSetSig: {
      const int signal = signal_to_host(static_cast<int32_t>(argument));
      if (signal == 0 && argument != 0) return abi::kEINVAL;
      return guest_result(host_call(SYS_fcntl, fd, F_SETSIG, signal));
    }
    case kGetSig: {
      const long signal = host_call(SYS_fcntl, fd, F_GETSIG);
      if (signal <= 0) return guest_result(signal);
      return static_cast<uint32_t>(signal_to_guest(static_cast<int>(signal)));
    }
    case kSetOwnEx:
      return guest_result(
          host_call(SYS_fcntl, fd, F_SETOWN_EX, readable(t, argument, 8).pointer()));
    case kGetOwnEx:
      return guest_result(
          host_call(SYS_fcntl, fd, F_GETOWN_EX, writable(t, argument, 8).pointer()));
    default:
      if (static_cast<uint32_t>(command) < kFirstLinux) return abi::kEINVAL;
      return guest_result(host_call(SYS_fcntl, fd, command, static_cast<int32_t>(argument)));
  }
}

}  // namespace

CallResult sys_fcntl(Thread& t, Fd fd, int32_t command, Word argument) {
  return fcntl_call(t, fd, command, argument);
}
CallResult sys_fcntl64(Thread& t, Fd fd, int32_t command, Word argument) {
  return fcntl_call(t, fd, command, argument);
}

CallResult sys_flock(Thread& t, Fd fd, int32_t operation) {
  return blocking_call(t, SYS_flock, fd, operation);
}

CallResult sys_ftruncate(Thread& t, Fd fd, int32_t length) {
  const CallResult result = guest_result(host_call(SYS_ftruncate, fd, length));
  note_resized(t, fd);
  return result;
}
CallResult sys_ftruncate64(Thread& t, Fd fd, FileOffset length) {
  // fs/open.c, do_sys_ftruncate: arch/x86's sys_ia32_ftruncate64 applies the small limit too.
  if (length > kLargestSmallFile && t.process->small.contains(fd)) return abi::kEINVAL;
  const CallResult result = guest_result(host_call(SYS_ftruncate, fd, length));
  note_resized(t, fd);
  return result;
}

CallResult sys_fallocate(Thread& t, Fd fd, Flags mode, FileOffset offset, FileOffset length) {
  const CallResult result = blocking_call(t, SYS_fallocate, fd, mode, offset, length);
  note_resized(t, fd);
  return result;
}

CallResult sys_fadvise64(Thread&, Fd fd, FileOffset offset, uint32_t length, int32_t advice) {
  return guest_result(host_call(SYS_fadvise64, fd, offset, length, advice));
}

CallResult sys_fadvise64_64(Thread&, Fd fd, FileOffset offset, FileOffset length, int32_t advice) {
  return guest_result(host_call(SYS_fadvise64, fd, offset, length, advice));
}

CallResult sys_readahead(Thread&, Fd fd, FileOffset offset, uint32_t count) {
  return guest_result(host_call(SYS_readahead, fd, offset, count));
}

CallResult sys_sync_file_range(Thread&, Fd fd, FileOffset offset, FileOffset length, Flags flags) {
  return guest_result(host_call(SYS_sync_file_range, fd, offset, length, flags));
}

CallResult sys_cachestat(Thread& t, Fd fd, GuestPointer range, GuestPointer counts, Flags flags) {
  constexpr uint32_t kRange = 16, kCounts = 40;  // the same structures everywhere
  return guest_result(host_call(common_call(451), fd, readable(t, range, kRange).pointer(),
                                writable(t, counts, kCounts).pointer(), flags));
}

CallResult sys_tee(Thread& t, Fd from, Fd to, uint32_t length, Flags flags) {
  return blocking_call(t, SYS_tee, from, to, length, flags);
}

NewFd sys_eventfd(Thread&, uint32_t value) {
  return guest_result(host_call(SYS_eventfd2, value, 0));
}
NewFd sys_eventfd2(Thread&, uint32_t value, Flags flags) {
  return guest_result(host_call(SYS_eventfd2, value, creation_flags_to_host(flags)));
}
NewFd sys_inotify_init(Thread&) {
  return guest_result(host_call(SYS_inotify_init1, 0));
}
NewFd sys_inotify_init1(Thread&, Flags flags) {
  return guest_result(host_call(SYS_inotify_init1, creation_flags_to_host(flags)));
}
NewFd sys_memfd_create(Thread& t, GuestString name, Flags flags) {
  return guest_result(host_call(SYS_memfd_create, readable(t, name, 256).pointer(), flags));
}

}  // namespace ferry::linux
