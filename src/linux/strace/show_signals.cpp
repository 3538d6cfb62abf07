#include "linux/strace/show_signals.hpp"

#include <cstddef>

#include "linux/abi/i386/process_names.hpp"

namespace ferry::linux::strace {

void show_signal_set(Printer& p, uint32_t guest) {
  uint64_t set;
  if (p.fetch(guest, set)) p.signal_set(set);
}

void show_old_signal_set(Printer& p, uint32_t guest) {
  uint32_t set;
  if (p.fetch(guest, set)) p.signal_set(set);
}

void show_handler(Printer& p, uint32_t handler) {
  constexpr const char* kNames[] = {"SIG_DFL", "SIG_IGN"};
  if (handler == UINT32_MAX) {
    p.text += "SIG_ERR";
  } else {
    handler < 2 ? p.add("%s", kNames[handler]) : p.add("%#x", handler);
  }
}

namespace {

template <typename Action>
void show_action(Printer& p, uint32_t guest) {
  Action action;
  if (!p.fetch(guest, action)) return;
  p.text += "{sa_handler=";
  show_handler(p, action.handler);
  p.text += ", sa_mask=";
  p.signal_set(action.mask);
  p.text += ", sa_flags=";
  p.flags(abi::kSigactionFlags, action.flags);
  if ((action.flags & abi::kSaRestorer) != 0) p.add(", sa_restorer=%#x", action.restorer);
  p.text += "}";
}

}  // namespace

void show_sigaction(Printer& p, uint32_t guest) {
  show_action<abi::SigAction>(p, guest);
}

void show_old_sigaction(Printer& p, uint32_t guest) {
  show_action<abi::OldSigAction>(p, guest);
}

void note_handler(Printer& p) {
  p.style = ResultStyle::hexadecimal;
  if (p.result.ok() && p.result.value() < 2)
    p.note_shown([&] { show_handler(p, p.result.value()); });
}

void note_signal(Printer& p) {
  if (p.result.ok()) p.note_shown([&] { p.signal(p.result.value()); });
}

void show_mask_word(Printer& p, uint32_t mask) {
  p.signal_set(mask);
}

void note_mask(Printer& p) {
  p.style = ResultStyle::hexadecimal;
  p.note = "mask ";
  p.note_shown([&] { p.signal_set(p.result.value()); });
}

void note_old_mask(Printer& p) {
  p.style = ResultStyle::hexadecimal;
  p.note = "old mask ";
  p.note_shown([&] { p.signal_set(p.result.value()); });
}

namespace {

const abi::NameTable* codes_of(int signal) {
  switch (signal) {
    case abi::kSIGILL:
      return &abi::kIllCodes;
    case abi::kSIGFPE:
      return &abi::kFpeCodes;
    case abi::kSIGSEGV:
      return &abi::kSegvCodes;
    case abi::kSIGBUS:
      return &abi::kBusCodes;
    case abi::kSIGTRAP:
      return &abi::kTrapCodes;
    case abi::kSIGCHLD:
      return &abi::kChildCodes;
    case abi::kSIGIO:
      return &abi::kPollCodes;
    case abi::kSIGSYS:
      return &abi::kSysCodes;
    default:
      return nullptr;
  }
}

void add_code(Printer& p, const abi::SigInfo& info) {
  const auto code = static_cast<uint32_t>(info.code);
  const abi::NameTable* codes = codes_of(info.signo);
  if (codes != nullptr && name_of(abi::kCommonCodes, code) == nullptr) {
    p.value(*codes, code);
  } else {
    p.value(abi::kCommonCodes, code);
  }
}

void add_sender(Printer& p, const abi::SigInfo& info) {
  p.add(", si_pid=%d, si_uid=%u", info.rt.pid, info.rt.uid);
}

void add_value(Printer& p, uint32_t value) {
  p.add(", si_int=%d, si_ptr=", static_cast<int32_t>(value));
  p.address(value);
}

/// Of a signal that the kernel itself sent.
void add_cause(Printer& p, const abi::SigInfo& info) {
  constexpr int32_t kExited = 1;
  switch (info.signo) {
    case abi::kSIGCHLD:
      p.add(", si_pid=%d, si_uid=%u, si_status=", info.child.pid, info.child.uid);
      info.code == kExited ? p.add("%d", info.child.status)
                           : p.signal(static_cast<uint32_t>(info.child.status));
      p.add(", si_utime=%d, si_stime=%d", info.child.utime, info.child.stime);
      break;
    case abi::kSIGILL:
    case abi::kSIGFPE:
    case abi::kSIGSEGV:
    case abi::kSIGBUS:
      p.text += ", si_addr=";
      p.address(info.fault.address);
      break;
    case abi::kSIGIO:
      p.text += ", si_band=";
      p.flags(abi::kPollEvents, static_cast<uint32_t>(info.poll.band));
      p.add(", si_fd=%d", info.poll.fd);
      break;
    case abi::kSIGSYS:
      p.text += ", si_call_addr=";
      p.address(info.sys.address);
      p.add(", si_syscall=%d, si_arch=%#x", info.sys.number, info.sys.arch);
      break;
    default:
      if (info.rt.pid != 0 || info.rt.uid != 0) add_sender(p, info);
      if (info.rt.value != 0) add_value(p, info.rt.value);
      break;
  }
}

}  // namespace

void add_siginfo(Printer& p, const abi::SigInfo& info) {
  constexpr int32_t kUser = 0, kTimer = -2, kTkill = -6;
  p.text += "{si_signo=";
  p.signal(static_cast<uint32_t>(info.signo));
  p.text += ", si_code=";
  add_code(p, info);
  if (info.code == kTimer) {
    p.add(", si_timerid=%#x, si_overrun=%d", static_cast<uint32_t>(info.timer.timer),
          info.timer.overrun);
    add_value(p, info.timer.value);
  } else if (info.code <= kUser) {
    add_sender(p, info);
    if (info.code != kUser && info.code != kTkill && info.rt.value != 0)
      add_value(p, info.rt.value);
  } else {
    add_cause(p, info);
  }
  p.text += "}";
}

void show_siginfo(Printer& p, uint32_t guest) {
  abi::SigInfo info;
  if (!p.fetch(guest, info)) return;
  info.signo == 0 ? p.add("{}") : add_siginfo(p, info);
}

void show_altstack(Printer& p, uint32_t guest) {
  abi::StackT stack;
  if (!p.fetch(guest, stack)) return;
  p.text += "{ss_sp=";
  p.address(stack.base);
  p.text += ", ss_flags=";
  p.flags(abi::kSigAltStackFlags, stack.flags);
  p.add(", ss_size=%u}", stack.size);
}

namespace {

void add_frame_mask(Printer& p, bool readable, uint64_t mask) {
  if (!readable) return p.add("???");
  p.text += "{mask=";
  p.signal_set(mask);
  p.text += "}";
}

}  // namespace

// The trampolines of arch/x86/entry/vdso/vdso32/sigreturn.S: sigreturn's has popped the signal
// number, and the return address was popped before both.
void show_sigreturn(Printer& p, const uint32_t*) {
  const uint32_t frame = p.thread.cpu.gpr[i386::ESP] - 8;
  uint32_t low = 0, high = 0;
  const bool readable =
      copy_in(static_cast<uint32_t>(frame + offsetof(abi::SigFrame, context.oldmask)), low) &&
      copy_in(static_cast<uint32_t>(frame + offsetof(abi::SigFrame, extra_mask)), high);
  add_frame_mask(p, readable, low | static_cast<uint64_t>(high) << 32);
}

void show_rt_sigreturn(Printer& p, const uint32_t*) {
  const uint32_t frame = p.thread.cpu.gpr[i386::ESP] - 4;
  uint64_t mask = 0;
  const bool readable =
      copy_in(static_cast<uint32_t>(frame + offsetof(abi::RtSigFrame, context.sigmask)), mask);
  add_frame_mask(p, readable, mask);
}

}  // namespace ferry::linux::strace
