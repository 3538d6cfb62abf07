#include "linux/syscalls/seccomp.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/handlers.hpp"

namespace ferry::linux {

namespace {

constexpr uint32_t kArchitecture = 0x40000003;  // AUDIT_ARCH_I386

// SECCOMP_RET_*
constexpr uint32_t kKillProcess = 0x80000000, kKillThread = 0, kTrap = 0x00030000,
                   kErrno = 0x00050000, kUserNotification = 0x7fc00000, kTrace = 0x7ff00000,
                   kLog = 0x7ffc0000, kAllow = 0x7fff0000, kActionBits = 0xffff0000,
                   kDataBits = 0xffff;
// SECCOMP_FILTER_FLAG_*
constexpr uint32_t kSynchronize = 1, kLogFlag = 2, kSpeculation = 4, kSynchronizeEsrch = 16;

/// force_sig_seccomp.
abi::SigInfo signal_of(const Thread& t, uint32_t number, uint32_t verdict) {
  constexpr int32_t kSeccomp = 1;  // SYS_SECCOMP
  abi::SigInfo info{};
  info.signo = abi::kSIGSYS;
  info.error = static_cast<int32_t>(verdict & kDataBits);
  info.code = kSeccomp;
  info.sys.address = t.cpu.eip;
  info.sys.number = static_cast<int32_t>(number);
  info.sys.arch = kArchitecture;
  return info;
}

/// The end of one thread, whose process ends with it if it is the last.
CallResult end_thread(Thread& t, int signal) {
  if (t.process->thread_count() == 1) host_call(SYS_kill, host_call(SYS_getpid), SIGKILL);
  t.exit_status = signal;
  return kExitThread;
}

/// __secure_computing_strict: mode1_syscalls_32.
std::optional<CallResult> strict_verdict(Thread& t, uint32_t number) {
  constexpr uint32_t kExit = 1, kRead = 3, kWrite = 4, kSigreturn = 119;
  if (number == kExit || number == kRead || number == kWrite || number == kSigreturn) return {};
  return end_thread(t, abi::kSIGKILL);
}

std::optional<CallResult> filter_verdict(Thread& t, uint32_t number, Arguments arguments) {
  SeccompData data{static_cast<int32_t>(number), kArchitecture, t.cpu.eip, {}};
  std::ranges::copy(arguments.words(), data.arguments);
  const uint32_t verdict = run_filters(t.seccomp_filter.load(std::memory_order_acquire), data);
  switch (verdict & kActionBits) {
    case kAllow:
    case kLog:
      return {};
    case kErrno: {
      constexpr uint32_t kMostErrno = 4095;
      return Errno{static_cast<int32_t>(std::min(verdict & kDataBits, kMostErrno))};
    }
    case kTrap:  // eax keeps the call's number
      force_signal(t, signal_of(t, number, verdict));
      return kRegistersSet;
    case kTrace:             // there is no tracer
    case kUserNotification:  // nor a listener
      return abi::kENOSYS;
    case kKillThread:
      if (t.process->thread_count() > 1) return end_thread(t, abi::kSIGSYS);
      break;
    default:
      break;
  }
  die_by_signal(signal_of(t, number, verdict));
}

}  // namespace

std::optional<CallResult> seccomp_verdict(Thread& t, uint32_t number, Arguments arguments) {
  switch (t.seccomp_mode) {
    case SeccompMode::none:
      return {};
    case SeccompMode::strict:
      return strict_verdict(t, number);
    case SeccompMode::filter:
      return filter_verdict(t, number, arguments);
  }
  return {};
}

// --- setting -------------------------------------------------------------------------------------

namespace {

bool may_filter() {
  if (host_call(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) return true;
  constexpr uint32_t kVersion3 = 0x20080522, kSysAdmin = 1u << 21;
  struct {
    uint32_t version = kVersion3;
    int32_t pid = 0;
  } header;
  struct {
    uint32_t effective, permitted, inheritable;
  } data[2] = {};
  return host_call(SYS_capget, &header, data) == 0 && (data[0].effective & kSysAdmin) != 0;
}

/// seccomp_prepare_user_filter: reads and checks a program.
Errno copy_in_filter(uint32_t pointer, std::vector<FilterInstruction>& program) {
  constexpr uint16_t kMostInstructions = 4096;  // BPF_MAXINSNS
  abi::SockFilterProgram guest;
  if (!copy_in(pointer, guest)) return abi::kEFAULT;
  if (guest.length == 0 || guest.length > kMostInstructions) return abi::kEINVAL;
  if (!may_filter()) return abi::kEACCES;
  program.resize(guest.length);
  const auto bytes = static_cast<uint32_t>(guest.length * sizeof(FilterInstruction));
  if (!copy_in_bytes(guest.filter, program.data(), bytes)) return abi::kEFAULT;
  return filter_valid(program) ? kOk : abi::kEINVAL;
}

/// MAX_INSNS_PER_PATH.
bool too_long(size_t length, const SeccompFilter* filter) {
  constexpr size_t kMost = 32768, kExtra = 4;
  for (; filter != nullptr; filter = filter->previous) length += filter->program.size() + kExtra;
  return length > kMost;
}

/// seccomp_can_sync_threads: the number of a thread that has another filter, or 0.
int32_t thread_with_other_filter(const Thread& t) {
  for (const Thread* const other : t.process->threads) {
    const bool same = other->seccomp_mode == SeccompMode::none ||
                      (other->seccomp_mode == SeccompMode::filter &&
                       is_before(other->seccomp_filter, t.seccomp_filter));
    if (other != &t && !same) return other->tid;
  }
  return 0;
}

/// seccomp_set_mode_filter.
CallResult add_filter(Thread& t, uint32_t flags, uint32_t pointer) {
  // Without SECCOMP_FILTER_FLAG_NEW_LISTENER, and what goes with it, as before Linux 5.0.
  if ((flags & ~(kSynchronize | kLogFlag | kSpeculation | kSynchronizeEsrch)) != 0)
    return abi::kEINVAL;
  std::vector<FilterInstruction> program;
  const Errno error = copy_in_filter(pointer, program);
  if (error != kOk) return error;
  const LockGuard guard(t.process->lock);
  if (t.seccomp_mode == SeccompMode::strict) return abi::kEINVAL;
  if (too_long(program.size(), t.seccomp_filter)) return abi::kENOMEM;
  if ((flags & kSynchronize) != 0) {
    if (const int32_t tid = thread_with_other_filter(t); tid != 0)
      return (flags & kSynchronizeEsrch) != 0 ? CallResult(abi::kESRCH)
                                              : CallResult(static_cast<uint32_t>(tid));
  }
  const SeccompFilter* const filter = keep_filter(std::move(program), t.seccomp_filter);
  t.put_filter(filter);
  if ((flags & kSynchronize) == 0) return kOk;
  for (Thread* const other : t.process->threads) other->put_filter(filter);
  return kOk;
}

CallResult set_strict(Thread& t) {
  if (t.seccomp_mode == SeccompMode::filter) return abi::kEINVAL;
  t.seccomp_mode = SeccompMode::strict;
  t.watches_calls = true;
  return kOk;
}

/// seccomp_get_action_avail.
CallResult action_available(uint32_t flags, uint32_t pointer) {
  uint32_t action;
  if (flags != 0) return abi::kEINVAL;
  if (!copy_in(pointer, action)) return abi::kEFAULT;
  constexpr std::array<uint32_t, 7> kActions = {kKillProcess, kKillThread, kTrap, kErrno,
                                                kTrace,       kLog,        kAllow};
  const bool known = std::find(kActions.begin(), kActions.end(), action) != kActions.end();
  return known ? kOk : abi::kEOPNOTSUPP;
}

/// seccomp_get_notif_sizes: of struct seccomp_notif, seccomp_notif_resp and seccomp_data.
CallResult notification_sizes(Thread& t, uint32_t flags, uint32_t pointer) {
  if (flags != 0) return abi::kEINVAL;
  constexpr std::array<uint16_t, 3> kSizes = {80, 24, sizeof(SeccompData)};
  return copy_out(t, pointer, kSizes) ? kOk : abi::kEFAULT;
}

}  // namespace

CallResult sys_seccomp(Thread& t, uint32_t operation, Flags flags, GuestPointer arguments) {
  enum : uint32_t { kSetStrict, kSetFilter, kActionAvailable, kNotificationSizes };
  switch (operation) {
    case kSetStrict:
      return flags != 0 || arguments != 0 ? abi::kEINVAL : set_strict(t);
    case kSetFilter:
      return add_filter(t, flags, arguments);
    case kActionAvailable:
      return action_available(flags, arguments);
    case kNotificationSizes:
      return notification_sizes(t, flags, arguments);
    default:
      return abi::kEINVAL;
  }
}

CallResult set_seccomp(Thread& t, uint32_t mode, GuestPointer filter) {
  constexpr uint32_t kStrict = 1, kFilter = 2;  // SECCOMP_MODE_*
  if (mode == kStrict) return set_strict(t);
  return mode == kFilter ? add_filter(t, 0, filter) : CallResult(abi::kEINVAL);
}

}  // namespace ferry::linux
