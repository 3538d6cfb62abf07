// prctl. Every option that Linux 6.12 has on x86 has its line here.
#include <sys/prctl.h>

#include "linux/kernel/signal_map.hpp"
#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/handlers.hpp"
#include "linux/syscalls/seccomp.hpp"

namespace ferry::linux {

namespace {

// Options that the host's headers may be too old to name.
constexpr int32_t kSchedCore = 62, kSetDenyWriteExec = 65, kGetDenyWriteExec = 66,
                  kSetMemoryMerge = 67, kGetMemoryMerge = 68, kGetAuxiliary = 0x41555856;

CallResult pass_on(int32_t option, uint32_t second, uint32_t third, uint32_t fourth,
                   uint32_t fifth) {
  return guest_result(host_call(
      SYS_prctl, option, static_cast<unsigned long>(second), static_cast<unsigned long>(third),
      static_cast<unsigned long>(fourth), static_cast<unsigned long>(fifth)));
}

CallResult set_death_signal(uint32_t guest) {
  const int signal = signal_to_host(static_cast<int32_t>(guest));
  if (signal == 0 && guest != 0) return abi::kEINVAL;
  return guest_result(host_call(SYS_prctl, PR_SET_PDEATHSIG, signal));
}

CallResult get_death_signal(Thread& t, uint32_t pointer) {
  int host = 0;
  const long result = host_call(SYS_prctl, PR_GET_PDEATHSIG, &host);
  if (result < 0) return guest_result(result);
  return copy_out(t, pointer, host == 0 ? 0 : signal_to_guest(host)) ? kOk : abi::kEFAULT;
}

/// As on a processor that the speculation does not affect (arch/x86/kernel/cpu/bugs.c): what is
/// asked for, store bypass, indirect branches or the first cache, is the guest's processor's.
CallResult speculation_control(int32_t option, uint32_t which, uint32_t third, uint32_t fourth,
                               uint32_t fifth) {
  constexpr uint32_t kStoreBypass = 0, kIndirectBranch = 1, kFirstCache = 2;  // PR_SPEC_*
  constexpr uint32_t kNotAffected = 0, kForceDisable = 8;
  const bool get = option == PR_GET_SPECULATION_CTRL;
  if ((get && third != 0) || fourth != 0 || fifth != 0) return abi::kEINVAL;
  if (which > kFirstCache) return abi::kENODEV;
  if (get) return which == kFirstCache ? kForceDisable : kNotAffected;
  if (which == kIndirectBranch) {
    const bool known =
        third == PR_SPEC_ENABLE || third == PR_SPEC_DISABLE || third == PR_SPEC_FORCE_DISABLE;
    if (!known) return abi::kERANGE;
    return third == PR_SPEC_ENABLE ? kOk : abi::kEPERM;
  }
  return which == kStoreBypass ? abi::kENXIO : abi::kEPERM;
}

}  // namespace

/// kernel/sys.c (6.12). Options of other architectures get EINVAL by `default`, as on x86.
CallResult sys_prctl(Thread& t, int32_t option, Word second, Word third, Word fourth, Word fifth) {
  constexpr uint32_t kNameSize = 16;
  switch (option) {
    case PR_SET_PDEATHSIG:
      return set_death_signal(second);
    case PR_GET_PDEATHSIG:
      return get_death_signal(t, second);
    case PR_SET_NAME:
      return guest_result(
          host_call(SYS_prctl, PR_SET_NAME, readable(t, second, kNameSize).pointer()));
    case PR_GET_NAME:
      return guest_result(
          host_call(SYS_prctl, PR_GET_NAME, writable(t, second, kNameSize).pointer()));
    case PR_GET_CHILD_SUBREAPER:
      return guest_result(
          host_call(SYS_prctl, PR_GET_CHILD_SUBREAPER, writable(t, second, 4).pointer()));
    case PR_GET_TSC:
      return copy_out(t, second, uint32_t{PR_TSC_ENABLE}) ? kOk : abi::kEFAULT;
    case PR_SET_TSC:  // RDTSC is never forbidden
      return second == PR_TSC_ENABLE ? kOk : abi::kEINVAL;
    case PR_GET_TIMING:
      return kOk;  // PR_TIMING_STATISTICAL, the only one
    case PR_SET_TIMING:
      return second == PR_TIMING_STATISTICAL ? kOk : abi::kEINVAL;
    case PR_TASK_PERF_EVENTS_DISABLE:
    case PR_TASK_PERF_EVENTS_ENABLE:
      return kOk;  // of none
    case PR_GET_TID_ADDRESS:
      return copy_out(t, second, t.clear_child_tid) ? kOk : abi::kEFAULT;
    case PR_GET_SPECULATION_CTRL:
    case PR_SET_SPECULATION_CTRL:
      return speculation_control(option, second, third, fourth, fifth);
    case PR_GET_SECCOMP:
      return static_cast<uint32_t>(t.seccomp_mode.get());
    case PR_SET_SECCOMP:
      return set_seccomp(t, second, GuestPointer{third});
    case PR_SET_MM:  // as to a process that may not
      return abi::kEPERM;
    case PR_SET_VMA:                    // names for anonymous mappings: nothing here shows them
    case PR_SET_SYSCALL_USER_DISPATCH:  // these five as a kernel without them
    case kSchedCore:
    case kSetDenyWriteExec:
    case kGetDenyWriteExec:
    case kGetAuxiliary:
      return abi::kEINVAL;
    case PR_GET_DUMPABLE:
    case PR_SET_DUMPABLE:
    case PR_GET_KEEPCAPS:
    case PR_SET_KEEPCAPS:
    case PR_GET_TIMERSLACK:
    case PR_SET_TIMERSLACK:
    case PR_CAPBSET_READ:
    case PR_CAPBSET_DROP:
    case PR_SET_NO_NEW_PRIVS:
    case PR_GET_NO_NEW_PRIVS:
    case PR_SET_CHILD_SUBREAPER:
    case PR_GET_SECUREBITS:
    case PR_SET_SECUREBITS:
    case PR_CAP_AMBIENT:
    case PR_SET_PTRACER:
    case PR_GET_THP_DISABLE:
    case PR_SET_THP_DISABLE:
    case PR_MCE_KILL:
    case PR_MCE_KILL_GET:
    case PR_SET_IO_FLUSHER:
    case PR_GET_IO_FLUSHER:
    case kSetMemoryMerge:
    case kGetMemoryMerge:
      return pass_on(option, second, third, fourth, fifth);
    default:
      log_printf(LogChannel::unimp, "prctl %u is not implemented\n", option);
      return abi::kEINVAL;
  }
}

}  // namespace ferry::linux
