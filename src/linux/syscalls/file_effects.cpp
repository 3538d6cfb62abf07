#include "linux/syscalls/file_effects.hpp"

#include <fcntl.h>

#include <algorithm>
#include <string_view>

#include "linux/kernel/messages.hpp"
#include "linux/syscalls/event_devices.hpp"

namespace ferry::linux {

namespace {

enum class Direction : uint8_t { read, write };

/// Moves bytes between ferry and guest memory page by page, up to the first page that cannot be
/// reached.
Result<uint32_t> move_bytes(AddressSpace& space, const struct iovec& buffer, uint64_t position,
                            Direction direction) {
  auto* const bytes = static_cast<uint8_t*>(buffer.iov_base);
  const auto length = static_cast<uint32_t>(buffer.iov_len);
  uint32_t done = 0;
  while (done < length && position + done < guest::kGuestEnd) {
    const auto at = static_cast<uint32_t>(position + done);
    const uint32_t piece = std::min(length - done, guest::kPageSize - (at & guest::kPageMask));
    const bool moved = direction == Direction::write ? space.force_write(at, bytes + done, piece)
                                                     : space.force_read(bytes + done, at, piece);
    if (!moved) break;
    done += piece;
  }
  if (done == 0 && length != 0) return abi::kEIO;
  return done;
}

/// fs/read_write.c, do_loop_readv_writev: one buffer after the other, up to the first that is not
/// moved whole.
CallResult move_own_memory(Thread& thread, int fd, std::span<const struct iovec> buffers,
                           int64_t position, uint32_t flags, Direction direction) {
  constexpr uint32_t kHighPriority = 1;  // include/uapi/linux/fs.h, RWF_HIPRI
  if ((flags & ~kHighPriority) != 0) return abi::kEOPNOTSUPP;
  const long access = host_call(SYS_fcntl, fd, F_GETFL) & O_ACCMODE;
  if (access == (direction == Direction::write ? O_RDONLY : O_WRONLY)) return abi::kEBADF;
  const bool moves = position < 0;
  if (moves) position = host_call(SYS_lseek, fd, 0, SEEK_CUR);
  uint32_t done = 0;
  for (const struct iovec& buffer : buffers) {
    const Result<uint32_t> moved = move_bytes(*thread.process->space, buffer,
                                              static_cast<uint64_t>(position) + done, direction);
    if (!moved.ok() && done == 0) return moved;
    if (!moved.ok()) break;
    done += moved.value();
    if (moved.value() != buffer.iov_len) break;
  }
  if (moves && done > 0) host_call(SYS_lseek, fd, position + done, SEEK_SET);
  return done;
}

}  // namespace

void note_opened(Thread& thread, int fd, const char* name, uint32_t flags) {
  GuestProcess& process = *thread.process;
  const std::string_view text(name);
  if (text == "mem" || text.ends_with("/mem"))
    process.special_files.set_bits(GuestProcess::kMemoryFile | GuestProcess::kAnyMemoryFile);
  if (may_name_event_device(text)) note_event_device(process, fd);
  if ((flags & O_ACCMODE) == O_RDONLY || process.may_have(GuestProcess::kWrittenAndMapped)) return;
  FileId file;
  if (!identify_file(fd, file)) return;
  {
    const LockGuard guard(process.lock);
    process.files_written.insert(file);
  }
  // In this order, and after a mapping in the other one (note_mapped): of two threads at least one
  // sees both.
  process.opened_for_writing = true;
  if (process.space->ever_mapped(file))
    process.special_files.set_bits(GuestProcess::kWrittenAndMapped);
}

void note_mapped(Thread& thread, int fd) {
  GuestProcess& process = *thread.process;
  FileId file;
  if (process.may_have(GuestProcess::kWrittenAndMapped) || !process.opened_for_writing ||
      !identify_file(fd, file))
    return;
  const LockGuard guard(process.lock);
  if (process.files_written.contains(file))
    process.special_files.set_bits(GuestProcess::kWrittenAndMapped);
}

void note_written(Thread& thread, int fd) {
  if (thread.process->may_have(GuestProcess::kWrittenAndMapped)) note_resized(thread, fd);
  if (!thread.process->may_have(GuestProcess::kAnyMemoryFile)) return;
  if (const int owner = memory_file_owner(fd); owner > 0 && owner != host_call(SYS_getpid))
    tell_of_write(*thread.process, owner);
}

void note_resized(Thread& thread, int fd) {
  FileId file;
  if (identify_file(fd, file)) thread.process->space->file_changed(file);
}

bool is_own_memory(const Thread& thread, int fd) {
  if (!thread.process->may_have(GuestProcess::kMemoryFile)) return false;
  return memory_file_owner(fd) == host_call(SYS_getpid);
}

CallResult read_own_memory(Thread& thread, int fd, std::span<const struct iovec> buffers,
                           int64_t position, uint32_t flags) {
  return move_own_memory(thread, fd, buffers, position, flags, Direction::read);
}

CallResult write_own_memory(Thread& thread, int fd, std::span<const struct iovec> buffers,
                            int64_t position, uint32_t flags) {
  return move_own_memory(thread, fd, buffers, position, flags, Direction::write);
}

}  // namespace ferry::linux
