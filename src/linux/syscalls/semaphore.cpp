// System V semaphores (ipc/sem.c). What SEM_UNDO undoes belongs to the host's process, which is the
// guest's.
#include <sys/sem.h>

#include <algorithm>
#include <climits>
#include <vector>

#include "linux/syscalls/handlers.hpp"
#include "linux/syscalls/ipc.hpp"

namespace ferry::linux {

namespace {

/// copy_compat_semid_to_user.
template <typename Structure>
Structure set_from(const struct semid_ds& host) {
  Structure guest{};
  set_permissions(guest.permissions, host.sem_perm);
  set_ipc_time(guest.operated, host.sem_otime);
  set_ipc_time(guest.changed, host.sem_ctime);
  guest.count = static_cast<decltype(guest.count)>(host.sem_nsems);
  return guest;
}

/// GETALL. Its permission is that of IPC_STAT, which says how many values there are.
CallResult get_all(Thread& t, int32_t id, int32_t number, uint32_t values) {
  struct semid_ds set {};
  long result = host_control(SYS_semctl, id, number, abi::kIpcStat, &set);
  if (result < 0) return guest_result(result);
  std::vector<uint16_t> host(set.sem_nsems);
  result = host_control(SYS_semctl, id, number, abi::kSemGetAll, host.data());
  if (result < 0) return guest_result(result);
  return copy_out_bytes(t, values, host.data(), static_cast<uint32_t>(host.size() * 2))
             ? guest_result(result)
             : abi::kEFAULT;
}

/// SETALL, for which a process may not be allowed to ask how many values there are.
CallResult set_all(Thread& t, int32_t id, int32_t number, uint32_t values) {
  constexpr uint32_t kMost = 65536;  // twice the usual SEMMSL
  const GuestBuffer host = readable(t, values, kMost * 2);
  return guest_result(host_control(SYS_semctl, id, number, abi::kSemSetAll, host.pointer()));
}

}  // namespace

CallResult control_semaphores(Thread& t, int32_t id, int32_t number, int32_t command,
                              uint32_t argument, IpcVersion version) {
  if (id < 0) return abi::kEINVAL;
  struct semid_ds set {};
  switch (command) {
    case abi::kIpcInfo:
    case abi::kSemInfo: {
      struct seminfo info {};
      static_assert(sizeof info == 40);  // the same everywhere
      const long result = host_control(SYS_semctl, id, number, command, &info);
      if (result < 0) return guest_result(result);
      return copy_out(t, argument, info) ? guest_result(result) : abi::kEFAULT;
    }
    case abi::kIpcStat:
    case abi::kSemStat:
    case abi::kSemStatAny: {
      const long result = host_control(SYS_semctl, id, number, command, &set);
      if (result < 0) return guest_result(result);
      const bool copied = version == IpcVersion::with64
                              ? copy_out(t, argument, set_from<abi::SemaphoreSet>(set))
                              : copy_out(t, argument, set_from<abi::OldSemaphoreSet>(set));
      return copied ? guest_result(result) : abi::kEFAULT;
    }
    case abi::kSemGetAll:
      return get_all(t, id, number, argument);
    case abi::kSemSetAll:
      return set_all(t, id, number, argument);
    case abi::kSemGetPid:
    case abi::kSemGetValue:
    case abi::kSemGetNCount:
    case abi::kSemGetZCount:
    case abi::kSemSetValue:
      return guest_result(host_control(SYS_semctl, id, number, command, argument));
    case abi::kIpcSet:
      if (!copy_in_permissions(argument, version, set.sem_perm)) return abi::kEFAULT;
      [[fallthrough]];
    case abi::kIpcRemove:
      return guest_result(host_control(SYS_semctl, id, number, command, &set));
    default:
      return abi::kEINVAL;
  }
}

CallResult sys_semctl(Thread& t, int32_t id, int32_t number, int32_t command, Word argument) {
  return control_semaphores(t, id, number,
                            direct_command(command, abi::kSemInfo, abi::kSemStat, abi::kSemStatAny),
                            argument, IpcVersion::with64);
}

/// A handler always ends the wait with EINTR.
CallResult operate_semaphores(Thread& t, int32_t id, uint32_t operations, uint32_t count,
                              uint32_t timeout, TimeWidth width) {
  static_assert(sizeof(struct sembuf) == 6);  // the same everywhere
  constexpr uint32_t kMost = 65536;           // far above SEMOPM
  struct timespec time;
  if (timeout != 0 && !copy_in_time(timeout, width, time)) return abi::kEFAULT;
  const GuestBuffer host =
      readable(t, operations, std::min(count, kMost) * uint32_t{sizeof(struct sembuf)});
  return sleeping_call(t, SYS_semtimedop, id, host.pointer(), count,
                       timeout != 0 ? &time : nullptr);
}

CallResult sys_semtimedop_time64(Thread& t, int32_t id, GuestPointer operations, uint32_t count,
                                 GuestPointer timeout) {
  return operate_semaphores(t, id, operations, count, timeout, TimeWidth::time64);
}

}  // namespace ferry::linux
