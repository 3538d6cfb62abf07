// Reading directories.
#include "linux/syscalls/directory.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>

#include "linux/kernel/proc_entry.hpp"
#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/handlers.hpp"

namespace ferry::linux {

namespace {

struct HostEntry {  // struct linux_dirent64, the same everywhere
  uint64_t inode;
  int64_t offset;
  uint16_t record_length;
  uint8_t type;
  char name[1];  // longer in fact, with a NUL at its end
};

struct GuestEntry64 {  // the same, with 4-byte alignment
  abi::U64 inode;
  abi::S64 offset;
  uint16_t record_length;
  uint8_t type;
};
constexpr uint32_t kName64 = 19;

struct GuestEntry32 {  // struct linux_dirent; the type is the record's last byte
  uint32_t inode;
  uint32_t offset;
  uint16_t record_length;
};
constexpr uint32_t kName32 = 10;

/// Hides ferry's own descriptors and threads in folders of procfs.
class HiddenNames {
 public:
  HiddenNames(const GuestProcess& process, int directory)
      : process_(process), directory_(directory) {}

  /// The first number makes the question what directory it is, so others cost nothing.
  [[nodiscard]] bool contain(std::string_view name) {
    int number = -1;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), number);
    if (parsed.ec != std::errc{} || parsed.ptr != name.data() + name.size()) return false;
    if (!numbers_) numbers_.emplace(process_, proc_folder(directory_));
    return numbers_->contain(number);
  }

 private:
  const GuestProcess& process_;
  int directory_;
  std::optional<HiddenNumbers> numbers_;
};

/// Writes one entry; returns its size, 0 if it does not fit.
template <typename Guest, uint32_t NameAt>
Result<uint32_t> put_entry(Thread& t, const HostEntry& host, uint32_t guest, uint32_t room) {
  constexpr bool kOld = sizeof(Guest) == sizeof(GuestEntry32);
  const auto name_length = static_cast<uint32_t>(std::strlen(host.name));
  // The old form keeps a NUL and the type byte after the name, the new one a NUL.
  constexpr uint32_t kAlignment = kOld ? 4 : 8;
  const uint32_t size =
      (NameAt + name_length + (kOld ? 2 : 1) + kAlignment - 1) & ~(kAlignment - 1);
  if (size > room) return 0;
  char record[NameAt + 256 + 16] = {};
  Guest header{};
  header.inode = static_cast<decltype(header.inode + 0)>(host.inode);
  header.offset = static_cast<decltype(header.offset + 0)>(
      t.process->directory_positions.to_guest(host.offset));
  header.record_length = static_cast<uint16_t>(size);
  if constexpr (kOld) {
    record[size - 1] = static_cast<char>(host.type);
  } else {
    header.type = host.type;
  }
  std::memcpy(record, &header, NameAt);
  std::memcpy(record + NameAt, host.name, name_length);
  if (!copy_out_bytes(t, guest, record, size)) return abi::kEFAULT;
  return size;
}

template <typename Guest, uint32_t NameAt>
CallResult get_entries(Thread& t, Fd fd, GuestPointer buffer_pointer, uint32_t buffer_size) {
  alignas(8) char buffer[8192];
  HiddenNames hidden(*t.process, fd);
  uint32_t written = 0;
  for (;;) {
    // A guest entry is never larger than the host's, so what fits here fits there.
    const uint32_t room = buffer_size - written;
    const long length =
        host_call(SYS_getdents64, fd, buffer, room < sizeof buffer ? room : sizeof buffer);
    if (length < 0) return written != 0 ? CallResult(written) : guest_result(length);
    if (length == 0) return written;
    int64_t resume_at = -1;
    for (long at = 0; at < length;) {
      const auto* entry = reinterpret_cast<const HostEntry*>(buffer + at);
      at += entry->record_length;
      if (hidden.contain(entry->name)) {
        resume_at = entry->offset;
        continue;
      }
      const Result<uint32_t> size =
          put_entry<Guest, NameAt>(t, *entry, buffer_pointer + written, buffer_size - written);
      if (!size.ok()) return size;
      if (size.value() == 0) {
        if (written == 0) return abi::kEINVAL;
        host_call(SYS_lseek, fd, resume_at, SEEK_SET);
        return written;
      }
      resume_at = entry->offset;
      written += size.value();
    }
    if (written != 0) return written;  // else all were hidden: go on
  }
}

/// Corrects `status` of the folder open as `descriptor`: the number of links to task says how many
/// threads there are (fs/proc/base.c, proc_task_getattr), the size of fd how many descriptors
/// (fs/proc/fd.c, proc_fd_getattr, since Linux 6.2).
void correct_status(const GuestProcess& process, int descriptor, struct statx& status) {
  using Kind = ProcFolder::Kind;
  const ProcFolder folder = proc_folder(descriptor);
  if (folder.kind == Kind::tasks) {
    const size_t threads = HiddenNumbers(process, folder).thread_count();
    if (threads != 0) status.stx_nlink = static_cast<uint32_t>(threads) + 2;
  } else if (folder.kind == Kind::descriptors && status.stx_size != 0) {
    status.stx_size -=
        std::min<uint64_t>(HiddenNumbers(process, folder).descriptor_count(), status.stx_size);
  }
}

}  // namespace

void hide_in_status(const Thread& thread, int directory, const char* path, struct statx& status) {
  // Folders of procfs are on no device, and nobody may write them.
  if (!S_ISDIR(status.stx_mode) || (status.stx_mode & 0222) != 0 || status.stx_dev_major != 0)
    return;
  if (*path == '\0') return correct_status(*thread.process, directory, status);
  const long folder = make_own_descriptor(
      [&] { return host_call(SYS_openat, directory, path, O_PATH | O_DIRECTORY | O_CLOEXEC); });
  if (folder < 0) return;
  correct_status(*thread.process, static_cast<int>(folder), status);
  host_call(SYS_close, folder);
}

int64_t host_directory_position(const Thread& thread, int descriptor, int64_t guest) {
  const int64_t host = thread.process->directory_positions.to_host(guest);
  if (host == guest) return guest;
  struct statx status;
  const long result = host_call(SYS_statx, descriptor, "", AT_EMPTY_PATH, STATX_TYPE, &status);
  return result == 0 && S_ISDIR(status.stx_mode) ? host : guest;
}

CallResult sys_getdents(Thread& t, Fd fd, GuestPointer buffer, uint32_t size) {
  return get_entries<GuestEntry32, kName32>(t, fd, buffer, size);
}
CallResult sys_getdents64(Thread& t, Fd fd, GuestPointer buffer, uint32_t size) {
  return get_entries<GuestEntry64, kName64>(t, fd, buffer, size);
}

}  // namespace ferry::linux
