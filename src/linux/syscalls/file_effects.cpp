#include "linux/syscalls/file_effects.hpp"

#include <fcntl.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "linux/kernel/descriptor_names.hpp"
#include "linux/kernel/path.hpp"

namespace ferry::linux {

namespace {

/// Moves bytes between ferry and guest memory page by page, until a page is not to be had.
int32_t move_own_memory(Thread& thread, const GuestBuffer& buffer, uint64_t position, bool write) {
  AddressSpace& space = *thread.process->space;
  auto* const bytes = static_cast<uint8_t*>(buffer.pointer());
  uint32_t done = 0;
  while (done < buffer.length() && position + done < guest::kGuestEnd) {
    const auto at = static_cast<uint32_t>(position + done);
    const uint32_t piece =
        std::min(buffer.length() - done, guest::kPageSize - (at & guest::kPageMask));
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
  if (!identify_file(fd, file)) return;
  process.files_written.insert(file);
  process.writes_mapped_files = process.space->ever_mapped(file);
}

void note_mapped(Thread& thread, int fd) {
  GuestProcess& process = *thread.process;
  FileId file;
  if (process.writes_mapped_files || process.files_written.empty() || !identify_file(fd, file))
    return;
  process.writes_mapped_files = process.files_written.contains(file);
}

void note_written(Thread& thread, int fd) {
  if (thread.process->writes_mapped_files) note_resized(thread, fd);
}

void note_resized(Thread& thread, int fd) {
  FileId file;
  if (identify_file(fd, file)) thread.process->space->file_changed(file);
}

bool is_own_memory(const Thread& thread, int fd) {
  if (!thread.process->has_memory_file) return false;
  const std::string own = "/proc/" + std::to_string(host_call(SYS_getpid)) + "/";
  const std::string link = descriptor_link(fd);
  return link.starts_with(own) && link.ends_with("/mem");
}

int32_t read_own_memory(Thread& thread, const GuestBuffer& buffer, uint64_t position) {
  return move_own_memory(thread, buffer, position, false);
}

int32_t write_own_memory(Thread& thread, const GuestBuffer& buffer, uint64_t position) {
  return move_own_memory(thread, buffer, position, true);
}

}  // namespace ferry::linux
