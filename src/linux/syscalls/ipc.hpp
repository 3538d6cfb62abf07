// What the three kinds of System V IPC share: permissions, versions of structures, commands.
#pragma once

#include <sys/ipc.h>

#include <cstdint>

#include "linux/abi/i386/ipc_types.hpp"
#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/convert.hpp"

namespace ferry::linux {

/// Which structures a control call reads and writes.
enum class IpcVersion : uint8_t { old, with64 };

// Times and permissions as the structures of either version have them (ipc/util.c,
// to_compat_ipc64_perm and to_compat_ipc_perm).

inline void set_ipc_time(abi::IpcTime& guest, time_t host) {
  const auto bits = static_cast<uint64_t>(host);
  guest = {static_cast<uint32_t>(bits), static_cast<uint32_t>(bits >> 32)};
}
inline void set_ipc_time(uint32_t& guest, time_t host) {
  guest = static_cast<uint32_t>(host);
}

void set_permissions(abi::IpcPermissions& guest, const struct ipc_perm& host);
void set_permissions(abi::OldIpcPermissions& guest, const struct ipc_perm& host);

/// What IPC_SET takes of a structure of `version` at `guest`: owner and mode. False for EFAULT.
[[nodiscard]] bool copy_in_permissions(uint32_t guest, IpcVersion version, struct ipc_perm& host);

/// The host's msgctl and shmctl. Commands have the same numbers everywhere.
[[nodiscard]] inline long host_control(long number, int32_t id, int32_t command, void* structure) {
  return host_call(number, id, command | kHostIpc64, structure);
}
/// The host's semctl; `argument` is a pointer or a number.
template <typename Argument>
[[nodiscard]] long host_control(long number, int32_t id, int32_t semaphore, int32_t command,
                                Argument argument) {
  return host_call(number, id, semaphore, command | kHostIpc64, argument);
}

/// What msgctl and semctl, called directly, make of a command that has the bit IPC_64 (6.18,
/// compat_ksys_msgctl, compat_ksys_semctl): the plainest one of its kind, or -1, which is none.
[[nodiscard]] int32_t direct_command(int32_t command, int32_t info, int32_t stat, int32_t stat_any);

/// msgctl, semctl and shmctl with structures of `version`. `argument` of semctl is its union.
CallResult control_messages(Thread& thread, int32_t id, int32_t command, uint32_t pointer,
                            IpcVersion version);
CallResult control_semaphores(Thread& thread, int32_t id, int32_t number, int32_t command,
                              uint32_t argument, IpcVersion version);
CallResult control_segment(Thread& thread, int32_t id, int32_t command, uint32_t pointer,
                           IpcVersion version);
/// semtimedop without a time limit, and with one of either width.
CallResult operate_semaphores(Thread& thread, int32_t id, uint32_t operations, uint32_t count,
                              uint32_t timeout, TimeWidth width);

}  // namespace ferry::linux
