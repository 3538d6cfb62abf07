#include "linux/kernel/signal_map.hpp"

#include <array>
#include <bit>
#include <cstring>
#include <span>

namespace ferry::linux {

namespace {

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

/// Signals 1..31 as bits of a set, renumbered four at a time: what each value of each nibble
/// becomes. Masks of a libc that blocks all signals are converted at every thread's birth.
using Nibbles = std::array<std::array<uint32_t, 16>, 8>;
constexpr Nibbles renumbering(const std::array<uint8_t, 32>& numbers) {
  Nibbles table{};
  for (unsigned nibble = 0; nibble < table.size(); ++nibble) {
    for (unsigned value = 0; value < 16; ++value) {
      for (unsigned bit = 0; bit < 4; ++bit) {
        const unsigned signal = nibble * 4 + bit + 1;
        if ((value >> bit & 1) == 0 || signal > 31 || numbers[signal] == 0) continue;
        table[nibble][value] |= uint32_t{1} << (numbers[signal] - 1);
      }
    }
  }
  return table;
}
constexpr Nibbles kBitsToHost = renumbering(kToHost), kBitsToGuest = renumbering(kToGuest);

constexpr uint64_t renumber(uint64_t set, const Nibbles& table) {
  uint64_t result = set & ~uint64_t{0x7fffffff};
  for (auto rest = static_cast<uint32_t>(set & 0x7fffffff); rest != 0;) {  // mostly few signals
    const auto nibble = static_cast<unsigned>(std::countr_zero(rest)) / 4;
    result |= table[nibble][rest >> nibble * 4 & 15];
    rest &= ~(uint32_t{15} << nibble * 4);
  }
  return result;
}

constexpr HostSignalSet to_host(SignalSet guest) {
  HostSignalSet host;
  host.words[0] = renumber(guest, kBitsToHost);
  return host;
}

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

/// si_status of SIGCHLD: an exit status or a signal.
int32_t child_status_to_guest(int code, int status) {
  return code == CLD_EXITED ? status : signal_to_guest(status);
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
  return to_host(guest);
}

constexpr HostSignalSet kHostAllButFaults = to_host(~kFaultSet);

SignalSet set_to_guest(const HostSignalSet& host) {
  return renumber(host.words[0], kBitsToGuest);
}

namespace {

/// Which fields of siginfo_t are in use: kernel/signal.c, siginfo_layout.
enum class Layout : uint8_t { kill, timer, poll, fault, child, real_time, system_call };

/// Signals whose kernel-made infos have fields of their own, for codes up to `last_code`
/// (include/uapi/asm-generic/siginfo.h, NSIG* of 6.1).
struct LayoutRow {
  int signal;
  int32_t last_code;
  Layout layout;
};
constexpr LayoutRow kLayouts[] = {
    {abi::kSIGILL, 11, Layout::fault}, {abi::kSIGFPE, 15, Layout::fault},
    {abi::kSIGSEGV, 9, Layout::fault}, {abi::kSIGBUS, 5, Layout::fault},
    {abi::kSIGTRAP, 6, Layout::fault}, {abi::kSIGCHLD, 6, Layout::child},
    {abi::kSIGIO, 6, Layout::poll},    {abi::kSIGSYS, 2, Layout::system_call},
};
constexpr int32_t kLastPollCode = 6;  // NSIGPOLL
constexpr int32_t kKernelCode = 0x80, kTimerCode = -2, kSigIoCode = -5;

/// By the guest's numbers.
Layout layout_of(int signal, int32_t code) {
  if (code > 0 && code < kKernelCode) {
    for (const LayoutRow& row : kLayouts) {
      if (row.signal == signal && code <= row.last_code) return row.layout;
    }
    // F_SETSIG sends the codes of SIGIO with any signal.
    return code <= kLastPollCode ? Layout::poll : Layout::kill;
  }
  if (code == kTimerCode) return Layout::timer;
  if (code == kSigIoCode) return Layout::poll;
  return code < 0 ? Layout::real_time : Layout::kill;
}

void* pointer_of(uint32_t word) {
  return reinterpret_cast<void*>(static_cast<uintptr_t>(word));
}

}  // namespace

abi::SigInfo siginfo_to_guest(const siginfo_t& host) {
  abi::SigInfo guest;
  fill_guest_siginfo(host, guest);
  return guest;
}

void fill_guest_siginfo(const siginfo_t& host, abi::SigInfo& guest) {
  std::memset(&guest, 0, sizeof guest);
  guest.signo = signal_to_guest(host.si_signo);
  guest.error = host.si_errno;
  guest.code = code_to_guest(host.si_code);
  switch (layout_of(guest.signo, guest.code)) {
    case Layout::kill:
      guest.rt = {host.si_pid, host.si_uid, 0};
      break;
    case Layout::timer:
      guest.timer = {host.si_timerid, host.si_overrun, low_word(host.si_value.sival_ptr)};
      break;
    case Layout::poll:
      guest.poll = {static_cast<int32_t>(host.si_band), host.si_fd};
      break;
    case Layout::fault:
      guest.fault = {low_word(host.si_addr), static_cast<uint32_t>(host.si_addr_lsb),
                     low_word(host.si_lower), low_word(host.si_upper)};
      break;
    case Layout::child:
      guest.child = {host.si_pid, host.si_uid, child_status_to_guest(host.si_code, host.si_status),
                     static_cast<int32_t>(host.si_utime), static_cast<int32_t>(host.si_stime)};
      break;
    case Layout::real_time:
      guest.rt = {host.si_pid, host.si_uid, low_word(host.si_value.sival_ptr)};
      break;
    case Layout::system_call:
      guest.sys = {low_word(host.si_call_addr), host.si_syscall, host.si_arch};
      break;
  }
}

siginfo_t siginfo_to_host(const abi::SigInfo& guest) {
  siginfo_t host;
  std::memset(&host, 0, sizeof host);
  host.si_signo = signal_to_host(guest.signo);
  host.si_errno = guest.error;
  host.si_code = code_to_host(guest.code);
  switch (layout_of(guest.signo, guest.code)) {
    case Layout::timer:
      host.si_timerid = guest.timer.timer;
      host.si_overrun = guest.timer.overrun;
      host.si_value.sival_ptr = pointer_of(guest.timer.value);
      break;
    case Layout::poll:
      host.si_band = guest.poll.band;
      host.si_fd = guest.poll.fd;
      break;
    case Layout::fault:
      host.si_addr = pointer_of(guest.fault.address);
      host.si_addr_lsb = static_cast<short>(guest.fault.extra);
      host.si_lower = pointer_of(guest.fault.lower);
      host.si_upper = pointer_of(guest.fault.upper);
      break;
    case Layout::child:
      host.si_pid = guest.child.pid;
      host.si_uid = guest.child.uid;
      host.si_status =
          guest.code == CLD_EXITED ? guest.child.status : signal_to_host(guest.child.status);
      host.si_utime = guest.child.utime;
      host.si_stime = guest.child.stime;
      break;
    case Layout::kill:
    case Layout::real_time:
      host.si_pid = guest.rt.pid;
      host.si_uid = guest.rt.uid;
      host.si_value.sival_ptr = pointer_of(guest.rt.value);
      break;
    case Layout::system_call:
      host.si_call_addr = pointer_of(guest.sys.address);
      host.si_syscall = guest.sys.number;
      host.si_arch = guest.sys.arch;
      break;
  }
  return host;
}

void signalfd_infos_to_guest(signalfd_siginfo* infos, size_t count) {
  for (signalfd_siginfo& info : std::span(infos, count)) {
    const auto host_code = static_cast<int>(info.ssi_code);
    const int guest = signal_to_guest(static_cast<int>(info.ssi_signo));
    info.ssi_signo = static_cast<uint32_t>(guest);
    info.ssi_code = code_to_guest(host_code);
    if (layout_of(guest, info.ssi_code) == Layout::child)
      info.ssi_status = child_status_to_guest(host_code, info.ssi_status);
  }
}

int32_t wait_status_to_guest(int host) {
  if ((host & 0xff) == 0x7f) {  // stopped
    return (host & ~0xff00) | (signal_to_guest((host >> 8) & 0x7f) << 8);
  }
  const int signal = host & 0x7f;
  if (host == 0xffff || signal == 0) return host;  // continued, exited
  return (host & ~0x7f) | signal_to_guest(signal);
}

}  // namespace ferry::linux
