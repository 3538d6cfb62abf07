#include "linux/strace/show_ipc.hpp"

#include <algorithm>
#include <iterator>
#include <span>

#include "linux/abi/i386/file_names.hpp"
#include "linux/abi/i386/ipc_types.hpp"
#include "linux/abi/i386/process_names.hpp"
#include "linux/strace/call_numbers.hpp"

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

}  // namespace

void show_ipc_flags(Printer& p, uint32_t flags) {
  add_flags_and_mode(p, abi::kIpcFlags, flags);
}
void show_shm_flags(Printer& p, uint32_t flags) {
  add_flags_and_mode(p, abi::kShmFlags, flags);
}

namespace {

void add_permissions(Printer& p, const char* name, const abi::IpcPermissions& permissions) {
  p.add("{%s={uid=%u, gid=%u, mode=%#03o", name, permissions.uid, permissions.gid,
        permissions.mode);
  // What IPC_SET does not read is not shown of it.
  if (p.exiting) {
    p.add(", key=%u, cuid=%u, cgid=%u", static_cast<uint32_t>(permissions.key),
          permissions.creator_uid, permissions.creator_gid);
  }
  p.text += "}";
}

void show_segment(Printer& p, uint32_t guest) {
  abi::Segment segment;
  if (!p.fetch(guest, segment)) return;
  add_permissions(p, "shm_perm", segment.permissions);
  if (p.exiting) {
    p.add(", shm_segsz=%u, shm_cpid=%d, shm_lpid=%d, shm_nattch=%u", segment.bytes, segment.creator,
          segment.last_user, segment.attachments);
    p.add(", shm_atime=%u, shm_dtime=%u, shm_ctime=%u", segment.attached.low, segment.detached.low,
          segment.changed.low);
  }
  p.text += "}";
}

void show_segment_limits(Printer& p, uint32_t guest) {
  abi::SegmentLimits limits;
  if (!p.fetch(guest, limits)) return;
  p.add("{shmmax=%u, shmmin=%u, shmmni=%u, shmseg=%u, shmall=%u}", limits.most_bytes,
        limits.least_bytes, limits.most_segments, limits.most_of_process, limits.most_pages);
}

void show_segment_use(Printer& p, uint32_t guest) {
  abi::SegmentUse use;
  if (!p.fetch(guest, use)) return;
  p.add("{used_ids=%d, shm_tot=%u, shm_rss=%u, shm_swp=%u, swap_attempts=%u, swap_successes=%u}",
        use.segments, use.pages, use.resident_pages, use.swapped_pages, use.swap_attempts,
        use.swap_successes);
}

void show_queue(Printer& p, uint32_t guest) {
  abi::MessageQueue queue;
  if (!p.fetch(guest, queue)) return;
  add_permissions(p, "msg_perm", queue.permissions);
  if (p.exiting) {
    p.add(", msg_stime=%u, msg_rtime=%u, msg_ctime=%u, msg_qnum=%u", queue.sent.low,
          queue.received.low, queue.changed.low, queue.messages);
  }
  p.add(", msg_qbytes=%u", queue.most_bytes);
  if (p.exiting) p.add(", msg_lspid=%d, msg_lrpid=%d", queue.last_sender, queue.last_receiver);
  p.text += "}";
}

void show_queue_limits(Printer& p, uint32_t guest) {
  struct {  // struct msginfo, include/uapi/linux/msg.h
    int32_t pool, map, most, most_bytes, queues, segment_size, headers;
    uint16_t segments;
  } limits;
  if (!p.fetch(guest, limits)) return;
  p.add("{msgpool=%d, msgmap=%d, msgmax=%d, msgmnb=%d, msgmni=%d, msgssz=%d, msgtql=%d",
        limits.pool, limits.map, limits.most, limits.most_bytes, limits.queues, limits.segment_size,
        limits.headers);
  p.add(", msgseg=%u}", limits.segments);
}

void show_semaphore_set(Printer& p, uint32_t guest) {
  abi::SemaphoreSet set;
  if (!p.fetch(guest, set)) return;
  add_permissions(p, "sem_perm", set.permissions);
  if (p.exiting) {
    p.add(", sem_otime=%u, sem_ctime=%u, sem_nsems=%u", set.operated.low, set.changed.low,
          set.count);
  }
  p.text += "}";
}

void show_semaphore_limits(Printer& p, uint32_t guest) {
  constexpr const char* kNames[] = {"semmap", "semmni", "semmns", "semmnu", "semmsl",
                                    "semopm", "semume", "semusz", "semvmx", "semaem"};
  int32_t limits[std::size(kNames)];  // struct seminfo, include/uapi/linux/sem.h
  if (!p.fetch(guest, limits)) return;
  for (size_t i = 0; i < std::size(kNames); ++i)
    p.add("%s%s=%d", i == 0 ? "{" : ", ", kNames[i], limits[i]);
  p.text += "}";
}

/// What a command of shmctl, msgctl or semctl has as its argument.
struct Control {
  uint32_t command;
  bool writes;  ///< the kernel writes it
  void (*show)(Printer&, uint32_t);
};

/// Command and argument, of which rows tell; any other argument is an address. The old structures
/// of ipc(2) without IPC_64 are shown as addresses.
void show_control(Printer& p, const abi::NameTable& names, std::span<const Control> rows,
                  const uint32_t* words) {
  constexpr auto kIpc64 = static_cast<uint32_t>(abi::kIpc64);
  const uint32_t command = words[0] & ~kIpc64;
  const bool old = p.thread.syscall_number == kNr_ipc && command == words[0];
  const auto row = std::find_if(rows.begin(), rows.end(),
                                [=](const Control& r) { return r.command == command; });
  const bool structure = row != rows.end() && !old;
  if (!p.exiting) {
    if (command != words[0]) p.text += "IPC_64|";
    p.value(names, command);
    p.text += ", ";
    if (!structure) return p.address(words[1]);
  }
  if (structure && row->writes == p.exiting) row->show(p, words[1]);
}

}  // namespace

void show_msgctl(Printer& p, const uint32_t* words) {
  constexpr Control kRows[] = {
      {abi::kIpcSet, false, show_queue},        {abi::kIpcStat, true, show_queue},
      {abi::kIpcInfo, true, show_queue_limits}, {abi::kMsgStat, true, show_queue},
      {abi::kMsgInfo, true, show_queue_limits}, {abi::kMsgStatAny, true, show_queue}};
  show_control(p, abi::kMsgctlCommands, kRows, words);
}

void show_semctl(Printer& p, const uint32_t* words) {
  constexpr Control kRows[] = {
      {abi::kIpcSet, false, show_semaphore_set},    {abi::kIpcStat, true, show_semaphore_set},
      {abi::kIpcInfo, true, show_semaphore_limits}, {abi::kSemStat, true, show_semaphore_set},
      {abi::kSemInfo, true, show_semaphore_limits}, {abi::kSemStatAny, true, show_semaphore_set}};
  show_control(p, abi::kSemctlCommands, kRows, words);
}

void show_shmctl(Printer& p, const uint32_t* words) {
  constexpr Control kRows[] = {
      {abi::kIpcSet, false, show_segment},        {abi::kIpcStat, true, show_segment},
      {abi::kIpcInfo, true, show_segment_limits}, {abi::kShmStat, true, show_segment},
      {abi::kShmInfo, true, show_segment_use},    {abi::kShmStatAny, true, show_segment}};
  show_control(p, abi::kShmctlCommands, kRows, words);
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

}  // namespace ferry::linux::strace
