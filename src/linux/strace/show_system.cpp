#include "linux/strace/show_system.hpp"

#include <algorithm>
#include <cstring>

#include "linux/abi/i386/abi_types.hpp"
#include "linux/abi/i386/file_names.hpp"
#include "linux/abi/i386/ipc_types.hpp"
#include "linux/abi/i386/process_names.hpp"

namespace ferry::linux::strace {

void show_key(Printer& p, uint32_t key) {
  key == 0 ? p.add("IPC_PRIVATE") : p.add("%#x", key);
}

namespace {

void add_flags_and_mode(Printer& p, const abi::NameTable& table, uint32_t flags) {
  if ((flags & ~0777u) != 0) {
    p.flags(table, flags & ~0777u);
    p.text += "|";
  }
  p.add("%#03o", flags & 0777);
}

void add_ipc_command(Printer& p, const abi::NameTable& table, uint32_t command) {
  if ((command & static_cast<uint32_t>(abi::kIpc64)) != 0) p.text += "IPC_64|";
  p.value(table, command & ~static_cast<uint32_t>(abi::kIpc64));
}

}  // namespace

void show_ipc_flags(Printer& p, uint32_t flags) {
  add_flags_and_mode(p, abi::kIpcFlags, flags);
}
void show_shm_flags(Printer& p, uint32_t flags) {
  add_flags_and_mode(p, abi::kShmFlags, flags);
}
void show_msgctl_command(Printer& p, uint32_t command) {
  add_ipc_command(p, abi::kMsgctlCommands, command);
}
void show_semctl_command(Printer& p, uint32_t command) {
  add_ipc_command(p, abi::kSemctlCommands, command);
}
void show_shmctl_command(Printer& p, uint32_t command) {
  add_ipc_command(p, abi::kShmctlCommands, command);
}

void show_semaphore_operations(Printer& p, const uint32_t* words) {
  struct Operation {
    uint16_t number;
    int16_t change, flags;
  };
  p.array<Operation>(words[0], words[1], [&](const Operation& operation) {
    p.add("{sem_num=%u, sem_op=%d, sem_flg=", operation.number, operation.change);
    p.flags(abi::kSemopFlags, static_cast<uint16_t>(operation.flags));
    p.text += "}";
  });
  p.add(", %u", words[1]);
}

namespace {

void add_message(Printer& p, uint32_t guest, uint32_t length) {
  int32_t type;
  if (!p.fetch(guest, type)) return;
  p.add("{mtype=%d, mtext=", type);
  p.data(guest + 4, length);
  p.text += "}";
}

}  // namespace

void show_sent_message(Printer& p, const uint32_t* words) {
  add_message(p, words[0], words[1]);
  p.add(", %u", words[1]);
}

void show_received_message(Printer& p, const uint32_t* words) {
  add_message(p, words[0], words[1]);
  p.add(", %u", words[1]);
}

void show_queue_attributes(Printer& p, uint32_t guest) {
  abi::MqAttr attributes;
  if (!p.fetch(guest, attributes)) return;
  p.text += "{mq_flags=";
  p.flags(abi::kOpenFlags, static_cast<uint32_t>(attributes.flags));
  p.add(", mq_maxmsg=%d, mq_msgsize=%d, mq_curmsgs=%d}", attributes.most_messages,
        attributes.message_size, attributes.messages);
}

namespace {
constexpr uint32_t kCreate = 0100;  // O_CREAT
}  // namespace

void show_queue_mode(Printer& p, const uint32_t* words) {
  if ((words[-1] & kCreate) != 0) p.mode(words[0] & 0xffff);
}

void show_created_queue(Printer& p, const uint32_t* words) {
  if ((words[-2] & kCreate) != 0) show_queue_attributes(p, words[0]);
}

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
