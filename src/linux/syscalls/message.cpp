// System V messages (ipc/msg.c).
#include <sys/msg.h>

#include <climits>
#include <memory>
#include <new>

#include "linux/syscalls/handlers.hpp"
#include "linux/syscalls/ipc.hpp"

namespace ferry::linux {

namespace {

/// copy_compat_msqid_to_user.
template <typename Structure>
Structure queue_from(const struct msqid_ds& host) {
  Structure guest{};
  set_permissions(guest.permissions, host.msg_perm);
  set_ipc_time(guest.sent, host.msg_stime);
  set_ipc_time(guest.received, host.msg_rtime);
  set_ipc_time(guest.changed, host.msg_ctime);
  guest.bytes = static_cast<decltype(guest.bytes)>(host.__msg_cbytes);
  guest.messages = static_cast<decltype(guest.messages)>(host.msg_qnum);
  guest.most_bytes = static_cast<decltype(guest.most_bytes)>(host.msg_qbytes);
  guest.last_sender = static_cast<decltype(guest.last_sender)>(host.msg_lspid);
  guest.last_receiver = static_cast<decltype(guest.last_receiver)>(host.msg_lrpid);
  return guest;
}

/// copy_compat_msqid_from_user. False for EFAULT.
bool copy_in_queue(uint32_t guest, IpcVersion version, struct msqid_ds& host) {
  if (!copy_in_permissions(guest, version, host.msg_perm)) return false;
  if (version == IpcVersion::with64) {
    uint32_t most_bytes;
    if (!copy_in(guest + offsetof(abi::MessageQueue, most_bytes), most_bytes)) return false;
    host.msg_qbytes = most_bytes;
    return true;
  }
  uint16_t most_bytes;
  if (!copy_in(guest + offsetof(abi::OldMessageQueue, most_bytes), most_bytes)) return false;
  host.msg_qbytes = most_bytes;
  return true;
}

/// Whether messages may have `length` bytes. Only for long ones is the host asked.
bool allowed_length(uint32_t length) {
  constexpr uint32_t kUsualMost = 8192;  // MSGMAX
  if (length <= kUsualMost) return true;
  struct msginfo limits {};
  const long result = host_control(SYS_msgctl, 0, IPC_INFO, &limits);
  return result >= 0 && length <= static_cast<uint32_t>(limits.msgmax);
}

/// Room for a message as the host has it: its type, and the text. Null if there is none.
std::unique_ptr<uint8_t[]> message_room(uint32_t length) {
  return std::unique_ptr<uint8_t[]>(new (std::nothrow) uint8_t[sizeof(long) + size_t{length}]);
}

}  // namespace

CallResult sys_msgsnd(Thread& t, int32_t id, GuestPointer message, uint32_t length, Flags flags) {
  int32_t guest_type;
  if (!copy_in(message, guest_type)) return abi::kEFAULT;
  const long type = guest_type;
  if (!allowed_length(length)) return abi::kEINVAL;
  const std::unique_ptr<uint8_t[]> host = message_room(length);
  if (host == nullptr) return abi::kENOMEM;
  std::memcpy(host.get(), &type, sizeof type);
  if (!copy_in_bytes(message + sizeof guest_type, host.get() + sizeof type, length))
    return id < 0 || type < 1 ? abi::kEINVAL : abi::kEFAULT;
  return sleeping_call(t, SYS_msgsnd, id, host.get(), length, static_cast<int32_t>(flags.number));
}

CallResult sys_msgrcv(Thread& t, int32_t id, GuestPointer message, uint32_t length, int32_t type,
                      Flags flags) {
  if (id < 0 || length > INT_MAX) return abi::kEINVAL;
  const std::unique_ptr<uint8_t[]> host = message_room(length);
  if (host == nullptr) return abi::kENOMEM;
  const CallResult result = sleeping_call(t, SYS_msgrcv, id, host.get(), length, type,
                                          static_cast<int32_t>(flags.number));
  if (!result.ok()) return result;
  long host_type;
  std::memcpy(&host_type, host.get(), sizeof host_type);
  // A message for which there is no room in the guest's memory is lost, as on i386.
  const auto guest_type = static_cast<int32_t>(host_type);
  const bool copied =
      copy_out(t, message, guest_type) &&
      copy_out_bytes(t, message + sizeof guest_type, host.get() + sizeof host_type, result.value());
  return copied ? result : CallResult(abi::kEFAULT);
}

CallResult control_messages(Thread& t, int32_t id, int32_t command, uint32_t pointer,
                            IpcVersion version) {
  if (id < 0 || command < 0) return abi::kEINVAL;
  struct msqid_ds queue {};
  switch (command) {
    case abi::kIpcInfo:
    case abi::kMsgInfo: {
      struct msginfo info {};
      static_assert(sizeof info == 32);  // the same everywhere
      const long result = host_control(SYS_msgctl, id, command, &info);
      if (result < 0) return guest_result(result);
      return copy_out(t, pointer, info) ? guest_result(result) : abi::kEFAULT;
    }
    case abi::kIpcStat:
    case abi::kMsgStat:
    case abi::kMsgStatAny: {
      const long result = host_control(SYS_msgctl, id, command, &queue);
      if (result < 0) return guest_result(result);
      const bool copied = version == IpcVersion::with64
                              ? copy_out(t, pointer, queue_from<abi::MessageQueue>(queue))
                              : copy_out(t, pointer, queue_from<abi::OldMessageQueue>(queue));
      return copied ? guest_result(result) : abi::kEFAULT;
    }
    case abi::kIpcSet:
      if (!copy_in_queue(pointer, version, queue)) return abi::kEFAULT;
      [[fallthrough]];
    case abi::kIpcRemove:
      return guest_result(host_control(SYS_msgctl, id, command, &queue));
    default:
      return abi::kEINVAL;
  }
}

CallResult sys_msgctl(Thread& t, int32_t id, int32_t command, GuestPointer queue) {
  return control_messages(t, id,
                          direct_command(command, abi::kMsgInfo, abi::kMsgStat, abi::kMsgStatAny),
                          queue, IpcVersion::with64);
}

}  // namespace ferry::linux
