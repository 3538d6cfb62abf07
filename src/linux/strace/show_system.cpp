#include "linux/strace/show_system.hpp"

#include <algorithm>
#include <cstring>

#include "linux/abi/i386/abi_types.hpp"
#include "linux/abi/i386/file_names.hpp"
#include "linux/abi/i386/process_names.hpp"

namespace ferry::linux::strace {

void show_host_name(Printer& p, const uint32_t* words) {
  constexpr uint32_t kLongest = 64;  // __NEW_UTS_LEN
  words[1] > kLongest ? p.address(words[0]) : p.data(words[0], words[1]);
}

void show_uname(Printer& p, uint32_t guest) {
  abi::UtsName name;
  if (!p.fetch(guest, name)) return;
  const auto text = [](const char(&field)[65]) {
    return std::string_view(field, ::strnlen(field, sizeof field));
  };
  p.text += "{sysname=";
  p.bytes(text(name.sysname), false);
  p.text += ", nodename=";
  p.bytes(text(name.nodename), false);
  p.text += ", ...}";
}

void show_sysinfo(Printer& p, uint32_t guest) {
  abi::SysInfo info;
  if (!p.fetch(guest, info)) return;
  p.add("{uptime=%d, loads=[%u, %u, %u], totalram=%u, freeram=%u, sharedram=%u, bufferram=%u",
        info.uptime, info.loads[0], info.loads[1], info.loads[2], info.total_ram, info.free_ram,
        info.shared_ram, info.buffer_ram);
  p.add(", totalswap=%u, freeswap=%u, procs=%u, totalhigh=%u, freehigh=%u, mem_unit=%u}",
        info.total_swap, info.free_swap, info.processes, info.total_high, info.free_high,
        info.unit);
}

void show_reboot(Printer& p, const uint32_t* words) {
  constexpr uint32_t kRestart2 = 0xa1b2c3d4;
  p.value(abi::kRebootCommands, words[0]);
  if (words[0] != kRestart2) return;
  p.text += ", ";
  p.string(words[1]);
}

void show_syslog_action(Printer& p, uint32_t action) {
  if (const char* name = name_of(abi::kSyslogActions, action)) {
    p.add("%u /* %s */", action, name);
  } else {
    p.add("%u /* SYSLOG_ACTION_??? */", action);
  }
}

namespace {

constexpr uint32_t kSync = 0x800001, kQuotaOn = 0x800002, kQuotaOff = 0x800003,
                   kGetQuota = 0x800007, kSetQuota = 0x800008;

void add_quota_command(Printer& p, uint32_t command) {
  p.text += "QCMD(";
  p.value(abi::kQuotaCommands, command >> 8);
  p.text += ", ";
  p.value(abi::kQuotaTypes, command & 0xff);
  p.text += ")";
}

void show_quota(Printer& p, uint32_t guest) {
  struct {  // struct if_dqblk, include/uapi/linux/quota.h
    abi::U64 hard_blocks, soft_blocks, space, hard_inodes, soft_inodes, inodes;
  } quota;
  if (!p.fetch(guest, quota)) return;
  p.add("{dqb_bhardlimit=%llu, dqb_bsoftlimit=%llu, dqb_curspace=%llu",
        static_cast<unsigned long long>(quota.hard_blocks),
        static_cast<unsigned long long>(quota.soft_blocks),
        static_cast<unsigned long long>(quota.space));
  p.add(", dqb_ihardlimit=%llu, dqb_isoftlimit=%llu, dqb_curinodes=%llu, ...}",
        static_cast<unsigned long long>(quota.hard_inodes),
        static_cast<unsigned long long>(quota.soft_inodes),
        static_cast<unsigned long long>(quota.inodes));
}

/// Number and argument, as the command has them.
void add_quota_argument(Printer& p, uint32_t command, const uint32_t* words) {
  if (command == kSync || command == kQuotaOff) return;
  const bool late = command == kGetQuota;
  if (!p.exiting) {
    p.text += ", ";
    if (command == kQuotaOn) {
      p.value(abi::kQuotaFormats, words[0]);
    } else {
      p.add("%d", static_cast<int32_t>(words[0]));
    }
    p.text += ", ";
  }
  if (p.exiting != late) return;
  switch (command) {
    case kQuotaOn:
      return p.path(words[1]);
    case kGetQuota:
    case kSetQuota:
      return show_quota(p, words[1]);
    default:
      return p.address(words[1]);
  }
}

}  // namespace

void show_quotactl(Printer& p, const uint32_t* words) {
  if (!p.exiting) {
    add_quota_command(p, words[0]);
    p.text += ", ";
    p.string(words[1]);
  }
  add_quota_argument(p, words[0] >> 8, words + 2);
}

void show_quotactl_fd(Printer& p, const uint32_t* words) {
  if (!p.exiting) add_quota_command(p, words[0]);
  add_quota_argument(p, words[0] >> 8, words + 1);
}

void show_mount_attributes(Printer& p, const uint32_t* words) {
  struct {  // struct mount_attr, include/uapi/linux/mount.h
    abi::U64 set, clear, propagation, user_namespace;
  } attributes;
  const auto low = [](abi::U64 number) {
    return static_cast<uint32_t>(static_cast<uint64_t>(number));
  };
  if (words[1] < sizeof attributes) {
    p.address(words[0]);
  } else if (p.fetch(words[0], attributes)) {
    p.text += "{attr_set=";
    p.flags(abi::kMountAttributes, low(attributes.set));
    p.text += ", attr_clr=";
    p.flags(abi::kMountAttributes, low(attributes.clear));
    p.text += ", propagation=";
    p.flags(abi::kMountFlags, low(attributes.propagation));
    p.add(", userns_fd=%u}", low(attributes.user_namespace));
  }
  p.add(", %u", words[1]);
}

void show_keyring(Printer& p, uint32_t key) {
  const char* name = name_of(abi::kKeyrings, key);
  name != nullptr ? p.add("%s", name) : p.add("%d", static_cast<int32_t>(key));
}

void show_keyctl(Printer& p, const uint32_t* words) {
  constexpr uint32_t kGetId = 0, kRevoke = 3, kClear = 7, kLink = 8, kUnlink = 9, kInvalidate = 21;
  p.value(abi::kKeyctlCommands, words[0]);
  p.text += ", ";
  switch (words[0]) {
    case kGetId:
      show_keyring(p, words[1]);
      return p.add(", %d", static_cast<int32_t>(words[2]));
    case kRevoke:
    case kClear:
    case kInvalidate:
      return show_keyring(p, words[1]);
    case kLink:
    case kUnlink:
      show_keyring(p, words[1]);
      p.text += ", ";
      return show_keyring(p, words[2]);
    default:
      return p.add("%#x, %#x, %#x, %#x", words[1], words[2], words[3], words[4]);
  }
}

void show_range(Printer& p, const uint32_t* words) {
  p.address(words[0]);
  p.add(", %u", words[1]);
}

void show_residency(Printer& p, const uint32_t* words) {
  constexpr uint32_t kPage = 4096;
  const uint32_t length = words[-1];
  const uint32_t pages = length / kPage + (length % kPage != 0 ? 1 : 0);
  p.array<uint8_t>(words[0], pages, [&](uint8_t page) { p.add("%u", page & 1); });
}

void show_map_flags(Printer& p, uint32_t flags) {
  constexpr uint32_t kTypes = 15;
  p.value_and_flags(abi::kMapTypes, kTypes, abi::kMapFlags, flags);
}

void show_page_offset(Printer& p, uint32_t page) {
  p.add("%#llx", static_cast<unsigned long long>(page) << 12);
}

void show_new_address(Printer& p, const uint32_t* words) {
  constexpr uint32_t kMoves = 2 | 4;  // MREMAP_FIXED, MREMAP_DONTUNMAP
  if ((words[-1] & kMoves) != 0) p.address(words[0]);
}

void show_random(Printer& p, const uint32_t* words) {
  p.failed() ? p.address(words[0]) : p.data(words[0], p.result.value(), Quotes::all_hexadecimal);
}

}  // namespace ferry::linux::strace
