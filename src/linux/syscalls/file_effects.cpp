#include "linux/syscalls/file_effects.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string_view>

namespace ferry {

namespace {

bool identify(int fd, FileId& file) {
  struct statx status;
  if (host_call(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_INO, &status) < 0) return false;
  file = {status.stx_ino, status.stx_dev_major, status.stx_dev_minor};
  return true;
}

/// Moves bytes between ferry and guest memory page by page, until a page is not to be had.
int32_t move_own_memory(Thread& thread, const GuestBuffer& buffer, uint64_t position, bool write) {
  AddressSpace& space = *thread.process->space;
  auto* const bytes = static_cast<uint8_t*>(buffer.pointer());
  uint32_t done = 0;
  while (done < buffer.length() && position + done < i386::kGuestEnd) {
    const auto at = static_cast<uint32_t>(position + done);
    const uint32_t piece = std::min(buffer.length() - done, kGuestPageSize - (at & kGuestPageMask));
    const bool moved = write ? space.force_write(at, bytes + done, piece)
                             : space.force_read(bytes + done, at, piece);
    if (!moved) break;
    done += piece;
  }
  return done != 0 || buffer.length() == 0 ? static_cast<int32_t>(done) : -abi::kEIO;
}

}  // namespace

void note_opened(Thread& thread, int fd, const char* name, uint32_t flags) {
  GuestProcess& process = *thread.process;
  const std::string_view text(name);
  if (text == "mem" || text.ends_with("/mem")) process.has_memory_file = true;
  if ((flags & O_ACCMODE) == O_RDONLY || process.writes_mapped_files) return;
  FileId file;
  if (!identify(fd, file)) return;
  process.files_written.insert(file);
  process.writes_mapped_files = process.space->ever_mapped(file);
}

void note_mapped(Thread& thread, int fd) {
  GuestProcess& process = *thread.process;
  FileId file;
  if (process.writes_mapped_files || process.files_written.empty() || !identify(fd, file)) return;
  process.writes_mapped_files = process.files_written.contains(file);
}

void note_written(Thread& thread, int fd) {
  if (thread.process->writes_mapped_files) note_resized(thread, fd);
}

void note_resized(Thread& thread, int fd) {
  FileId file;
  if (identify(fd, file)) thread.process->space->file_changed(file);
}

bool is_own_memory(const Thread& thread, int fd) {
  if (!thread.process->has_memory_file) return false;
  char link[32];
  char target[64];
  char own[32];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const long length = host_call(SYS_readlinkat, AT_FDCWD, link, target, sizeof target);
  if (length <= 0) return false;
  const std::string_view text(target, static_cast<size_t>(length));
  const int own_length = std::snprintf(own, sizeof own, "/proc/%ld/", host_call(SYS_getpid));
  return text.starts_with(std::string_view(own, static_cast<size_t>(own_length))) &&
         text.ends_with("/mem");
}

int32_t read_own_memory(Thread& thread, const GuestBuffer& buffer, uint64_t position) {
  return move_own_memory(thread, buffer, position, false);
}

int32_t write_own_memory(Thread& thread, const GuestBuffer& buffer, uint64_t position) {
  return move_own_memory(thread, buffer, position, true);
}

}  // namespace ferry
