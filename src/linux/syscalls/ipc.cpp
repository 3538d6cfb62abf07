// ipc(2), through which old programs and libcs make all calls of System V IPC.
#include "linux/syscalls/ipc.hpp"

#include "linux/syscalls/handlers.hpp"

namespace ferry::linux {

void set_permissions(abi::IpcPermissions& guest, const struct ipc_perm& host) {
  guest.key = host.__key;
  guest.uid = host.uid;
  guest.gid = host.gid;
  guest.creator_uid = host.cuid;
  guest.creator_gid = host.cgid;
  guest.mode = static_cast<uint16_t>(host.mode);
  guest.sequence = host.__seq;
}

void set_permissions(abi::OldIpcPermissions& guest, const struct ipc_perm& host) {
  guest.key = host.__key;
  guest.uid = narrow_id(host.uid);
  guest.gid = narrow_id(host.gid);
  guest.creator_uid = narrow_id(host.cuid);
  guest.creator_gid = narrow_id(host.cgid);
  guest.mode = static_cast<uint16_t>(host.mode);
  guest.sequence = host.__seq;
}

namespace {

template <typename Permissions>
bool copy_in_owner(uint32_t guest, struct ipc_perm& host) {
  Permissions permissions;
  if (!copy_in(guest, permissions)) return false;
  host.uid = permissions.uid;
  host.gid = permissions.gid;
  host.mode = permissions.mode;
  return true;
}

}  // namespace

bool copy_in_permissions(uint32_t guest, IpcVersion version, struct ipc_perm& host) {
  return version == IpcVersion::with64 ? copy_in_owner<abi::IpcPermissions>(guest, host)
                                       : copy_in_owner<abi::OldIpcPermissions>(guest, host);
}

int32_t direct_command(int32_t command, int32_t info, int32_t stat, int32_t stat_any) {
  const int32_t plain = command & ~abi::kIpc64;
  if (plain == command) return command;
  if (plain == abi::kIpcInfo || plain == info) return abi::kIpcInfo;
  return plain == abi::kIpcStat || plain == stat || plain == stat_any ? abi::kIpcStat : -1;
}

namespace {

/// Calls of ipc(2) (include/uapi/linux/ipc.h).
constexpr uint32_t kSemOp = 1, kSemGet = 2, kSemCtl = 3, kSemTimedOp = 4, kMsgSnd = 11,
                   kMsgRcv = 12, kMsgGet = 13, kMsgCtl = 14, kShmAt = 21, kShmDt = 22, kShmGet = 23,
                   kShmCtl = 24;

/// The arguments of ipc(2) after the call.
struct IpcWords {
  int32_t first, second;
  uint32_t third, pointer, fifth;
};

/// Takes IPC_64 out of a command: the version that it asks for.
IpcVersion parse_version(int32_t& command) {
  const IpcVersion version = (command & abi::kIpc64) != 0 ? IpcVersion::with64 : IpcVersion::old;
  command &= ~abi::kIpc64;
  return version;
}

CallResult semaphore_control(Thread& t, const IpcWords& words) {
  uint32_t argument;
  if (words.pointer == 0) return abi::kEINVAL;
  if (!copy_in(words.pointer, argument)) return abi::kEFAULT;
  auto command = static_cast<int32_t>(words.third);
  const IpcVersion version = parse_version(command);
  return control_semaphores(t, words.first, words.second, command, argument, version);
}

/// msgrcv: the type is the fifth word, or (version 0) in memory beside the message's address.
CallResult message_receive(Thread& t, const IpcWords& words, bool in_memory) {
  const auto length = static_cast<uint32_t>(words.second);
  abi::ReceiveWords rest{words.pointer, static_cast<int32_t>(words.fifth)};
  if (words.first < 0 || words.second < 0) return abi::kEINVAL;
  if (in_memory) {
    if (words.pointer == 0) return abi::kEINVAL;
    if (!copy_in(words.pointer, rest)) return abi::kEFAULT;
  }
  return sys_msgrcv(t, words.first, GuestPointer{rest.message}, length, rest.type,
                    Flags{words.third});
}

CallResult segment_attach(Thread& t, const IpcWords& words) {
  const CallResult address = sys_shmat(t, words.first, GuestPointer{words.pointer},
                                       Flags{static_cast<uint32_t>(words.second)});
  if (!address.ok()) return address;
  return copy_out(t, words.third, address.value()) ? kOk : abi::kEFAULT;
}

}  // namespace

/// ipc/syscall.c, compat_ksys_ipc. The upper half of `call` is a version, which few calls ask for.
CallResult sys_ipc(Thread& t, Flags call, int32_t first, int32_t second, Word third,
                   GuestPointer pointer, Word fifth) {
  const uint32_t version = call >> 16;
  const IpcWords words{first, second, third, pointer, fifth};
  const auto unsigned_second = static_cast<uint32_t>(second);
  int32_t command = second;
  switch (call & 0xffff) {
    case kSemOp:
      return operate_semaphores(t, first, pointer, unsigned_second, 0, TimeWidth::time32);
    case kSemTimedOp:
      return operate_semaphores(t, first, pointer, unsigned_second, fifth, TimeWidth::time32);
    case kSemGet:
      return guest_result(host_call(SYS_semget, first, second, static_cast<int32_t>(third.number)));
    case kSemCtl:
      return semaphore_control(t, words);
    case kMsgSnd:
      return sys_msgsnd(t, first, pointer, unsigned_second, Flags{third});
    case kMsgRcv:
      return message_receive(t, words, version == 0);
    case kMsgGet:
      return guest_result(host_call(SYS_msgget, first, second));
    case kMsgCtl: {
      const IpcVersion structures = parse_version(command);
      return control_messages(t, first, command, pointer, structures);
    }
    case kShmAt:
      return version == 1 ? CallResult(abi::kEINVAL) : segment_attach(t, words);
    case kShmDt:
      return sys_shmdt(t, pointer);
    case kShmGet:
      return sys_shmget(t, first, unsigned_second, Flags{third});
    case kShmCtl: {
      const IpcVersion structures = parse_version(command);
      return control_segment(t, first, command, pointer, structures);
    }
    default:
      return abi::kENOSYS;
  }
}

}  // namespace ferry::linux
