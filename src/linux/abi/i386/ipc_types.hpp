// Structures of POSIX message queues and System V IPC, as a 64-bit kernel has them for i386
// programs: include/uapi/linux/{mqueue,ipc,msg,sem,shm}.h and
// arch/x86/include/uapi/asm/{msgbuf,sembuf,shmbuf}.h. The old ones are those of ipc(2) without
// IPC_64 (ipc/util.h, ipc/msg.c, ipc/sem.c, ipc/shm.c, compat_*).
#pragma once

#include <cstddef>
#include <cstdint>

namespace ferry::linux::abi {

struct MqAttr {  // struct mq_attr
  int32_t flags, most_messages, message_size, messages;
  int32_t reserved[4];
};
static_assert(sizeof(MqAttr) == 32);

/// Commands of msgctl, semctl and shmctl; the same on every host.
inline constexpr int32_t kIpcRemove = 0, kIpcSet = 1, kIpcStat = 2, kIpcInfo = 3;
inline constexpr int32_t kMsgStat = 11, kMsgInfo = 12, kMsgStatAny = 13;
inline constexpr int32_t kShmLock = 11, kShmUnlock = 12, kShmStat = 13, kShmInfo = 14,
                         kShmStatAny = 15;
inline constexpr int32_t kSemGetPid = 11, kSemGetValue = 12, kSemGetAll = 13, kSemGetNCount = 14,
                         kSemGetZCount = 15, kSemSetValue = 16, kSemSetAll = 17, kSemStat = 18,
                         kSemInfo = 19, kSemStatAny = 20;
inline constexpr int32_t kIpc64 = 0x100;  ///< in a command of ipc(2): not the old structures

struct IpcTime {
  uint32_t low, high;
};

struct IpcPermissions {  // struct ipc64_perm
  int32_t key;
  uint32_t uid, gid, creator_uid, creator_gid;
  uint16_t mode, pad1, sequence, pad2;
  uint32_t unused[2];
};
static_assert(sizeof(IpcPermissions) == 36);

struct OldIpcPermissions {  // struct ipc_perm
  int32_t key;
  uint16_t uid, gid, creator_uid, creator_gid, mode, sequence;
};
static_assert(sizeof(OldIpcPermissions) == 16);

struct MessageQueue {  // struct msqid64_ds
  IpcPermissions permissions;
  IpcTime sent, received, changed;
  uint32_t bytes, messages, most_bytes;
  int32_t last_sender, last_receiver;
  uint32_t unused[2];
};
static_assert(sizeof(MessageQueue) == 88 && offsetof(MessageQueue, most_bytes) == 68);

struct OldMessageQueue {  // struct msqid_ds
  OldIpcPermissions permissions;
  uint32_t first, last;
  uint32_t sent, received, changed;
  uint32_t long_bytes, long_most_bytes;
  uint16_t bytes, messages, most_bytes, last_sender, last_receiver;
};
static_assert(sizeof(OldMessageQueue) == 56 && offsetof(OldMessageQueue, most_bytes) == 48);

struct SemaphoreSet {  // struct semid64_ds
  IpcPermissions permissions;
  IpcTime operated, changed;
  uint32_t count;
  uint32_t unused[2];
};
static_assert(sizeof(SemaphoreSet) == 64);

struct OldSemaphoreSet {  // struct semid_ds
  OldIpcPermissions permissions;
  uint32_t operated, changed;
  uint32_t pointers[4];
  uint16_t count;
};
static_assert(sizeof(OldSemaphoreSet) == 44);

struct Segment {  // struct shmid64_ds
  IpcPermissions permissions;
  uint32_t bytes;
  IpcTime attached, detached, changed;
  int32_t creator, last_user;
  uint32_t attachments;
  uint32_t unused[2];
};
static_assert(sizeof(Segment) == 84 && offsetof(Segment, attachments) == 72);

struct OldSegment {  // struct shmid_ds
  OldIpcPermissions permissions;
  uint32_t bytes;
  uint32_t attached, detached, changed;
  uint16_t creator, last_user, attachments, unused;
  uint32_t pointers[2];
};
static_assert(sizeof(OldSegment) == 48);

struct SegmentLimits {  // struct shminfo64
  uint32_t most_bytes, least_bytes, most_segments, most_of_process, most_pages;
  uint32_t unused[4];
};
static_assert(sizeof(SegmentLimits) == 36);

struct OldSegmentLimits {  // struct shminfo
  uint32_t most_bytes, least_bytes, most_segments, most_of_process, most_pages;
};
static_assert(sizeof(OldSegmentLimits) == 20);

struct SegmentUse {  // struct shm_info
  int32_t segments;
  uint32_t pages, resident_pages, swapped_pages, swap_attempts, swap_successes;
};
static_assert(sizeof(SegmentUse) == 24);

struct ReceiveWords {  // struct compat_ipc_kludge
  uint32_t message;
  int32_t type;
};

}  // namespace ferry::linux::abi
