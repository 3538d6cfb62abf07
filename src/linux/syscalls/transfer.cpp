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

/// Whether `fd` has a byte at `position` (null: its own).
bool has_data(int fd, const int64_t* position) {
  const int64_t at = position != nullptr ? *position : host_call(SYS_lseek, fd, 0, SEEK_CUR);
  char byte;
  return at >= 0 && host_call(SYS_pread64, fd, &byte, 1, at) == 1;
}

/// sendfile. `offset`: of what is read; null: at the position of `from`.
int32_t send_to(Thread& t, int to, int from, int64_t* offset, uint32_t count) {
  int64_t length = write_length(t, to, count, {.may_append = false});
  if (length < 0) {
    // The limit is the write's, and where nothing is read nothing is written.
    if (has_data(from, offset)) return static_cast<int32_t>(length);
    length = count;
  }
  const int32_t result = blocking_call(t, SYS_sendfile, to, from, offset, length);
  note_written(t, to);
  return result;
}

/// `largest`: where reading ends (fs/read_write.c, do_sendfile).
template <typename Offset>
int32_t send_file(Thread& t, Fd to, Fd from, GuestPointer offset_pointer, uint32_t wanted,
                  int64_t largest) {
  if (offset_pointer == 0) return send_to(t, to, from, nullptr, wanted);
  Offset offset;
  if (!copy_in(offset_pointer, offset)) return -abi::kEFAULT;
  int64_t host_offset = offset;
  const int64_t room = std::max<int64_t>(largest - std::max<int64_t>(offset, 0), 0);
  const auto count = static_cast<uint32_t>(std::min<int64_t>(wanted, room));
  int32_t result = send_to(t, to, from, &host_offset, count);
  if (result == 0 && room == 0 && wanted != 0) result = -abi::kEOVERFLOW;
  offset = static_cast<Offset>(host_offset);
  return copy_out(t, offset_pointer, offset) ? result : -abi::kEFAULT;
}

/// The arguments of splice and copy_file_range: from, its offset, to, its offset, length, flags.
int32_t copy_between(Thread& t, Fd from, GuestPointer from_offset, Fd to, GuestPointer to_offset,
                     Flags flags, long number, uint32_t length) {
  const int32_t result = blocking_call(t, number, from, writable(t, from_offset, 8).pointer(), to,
                                       writable(t, to_offset, 8).pointer(), length, flags);
  note_written(t, to);
  return result;
}

/// Where such a call would write. Of a bad pointer the host will tell.
WritePlace place_of_copy(GuestPointer to_offset) {
  WritePlace place{.may_append = false};
  if (to_offset != 0 && !copy_in(to_offset, place.position)) place.position = INT64_MIN;
  return place;
}

/// splice from a pipe to where nothing may be written: waits for data as if it could be. 0 if the
/// host is to answer: there is none.
int32_t refuse_splice(Thread& t, Fd pipe, GuestPointer from_offset, Flags flags) {
  if (from_offset != 0 || host_call(SYS_fcntl, pipe, F_GETPIPE_SZ) < 0) return 0;
  if ((flags & SPLICE_F_NONBLOCK) == 0) {
    struct pollfd readable_end {
      pipe, POLLIN, 0
    };
    const int32_t polled = blocking_call(t, SYS_ppoll, &readable_end, 1, nullptr, nullptr, 0);
    if (polled < 0) return polled == -abi::kEINTR ? -kErestartSys : polled;
  }
  int waiting = 0;
  host_call(SYS_ioctl, pipe, FIONREAD, &waiting);
  return waiting > 0 ? -abi::kEFBIG : 0;
}

}  // namespace

int32_t sys_sendfile(Thread& t, Fd to, Fd from, GuestPointer offset, uint32_t count) {
  return send_file<int32_t>(t, to, from, offset, count, kLargestSmallFile);
}
int32_t sys_sendfile64(Thread& t, Fd to, Fd from, GuestPointer offset, uint32_t count) {
  return send_file<int64_t>(t, to, from, offset, count, INT64_MAX);
}

int32_t sys_splice(Thread& t, Fd from, GuestPointer from_offset, Fd to, GuestPointer to_offset,
                   uint32_t wanted, Flags flags) {
  if (!t.process->small.contains(to))
    return copy_between(t, from, from_offset, to, to_offset, flags, SYS_splice, wanted);
  const int64_t length = small_write_length(to, wanted, place_of_copy(to_offset));
  if (length >= 0)
    return copy_between(t, from, from_offset, to, to_offset, flags, SYS_splice,
                        static_cast<uint32_t>(length));
  const int32_t refused = refuse_splice(t, from, from_offset, flags);
  return refused != 0
             ? refused
             : copy_between(t, from, from_offset, to, to_offset, flags, SYS_splice, wanted);
}

int32_t sys_copy_file_range(Thread& t, Fd from, GuestPointer from_offset, Fd to,
                            GuestPointer to_offset, uint32_t wanted, Flags flags) {
  const auto copy = [&](uint32_t length) {
    return copy_between(t, from, from_offset, to, to_offset, flags, SYS_copy_file_range, length);
  };
  if (!t.process->small.contains(to)) return copy(wanted);
  WritePlace place = place_of_copy(to_offset);
  place.even_nothing = true;  // fs/read_write.c, generic_copy_file_checks
  const int64_t length = small_write_length(to, wanted, place);
  if (length >= 0) return copy(static_cast<uint32_t>(length));
  // Other errors come first: what the host says of a copy of nothing.
  const int32_t refused = copy(0);
  return refused != 0 ? refused : static_cast<int32_t>(length);
}

}  // namespace ferry::linux
