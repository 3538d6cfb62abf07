#include "linux/signal_map.hpp"

#include <bit>
#include <cstring>

#include "linux/host_syscall.hpp"

namespace ferry {

namespace {

namespace abi = i386::abi;

#if defined(__mips__)
constexpr int kHostStackFault =
    SIGEMT;  // MIPS has no SIGSTKFLT; SIGEMT has no other use and also kills
#else
constexpr int kHostStackFault = SIGSTKFLT;
#endif

// Host numbers of guest signals 0..31; real-time signals are the same everywhere.
constexpr std::array<uint8_t, 32> kToHost = {
    0,       SIGHUP,   SIGINT,  SIGQUIT, SIGILL,  SIGTRAP, SIGABRT, SIGBUS,          SIGFPE,
    SIGKILL, SIGUSR1,  SIGSEGV, SIGUSR2, SIGPIPE, SIGALRM, SIGTERM, kHostStackFault, SIGCHLD,
    SIGCONT, SIGSTOP,  SIGTSTP, SIGTTIN, SIGTTOU, SIGURG,  SIGXCPU, SIGXFSZ,         SIGVTALRM,
    SIGPROF, SIGWINCH, SIGIO,   SIGPWR,  SIGSYS};

constexpr auto kToGuest = [] {
  std::array<uint8_t, 32> table{};
  for (uint8_t guest = 1; guest < 32; ++guest) table[kToHost[guest]] = guest;
  return table;
}();

/// si_code of signals that programs send: MIPS swaps three (arch/mips/include/uapi/asm/siginfo.h).
struct CodeRow {
  int host;
  int guest;
};
constexpr CodeRow kCodes[] = {{SI_TIMER, -2}, {SI_MESGQ, -3}, {SI_ASYNCIO, -4}};

int32_t code_to_guest(int host) {
  for (const CodeRow& row : kCodes) {
    if (row.host == host) return row.guest;
  }
  return host;
}

int code_to_host(int32_t guest) {
  for (const CodeRow& row : kCodes) {
    if (row.guest == guest) return row.host;
  }
  return guest;
}

uint32_t low_word(const void* pointer) {
  return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(pointer));
}

}  // namespace

int signal_to_host(int guest) {
  if (guest < 1 || guest > static_cast<int>(kSignalCount)) return 0;
  return guest < 32 ? kToHost[static_cast<size_t>(guest)] : guest;
}

int signal_to_guest(int host) {
  if (host < 1 || host > static_cast<int>(kSignalCount)) return 0;
  return host < 32 ? kToGuest[static_cast<size_t>(host)] : host;
}

HostSignalSet set_to_host(SignalSet guest) {
  HostSignalSet host;
  host.words[0] = guest & ~uint64_t{0x7fffffff};
  for (uint64_t rest = guest & 0x7fffffff; rest != 0; rest &= rest - 1) {
    host.add(signal_to_host(std::countr_zero(rest) + 1));
  }
  return host;
}

SignalSet set_to_guest(const HostSignalSet& host) {
  SignalSet guest = host.words[0] & ~uint64_t{0x7fffffff};
  for (uint64_t rest = host.words[0] & 0x7fffffff; rest != 0; rest &= rest - 1) {
    const int signal = signal_to_guest(std::countr_zero(rest) + 1);
    if (signal != 0) guest |= signal_bit(signal);
  }
  return guest;
}

abi::SigInfo siginfo_to_guest(const siginfo_t& host) {
  abi::SigInfo guest;
  std::memset(&guest, 0, sizeof guest);
  guest.signo = signal_to_guest(host.si_signo);
  guest.error = host.si_errno;
  guest.code = code_to_guest(host.si_code);
  if (host.si_code == SI_TIMER) {
    guest.timer = {host.si_timerid, host.si_overrun, low_word(host.si_value.sival_ptr)};
  } else if (host.si_code <= 0) {
    guest.rt = {host.si_pid, host.si_uid, low_word(host.si_value.sival_ptr)};
  } else if (guest.signo == abi::kSIGCHLD) {
    const int status =
        host.si_code == CLD_EXITED ? host.si_status : signal_to_guest(host.si_status);
    guest.child = {host.si_pid, host.si_uid, status, static_cast<int32_t>(host.si_utime),
                   static_cast<int32_t>(host.si_stime)};
  } else if (guest.signo == abi::kSIGIO) {
    guest.poll = {static_cast<int32_t>(host.si_band), host.si_fd};
  } else if (host.si_code != SI_KERNEL) {
    guest.fault = {low_word(host.si_addr), 0};
  }
  return guest;
}

siginfo_t siginfo_to_host(const abi::SigInfo& guest) {
  siginfo_t host;
  std::memset(&host, 0, sizeof host);
  host.si_signo = signal_to_host(guest.signo);
  host.si_errno = guest.error;
  host.si_code = code_to_host(guest.code);
  if (guest.code == -2) {  // SI_TIMER
    host.si_timerid = guest.timer.timer;
    host.si_overrun = guest.timer.overrun;
    host.si_value.sival_ptr = reinterpret_cast<void*>(static_cast<uintptr_t>(guest.timer.value));
  } else if (guest.code <= 0) {
    host.si_pid = guest.rt.pid;
    host.si_uid = guest.rt.uid;
    host.si_value.sival_ptr = reinterpret_cast<void*>(static_cast<uintptr_t>(guest.rt.value));
  } else if (guest.signo == abi::kSIGCHLD) {
    host.si_pid = guest.child.pid;
    host.si_uid = guest.child.uid;
    host.si_status =
        guest.code == CLD_EXITED ? guest.child.status : signal_to_host(guest.child.status);
    host.si_utime = guest.child.utime;
    host.si_stime = guest.child.stime;
  } else if (guest.signo == abi::kSIGIO) {
    host.si_band = guest.poll.band;
    host.si_fd = guest.poll.fd;
  } else {
    host.si_addr = reinterpret_cast<void*>(static_cast<uintptr_t>(guest.fault.address));
  }
  return host;
}

int32_t wait_status_to_guest(int host) {
  if ((host & 0xff) == 0x7f) {  // stopped
    return (host & ~0xff00) | (signal_to_guest((host >> 8) & 0x7f) << 8);
  }
  const int signal = host & 0x7f;
  if (host == 0xffff || signal == 0) return host;  // continued, exited
  return (host & ~0x7f) | signal_to_guest(signal);
}

// --- the host kernel's sigaction ----------------------------------------------------------------

namespace {

#if defined(__mips__)
struct KernelAction {  // arch/mips/include/uapi/asm/signal.h
  uint32_t flags;
  uintptr_t handler;
  HostSignalSet mask;
};
#else
extern "C" void ferry_signal_restorer();  // host_calls.S

struct KernelAction {  // arch/x86/include/uapi/asm/signal.h
  uintptr_t handler;
  uint64_t flags;
  void (*restorer)();
  HostSignalSet mask;
};
constexpr uint32_t kHostRestorer = 0x04000000;
#endif

}  // namespace

long set_host_action(int host_signal, const HostAction* action, HostAction* old) {
  KernelAction next{};
  KernelAction previous{};
  if (action != nullptr) {
    next.handler = action->handler;
    next.flags = action->flags;
    next.mask.words.fill(~uint64_t{0});
#if !defined(__mips__)
    next.flags |= kHostRestorer;
    next.restorer = ferry_signal_restorer;
#endif
  }
  const long result = host_call(SYS_rt_sigaction, host_signal, action != nullptr ? &next : nullptr,
                                old != nullptr ? &previous : nullptr, sizeof(HostSignalSet));
  if (result == 0 && old != nullptr)
    *old = {previous.handler, static_cast<uint32_t>(previous.flags)};
  return result;
}

void set_host_mask(const HostSignalSet& mask) {
  host_call(SYS_rt_sigprocmask, SIG_SETMASK, &mask, nullptr, sizeof mask);
}

}  // namespace ferry
