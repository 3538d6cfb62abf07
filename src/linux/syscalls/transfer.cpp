// From one descriptor to another: sendfile, splice, copy_file_range.
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/file_effects.hpp"
#include "linux/syscalls/handlers.hpp"
#include "linux/syscalls/small_files.hpp"

namespace ferry::linux {

namespace {

/// Whether `fd` has a byte at `position` (null: the descriptor's own).
bool has_data(int fd, const int64_t* position) {
  const int64_t at = position != nullptr ? *position : host_call(SYS_lseek, fd, 0, SEEK_CUR);
  char byte;
  return at >= 0 && host_call(SYS_pread64, fd, &byte, 1, at) == 1;
}

/// sendfile. `offset`: of what is read; null: at the position of `from`.
CallResult send_to(Thread& t, int to, int from, int64_t* offset, uint32_t count) {
  const Result<uint64_t> length = write_length(t, to, count, {.may_append = false});
  // The limit applies to the write, and without data to read nothing is written.
  if (!length.ok() && has_data(from, offset)) return length.error();
  const CallResult result =
      blocking_call(t, SYS_sendfile, to, from, offset, length.ok() ? length.value() : count);
  note_written(t, to);
  return result;
}

/// `largest`: where reading ends (fs/read_write.c, do_sendfile).
template <typename Offset>
CallResult send_file(Thread& t, Fd to, Fd from, GuestPointer offset_pointer, uint32_t wanted,
                     int64_t largest) {
  if (offset_pointer == 0) return send_to(t, to, from, nullptr, wanted);
  Offset offset;
  if (!copy_in(offset_pointer, offset)) return abi::kEFAULT;
  int64_t host_offset = offset;
  const int64_t room = std::max<int64_t>(largest - std::max<int64_t>(offset, 0), 0);
  const auto count = static_cast<uint32_t>(std::min<int64_t>(wanted, room));
  CallResult result = send_to(t, to, from, &host_offset, count);
  if (result == kOk && room == 0 && wanted != 0) result = abi::kEOVERFLOW;
  offset = static_cast<Offset>(host_offset);
  return copy_out(t, offset_pointer, offset) ? result : abi::kEFAULT;
}

/// The arguments of splice and copy_file_range: from, its offset, to, its offset, length, flags.
CallResult copy_between(Thread& t, Fd from, GuestPointer from_offset, Fd to, GuestPointer to_offset,
                        Flags flags, long number, uint32_t length) {
  const CallResult result = blocking_call(t, number, from, writable(t, from_offset, 8).pointer(),
                                          to, writable(t, to_offset, 8).pointer(), length, flags);
  note_written(t, to);
  return result;
}

/// Where such a call would write. The host reports a bad pointer.
WritePlace place_of_copy(GuestPointer to_offset) {
  WritePlace place{.may_append = false};
  if (to_offset != 0 && !copy_in(to_offset, place.position)) place.position = INT64_MIN;
  return place;
}

/// splice from a pipe to a place where nothing may be written: waits for data as a permitted splice
/// does. kOk if there is no data: the host then answers the call.
CallResult refuse_splice(Thread& t, Fd pipe, GuestPointer from_offset, Flags flags) {
  if (from_offset != 0 || host_call(SYS_fcntl, pipe, F_GETPIPE_SZ) < 0) return kOk;
  if ((flags & SPLICE_F_NONBLOCK) == 0) {
    struct pollfd readable_end {
      pipe, POLLIN, 0
    };
    const CallResult polled = blocking_call(t, SYS_ppoll, &readable_end, 1, nullptr, nullptr, 0);
    if (!polled.ok()) return polled == abi::kEINTR ? kErestartSys : polled;
  }
  int waiting = 0;
  host_call(SYS_ioctl, pipe, FIONREAD, &waiting);
  return waiting > 0 ? abi::kEFBIG : kOk;
}

}  // namespace

CallResult sys_sendfile(Thread& t, Fd to, Fd from, GuestPointer offset, uint32_t count) {
  return send_file<int32_t>(t, to, from, offset, count, kLargestSmallFile);
}
CallResult sys_sendfile64(Thread& t, Fd to, Fd from, GuestPointer offset, uint32_t count) {
  return send_file<int64_t>(t, to, from, offset, count, INT64_MAX);
}

CallResult sys_splice(Thread& t, Fd from, GuestPointer from_offset, Fd to, GuestPointer to_offset,
                      uint32_t wanted, Flags flags) {
  if (!t.process->small.limits(to))
    return copy_between(t, from, from_offset, to, to_offset, flags, SYS_splice, wanted);
  const Result<uint64_t> length = small_write_length(to, wanted, place_of_copy(to_offset));
  if (length.ok())
    return copy_between(t, from, from_offset, to, to_offset, flags, SYS_splice,
                        static_cast<uint32_t>(length.value()));
  const CallResult refused = refuse_splice(t, from, from_offset, flags);
  if (refused != kOk) return refused;
  return copy_between(t, from, from_offset, to, to_offset, flags, SYS_splice, wanted);
}

CallResult sys_copy_file_range(Thread& t, Fd from, GuestPointer from_offset, Fd to,
                               GuestPointer to_offset, uint32_t wanted, Flags flags) {
  const auto copy = [&](uint32_t length) {
    return copy_between(t, from, from_offset, to, to_offset, flags, SYS_copy_file_range, length);
  };
  if (!t.process->small.limits(to)) return copy(wanted);
  WritePlace place = place_of_copy(to_offset);
  place.even_nothing = true;  // fs/read_write.c, generic_copy_file_checks
  const Result<uint64_t> length = small_write_length(to, wanted, place);
  if (length.ok()) return copy(static_cast<uint32_t>(length.value()));
  // Other errors come first: what the host says of a copy of nothing.
  const CallResult refused = copy(0);
  return refused != kOk ? refused : length.error();
}

/// fs/splice.c, vmsplice: into a pipe that the descriptor can write, else out of it.
CallResult sys_vmsplice(Thread& t, Fd fd, GuestPointer vectors_pointer, uint32_t count,
                        Flags flags) {
  constexpr uint32_t kKnown = SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT;
  if ((flags & ~kKnown) != 0) return abi::kEINVAL;
  const long file_flags = host_call(SYS_fcntl, fd, F_GETFL);
  if (file_flags < 0) return guest_result(file_flags);
  if ((file_flags & O_PATH) != 0) return abi::kEBADF;
  HostVectors vectors;
  vectors.load(t, vectors_pointer, count, (file_flags & O_ACCMODE) == O_RDONLY);
  if (vectors.error != kOk) return vectors.error;
  return blocking_call(t, SYS_vmsplice, fd, vectors.entries, vectors.count, flags);
}

}  // namespace ferry::linux
