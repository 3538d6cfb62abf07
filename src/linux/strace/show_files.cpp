#include "linux/strace/show_files.hpp"

#include <algorithm>
#include <cstring>

#include "linux/abi/i386/abi_types.hpp"
#include "linux/abi/i386/file_names.hpp"
#include "linux/abi/i386/process_names.hpp"

namespace ferry::linux::strace {

void show_open_flags(Printer& p, uint32_t flags) {
  p.value(abi::kAccessModes, flags & 3);
  if ((flags & ~3u) == 0) return;
  p.text += "|";
  const size_t before = p.text.size();
  p.flags(abi::kOpenFlags, flags & ~3u);
  // Behind the access mode a number without a name has no comment.
  if (const size_t comment = p.text.find(" /*", before); comment != std::string::npos)
    p.text.resize(comment);
}

void show_creation_mode(Printer& p, const uint32_t* words) {
  constexpr uint32_t kCreates = 0100 | 020000000;  // O_CREAT, __O_TMPFILE
  if ((words[-1] & kCreates) != 0) p.mode(words[0] & 0xffff);
}

void show_open_how(Printer& p, const uint32_t* words) {
  struct {
    abi::U64 flags, mode, resolve;
  } how;
  if (words[1] < sizeof how) return p.address(words[0]);
  if (!p.fetch(words[0], how)) return;
  p.text += "{flags=";
  show_open_flags(p, static_cast<uint32_t>(how.flags));
  if (how.mode != 0) p.add(", mode=%#03llo", static_cast<unsigned long long>(how.mode));
  p.text += ", resolve=";
  p.flags(abi::kResolveFlags, static_cast<uint32_t>(how.resolve));
  p.text += "}";
}

void show_file_mode(Printer& p, uint32_t mode) {
  const char* type = name_of(abi::kFileTypes, mode & 0170000);
  if (mode == 0) return p.add("000");
  if (type != nullptr) {
    p.add("%s", type);
  } else if ((mode & 0170000) != 0) {
    return p.add("%#o", mode);
  }
  const char* separator = type != nullptr ? "|" : "";
  constexpr abi::NamedValue kBits[] = {{04000, "S_ISUID"}, {02000, "S_ISGID"}, {01000, "S_ISVTX"}};
  for (const abi::NamedValue& bit : kBits) {
    if ((mode & bit.value) == 0) continue;
    p.add("%s%s", separator, bit.name);
    separator = "|";
  }
  p.add("%s%#03o", separator, mode & 0777);
}

namespace {

void show_device(Printer& p, uint64_t device) {
  const auto low = static_cast<uint32_t>(device);
  p.add("makedev(%#x, %#x)", low >> 8 & 0xfff, (low & 0xff) | (low >> 12 & 0xfff00));
}

void show_status(Printer& p, uint32_t mode, uint64_t device, int64_t size) {
  p.text += "{st_mode=";
  show_file_mode(p, mode);
  const uint32_t type = mode & 0170000;
  if (type == 0020000 || type == 0060000) {
    p.text += ", st_rdev=";
    show_device(p, device);
  } else {
    p.add(", st_size=%lld", static_cast<long long>(size));
  }
  p.text += ", ...}";
}

template <typename StatFs>
void show_file_system(Printer& p, uint32_t guest) {
  StatFs status;
  if (!p.fetch(guest, status)) return;
  p.text += "{f_type=";
  p.value(abi::kFileSystems, status.type);
  const auto number = [](uint64_t value) { return static_cast<unsigned long long>(value); };
  p.add(", f_bsize=%u, f_blocks=%llu, f_bfree=%llu, f_bavail=%llu, f_files=%llu, f_ffree=%llu",
        status.bsize, number(status.blocks), number(status.bfree), number(status.bavail),
        number(status.files), number(status.ffree));
  p.add(", f_fsid={val=[%#x, %#x]}, f_namelen=%u, f_frsize=%u, f_flags=", status.fsid[0],
        status.fsid[1], status.namelen, status.frsize);
  p.flags(abi::kStatFsFlags, status.flags);
  p.text += "}";
}

}  // namespace

void show_node(Printer& p, const uint32_t* words) {
  const uint32_t mode = words[0] & 0xffff;
  show_file_mode(p, mode);
  const uint32_t type = mode & 0170000;
  if (type != 0020000 && type != 0060000) return;
  p.text += ", ";
  show_device(p, words[1]);
}

void show_id(Printer& p, uint32_t id) {
  id == UINT32_MAX ? p.add("-1") : p.add("%u", id);
}

void show_id16(Printer& p, uint32_t id) {
  (id & 0xffff) == 0xffff ? p.add("-1") : p.add("%u", id & 0xffff);
}

void show_access(Printer& p, uint32_t bits) {
  p.flags(abi::kAccessBits, bits);
}

void show_stat(Printer& p, uint32_t guest) {
  abi::Stat32 status;
  if (p.fetch(guest, status)) show_status(p, status.mode, status.rdev, status.size);
}

void show_stat64(Printer& p, uint32_t guest) {
  abi::Stat64 status;
  if (p.fetch(guest, status)) show_status(p, status.mode, status.rdev, status.size);
}

void show_statx(Printer& p, uint32_t guest) {
  struct {
    uint32_t mask, block_size;
    abi::U64 attributes;
    uint32_t links, user, group;
    uint16_t mode, padding;
    abi::U64 inode, size;
  } status;
  if (!p.fetch(guest, status)) return;
  p.text += "{stx_mask=";
  p.flags(abi::kStatxMasks, status.mask);
  p.text += ", stx_attributes=";
  p.flags(abi::kStatxAttributes, static_cast<uint32_t>(status.attributes));
  p.text += ", stx_mode=";
  show_file_mode(p, status.mode);
  p.add(", stx_size=%llu, ...}", static_cast<unsigned long long>(status.size));
}

void show_statx_flags(Printer& p, uint32_t flags) {
  constexpr uint32_t kSync = 0x6000;
  p.value_and_flags(abi::kAtStatxSyncTypes, kSync, abi::kAtFlags, flags);
}

void show_statfs(Printer& p, uint32_t guest) {
  show_file_system<abi::StatFs32>(p, guest);
}

void show_statfs64(Printer& p, uint32_t guest) {
  show_file_system<abi::StatFs64>(p, guest);
}

void show_iovec(Printer& p, uint32_t guest, uint32_t count, uint32_t bytes) {
  p.array<abi::IoVec>(guest, count, [&](const abi::IoVec& vector) {
    const uint32_t used = std::min(vector.length, bytes);
    if (bytes != UINT32_MAX) bytes -= used;
    p.text += "{iov_base=";
    p.data(vector.base, used);
    p.add(", iov_len=%u}", vector.length);
  });
}

void show_vectors(Printer& p, const uint32_t* words) {
  show_iovec(p, words[0], words[1], UINT32_MAX);
}

void show_read_vectors(Printer& p, const uint32_t* words) {
  show_iovec(p, words[0], words[1], p.result.value());
}

void show_remote_vectors(Printer& p, const uint32_t* words) {
  p.array<abi::IoVec>(words[0], words[1], [&](const abi::IoVec& vector) {
    p.text += "{iov_base=";
    p.address(vector.base);
    p.add(", iov_len=%u}", vector.length);
  });
}

namespace {

/// The two structures of locks differ in the width of their numbers.
template <typename Lock>
void show_lock(Printer& p, uint32_t guest, bool with_owner) {
  Lock lock;
  if (!p.fetch(guest, lock)) return;
  p.text += "{l_type=";
  p.value(abi::kLockTypes, static_cast<uint16_t>(lock.type));
  p.text += ", l_whence=";
  p.value(abi::kWhences, static_cast<uint16_t>(lock.whence));
  p.add(", l_start=%lld, l_len=%lld", static_cast<long long>(lock.start),
        static_cast<long long>(lock.length));
  if (with_owner) p.add(", l_pid=%d", lock.pid);
  p.text += "}";
}

void show_owner(Printer& p, uint32_t guest) {
  struct {
    uint32_t type;
    int32_t pid;
  } owner;
  if (!p.fetch(guest, owner)) return;
  p.text += "{type=";
  p.value(abi::kOwnerTypes, owner.type);
  p.add(", pid=%d}", owner.pid);
}

namespace fcntl_command {
constexpr uint32_t kGetFd = 1, kSetFd = 2, kGetFl = 3, kSetFl = 4, kGetLk = 5, kSetLk = 6,
                   kSetLkw = 7, kSetOwn = 8, kGetOwn = 9, kSetSig = 10, kGetSig = 11, kGetLk64 = 12,
                   kSetLk64 = 13, kSetLkw64 = 14, kSetOwnEx = 15, kGetOwnEx = 16, kOfdGetLk = 36,
                   kOfdSetLk = 37, kOfdSetLkw = 38, kSetLease = 1024, kGetLease = 1025,
                   kNotify = 1026, kDupFd = 0, kDupFdCloexec = 1030, kSetPipeSize = 1031,
                   kGetPipeSize = 1032, kAddSeals = 1033, kGetSeals = 1034;
}  // namespace fcntl_command

/// What the kernel reads; false for a command that only writes.
bool show_fcntl_argument(Printer& p, uint32_t command, uint32_t argument) {
  using namespace fcntl_command;
  switch (command) {
    case kGetFd:
    case kGetFl:
    case kGetOwn:
    case kGetSig:
    case kGetLease:
    case kGetPipeSize:
    case kGetSeals:
      return true;
    case kGetLk:
    case kGetLk64:
    case kOfdGetLk:
    case kGetOwnEx:
      p.text += ", ";
      return false;
    default:
      p.text += ", ";
      break;
  }
  switch (command) {
    case kDupFd:
    case kDupFdCloexec:
    case kSetOwn:
    case kSetPipeSize:
      p.add("%d", static_cast<int32_t>(argument));
      break;
    case kSetFd:
      p.flags(abi::kFdFlags, argument);
      break;
    case kSetFl:
      show_open_flags(p, argument);
      break;
    case kSetLk:
    case kSetLkw:
      show_lock<abi::Flock32>(p, argument, false);
      break;
    case kSetLk64:
    case kSetLkw64:
    case kOfdSetLk:
    case kOfdSetLkw:
      show_lock<abi::Flock64>(p, argument, false);
      break;
    case kSetSig:
      p.signal(argument);
      break;
    case kSetOwnEx:
      show_owner(p, argument);
      break;
    case kSetLease:
      p.value(abi::kLockTypes, argument);
      break;
    case kNotify:
      p.flags(abi::kNotifyFlags, argument);
      break;
    case kAddSeals:
      p.flags(abi::kSeals, argument);
      break;
    default:
      p.add("%#x", argument);
      break;
  }
  return true;
}

void show_fcntl_result(Printer& p, uint32_t command) {
  using namespace fcntl_command;
  const uint32_t result = p.result.value();
  if (!p.result.ok()) return;
  if (command == kGetFd && result != 0) {
    p.style = ResultStyle::hexadecimal;
    p.note = "flags ";
    p.note_shown([&] { p.flags(abi::kFdFlags, result); });
  } else if (command == kGetFl) {
    p.style = ResultStyle::hexadecimal;
    p.note = "flags ";
    p.note_shown([&] { show_open_flags(p, result); });
  } else if (command == kGetSig && result != 0) {
    p.note_shown([&] { p.signal(result); });
  } else if (command == kGetLease) {
    p.style = ResultStyle::hexadecimal;
    p.note_shown([&] { p.value(abi::kLockTypes, result); });
  } else if (command == kGetSeals && result != 0) {
    p.style = ResultStyle::hexadecimal;
    p.note = "seals ";
    p.note_shown([&] { p.flags(abi::kSeals, result); });
  }
}

}  // namespace

void show_fcntl(Printer& p, const uint32_t* words) {
  using namespace fcntl_command;
  const uint32_t command = words[0];
  const uint32_t argument = words[1];
  if (!p.exiting) {
    p.value(abi::kFcntlCommands, command);
    show_fcntl_argument(p, command, argument);
    return;
  }
  if (command == kGetLk) show_lock<abi::Flock32>(p, argument, true);
  if (command == kGetLk64 || command == kOfdGetLk) show_lock<abi::Flock64>(p, argument, true);
  if (command == kGetOwnEx) show_owner(p, argument);
  show_fcntl_result(p, command);
}

namespace {

/// `length_offset`: of the 16-bit length in an entry.
void show_entries(Printer& p, uint32_t guest, uint32_t length_offset) {
  p.address(guest);
  if (!p.result.ok()) return;
  uint32_t count = 0;
  for (uint32_t at = 0; at < p.result.value(); ++count) {
    uint16_t length = 0;
    if (!copy_in(guest + at + length_offset, length) || length == 0) break;
    at += length;
  }
  p.add(count == 1 ? " /* %u entry */" : " /* %u entries */", count);
}

}  // namespace

void show_directory_entries(Printer& p, uint32_t guest) {
  show_entries(p, guest, 8);
}

void show_directory_entries64(Printer& p, uint32_t guest) {
  show_entries(p, guest, 16);
}

void show_llseek_offset(Printer& p, const uint32_t* words) {
  p.add("%lld", static_cast<long long>(static_cast<uint64_t>(words[0]) << 32 | words[1]));
}

void show_place(Printer& p, uint32_t guest) {
  uint64_t place;
  if (p.fetch(guest, place)) p.add("[%llu]", static_cast<unsigned long long>(place));
}

void show_descriptor_pair(Printer& p, uint32_t guest) {
  int32_t pair[2];
  if (p.fetch(guest, pair)) p.add("[%d, %d]", pair[0], pair[1]);
}

void show_offset(Printer& p, uint32_t guest) {
  int64_t offset;
  if (p.fetch(guest, offset)) p.add("[%lld]", static_cast<long long>(offset));
}

namespace {

template <typename Number>
void show_moving(Printer& p, uint32_t guest) {
  Number number;
  if (!p.exiting) {
    if (p.fetch(guest, number)) p.add("[%lld]", static_cast<long long>(number));
  } else if (p.result.value() != 0 && copy_in(guest, number)) {
    p.add(" => [%lld]", static_cast<long long>(number));
  }
}

}  // namespace

void show_moving_offset(Printer& p, const uint32_t* words) {
  show_moving<int32_t>(p, words[0]);
}

void show_moving_offset64(Printer& p, const uint32_t* words) {
  show_moving<int64_t>(p, words[0]);
}

namespace {

void add_handle_bytes(Printer& p, uint32_t guest, uint32_t size) {
  char bytes[128];  // MAX_HANDLE_SZ
  const uint32_t shown = std::min<uint32_t>(size, sizeof bytes);
  if (!copy_in_bytes(guest, bytes, shown)) return p.address(guest);
  p.bytes({bytes, shown}, size > shown, Quotes::all_hexadecimal);
}

}  // namespace

void show_handle(Printer& p, const uint32_t* words) {
  struct {
    uint32_t bytes;
    int32_t type;
  } handle;
  if (!p.exiting) {
    p.remembered = p.fetch_bytes(words[0], &handle.bytes, 4) ? 1 : 0;
    if (p.remembered != 0) p.add("{handle_bytes=%u", handle.bytes);
    return;
  }
  if (p.remembered == 0) return;
  if (!p.result.ok() || !copy_in(words[0], handle)) {
    if (p.result.error().value == 75 && copy_in(words[0], handle))  // EOVERFLOW
      p.add(" => %u", handle.bytes);
    p.text += "}";
    return;
  }
  p.add(", handle_type=%d, f_handle=", handle.type);
  add_handle_bytes(p, words[0] + 8, handle.bytes);
  p.text += "}";
}

void show_known_handle(Printer& p, uint32_t guest) {
  struct {
    uint32_t bytes;
    int32_t type;
  } handle;
  if (!p.fetch(guest, handle)) return;
  p.add("{handle_bytes=%u, handle_type=%d, f_handle=", handle.bytes, handle.type);
  add_handle_bytes(p, guest + 8, handle.bytes);
  p.text += "}";
}

void show_swap_flags(Printer& p, uint32_t flags) {
  constexpr uint32_t kPriority = 0x7fff;
  p.flags(abi::kSwapFlags, flags & ~kPriority);
  if ((flags & kPriority) != 0) p.add("|%u", flags & kPriority);
}

void show_fanotify_init(Printer& p, uint32_t flags) {
  constexpr uint32_t kClasses = 0xc;
  p.value_and_flags(abi::kFanotifyClasses, kClasses, abi::kFanotifyInitFlags, flags);
}

void show_fanotify_events(Printer& p, uint32_t events) {
  p.flags(abi::kFanotifyEvents, events);
}

void show_written_path(Printer& p, uint32_t guest) {
  p.failed() ? p.address(guest) : p.path(guest);
}

void show_attribute(Printer& p, const uint32_t* words) {
  p.failed() || words[1] == 0 ? p.address(words[0]) : p.data(words[0], p.result.value());
}

void show_landlock_ruleset(Printer& p, uint32_t guest) {
  uint64_t accesses;
  if (!p.fetch(guest, accesses)) return;
  p.text += "{handled_access_fs=";
  p.flags(abi::kLandlockAccesses, static_cast<uint32_t>(accesses));
  p.text += "}";
}

}  // namespace ferry::linux::strace
