#include "linux/kernel/i386/signal_frame.hpp"

#include <cstring>

#include "guest/i386/cpu_state.hpp"
#include "guest/i386/flags.hpp"
#include "guest/i386/x87/image.hpp"
#include "linux/kernel/guest_process.hpp"
#include "linux/kernel/i386/segments.hpp"
#include "linux/kernel/signals.hpp"
#include "linux/kernel/threads.hpp"
#include "linux/kernel/user_memory.hpp"

namespace ferry::linux {

using namespace i386;  // the frame is made of the processor's registers

namespace {

constexpr uint32_t kRestorableFlags = eflags::AC | eflags::OF | eflags::DF | eflags::TF |
                                      eflags::SF | eflags::ZF | eflags::AF | eflags::PF |
                                      eflags::CF | eflags::RF;
constexpr uint32_t kLegacyFpSize = offsetof(abi::FpState, fxsr_env);  // the FNSAVE part

// In the guest FpState lies so, and copies are fastest between places alike.
constexpr size_t kFpStateAlignment = 16;

constexpr uint32_t kClearMxcsr = 0x1f80;

constexpr uint32_t kEnvironmentSize = environment_size(4);
static_assert(kLegacyFpSize == kEnvironmentSize + kRegisterImageSize +
                                   sizeof(abi::FpState::status) + sizeof(abi::FpState::magic));

/// The state of a new program; handlers begin in it too (fpu__clear_user_states).
void clear_fp(CpuState& cpu) {
  cpu.x87 = X87State{};
  cpu.mxcsr = kClearMxcsr;
  cpu.xmm = {};
}

/// Whether the state is so: that of programs that compute with whole numbers only.
bool is_clear(const CpuState& cpu) {
  const X87State& x87 = cpu.x87;
  constexpr X87State kClear;
  if (x87.control != kClear.control || x87.status != 0 || x87.top != 0 || x87.opcode != 0 ||
      x87.empty != kClear.empty || x87.instruction_pointer != 0 || x87.instruction_selector != 0 ||
      x87.data_operand != kClear.data_operand || cpu.mxcsr != kClearMxcsr) {
    return false;
  }
  uint64_t any = 0;
  for (const Float80Bits& value : x87.registers) any |= value.significand | value.sign_exponent;
  for (const Xmm& value : cpu.xmm) any |= value.quad[0] | value.quad[1];
  return any == 0;
}

/// The FNSAVE image, and after it the FXSAVE image, which the kernel fills whole.
void save_fp(const CpuState& cpu, abi::FpState& fp) {
  std::memset(&fp, 0, sizeof fp);
  auto* const image = reinterpret_cast<uint8_t*>(&fp);
  store_environment(cpu.x87, 4, image);
  store_registers(cpu.x87, image + kEnvironmentSize);
  fp.status = status_word(cpu.x87);
  fp.magic = 0;  // X86_FXSR_MAGIC: FXSAVE data follows
  store_fxsave_image(cpu, image + kLegacyFpSize, ImagePointers::always);
}

/// The image of the clear state.
const abi::FpState& clear_image() {
  alignas(kFpStateAlignment) static const abi::FpState image = [] {
    abi::FpState made;
    save_fp(CpuState{}, made);
    return made;
  }();
  return image;
}

/// The kernel takes x87 from the FNSAVE part and the rest from the FXSAVE part (convert_to_fxsr).
void load_fp(CpuState& cpu, const abi::FpState& fp) {
  const auto* const image = reinterpret_cast<const uint8_t*>(&fp);
  load_environment(cpu.x87, 4, image);
  load_registers(cpu.x87, image + kEnvironmentSize);
  if (fp.magic != 0) return;
  cpu.mxcsr = fp.mxcsr & kMxcsrMask;
  std::memcpy(cpu.xmm.data(), fp.xmm, sizeof fp.xmm);
}

abi::SigContext save_context(const Thread& thread, uint32_t fpstate, SignalSet mask) {
  const CpuState& cpu = thread.cpu;
  abi::SigContext context{};
  context.gs = cpu.selector[GS];
  context.fs = cpu.selector[FS];
  context.es = cpu.selector[ES];
  context.ds = cpu.selector[DS];
  context.edi = cpu.gpr[EDI];
  context.esi = cpu.gpr[ESI];
  context.ebp = cpu.gpr[EBP];
  context.esp = context.esp_at_signal = cpu.gpr[ESP];
  context.ebx = cpu.gpr[EBX];
  context.edx = cpu.gpr[EDX];
  context.ecx = cpu.gpr[ECX];
  context.eax = cpu.gpr[EAX];
  context.trapno = thread.signals.trap_number;
  context.err = thread.signals.error_code;
  context.cr2 = thread.signals.fault_address;
  context.eip = cpu.eip;
  context.cs = cpu.selector[CS];
  context.flags = cpu.eflags;
  context.ss = cpu.selector[SS];
  context.fpstate = fpstate;
  context.oldmask = static_cast<uint32_t>(mask);
  return context;
}

/// Selectors from the frame, turned into those of ring 3 (arch/x86/kernel/signal_32.c).
void restore_code_and_stack(Thread& thread, const abi::SigContext& context) {
  thread.cpu.selector[CS] = static_cast<uint16_t>(context.cs | 3);
  thread.cpu.selector[SS] = static_cast<uint16_t>(context.ss | 3);
  return_to_user(thread);
}

bool restore_context(Thread& thread, const abi::SigContext& context) {
  CpuState& cpu = thread.cpu;
  restore_segment(cpu, GS, static_cast<uint16_t>(context.gs));
  restore_segment(cpu, FS, static_cast<uint16_t>(context.fs));
  restore_segment(cpu, ES, static_cast<uint16_t>(context.es));
  restore_segment(cpu, DS, static_cast<uint16_t>(context.ds));
  cpu.gpr = {context.eax, context.ecx, context.edx, context.ebx,
             context.esp, context.ebp, context.esi, context.edi};
  cpu.eip = context.eip;
  cpu.lazy.kind = static_cast<uint32_t>(FlagKind::packed);
  cpu.eflags = (cpu.eflags & ~kRestorableFlags) | (context.flags & kRestorableFlags);
  restore_code_and_stack(thread, context);
  if (context.fpstate == 0) {
    clear_fp(cpu);
    return true;
  }
  alignas(kFpStateAlignment) abi::FpState fp;
  if (!copy_in(context.fpstate, fp)) {
    // The FNSAVE part may stand alone at the end of memory.
    if (!copy_in_bytes(context.fpstate, &fp, kLegacyFpSize) || fp.magic == 0) return false;
  }
  load_fp(cpu, fp);
  return true;
}

struct FramePlace {
  uint32_t address = 0;  ///< 0: there is none
  uint32_t fpstate = 0;
  bool fp_is_clear = false;  ///< the processor's state, which has been saved at `fpstate`
};

/// Where the frame of `size` bytes goes; saves the FP state above it.
FramePlace place_frame(Thread& thread, const SignalAction& action, uint32_t size) {
  uint32_t esp = thread.cpu.gpr[ESP];
  const AltStack& alt = thread.signals.alt_stack;
  const bool on_alt_stack = alt_stack_state(alt, esp) == abi::kSsOnStack;
  bool entering = false;
  if ((action.flags & abi::kSaOnStack) != 0 && alt_stack_state(alt, esp) == 0) {
    esp = alt.base + alt.size;
    entering = true;
  } else if ((action.flags & (abi::kSaOnStack | abi::kSaRestorer)) == 0 && !on_alt_stack &&
             action.restorer != 0 && thread.cpu.selector[SS] != kUserDataSelector) {
    // The switch of old C libraries. The check below knows of no stack but the alternate one, so
    // that this ends in SIGSEGV since Linux 5.14 (get_sigframe).
    esp = action.restorer;
    entering = true;
  }
  // The FXSAVE part is aligned to 64, the FNSAVE part lies directly below (fpu__alloc_mathframe).
  const uint32_t fpstate = ((esp - (sizeof(abi::FpState) - kLegacyFpSize)) & ~63u) - kLegacyFpSize;
  const uint32_t frame = ((fpstate - size + 4) & ~15u) - 4;
  // A frame that leaves the alternate stack at its lower end is an overflow, not a switch back.
  if ((on_alt_stack || entering) && frame - alt.base >= alt.size) return {};
  if (is_clear(thread.cpu)) {
    if (!copy_out(thread, fpstate, clear_image())) return {};
    return {frame, fpstate, true};
  }
  alignas(kFpStateAlignment) abi::FpState fp;
  save_fp(thread.cpu, fp);
  if (!copy_out(thread, fpstate, fp)) return {};
  return {frame, fpstate, false};
}

void enter_handler(Thread& thread, const SignalAction& action, const FramePlace& place, int signal,
                   uint32_t info, uint32_t context) {
  CpuState& cpu = thread.cpu;
  cpu.gpr[ESP] = place.address;
  cpu.gpr[EAX] = static_cast<uint32_t>(signal);
  cpu.gpr[EDX] = info;
  cpu.gpr[ECX] = context;
  cpu.eip = action.handler;
  cpu.eflags &= ~(eflags::DF | eflags::RF | eflags::TF);
  if (!place.fp_is_clear) clear_fp(cpu);
  for (const SegmentRegister segment : {DS, ES, SS}) {
    cpu.set_flat_segment(segment, kUserDataSelector);
  }
  cpu.set_flat_segment(CS, kUserCodeSelector);
}

// The kernel writes this code into every frame although the vdso's code runs: unwinders look for
// it.
constexpr uint8_t kSigReturnCode[8] = {0x58, 0xb8, 0x77, 0, 0, 0, 0xcd, 0x80};
constexpr uint8_t kRtSigReturnCode[8] = {0xb8, 0xad, 0, 0, 0, 0xcd, 0x80, 0};

/// SS_AUTODISARM: any handler, on that stack or not, begins without it (kernel/signal.c,
/// signal_delivered).
void disarm_alt_stack(Thread& thread) {
  if ((thread.signals.alt_stack.flags & abi::kSsAutoDisarm) != 0) thread.signals.alt_stack = {};
}

/// The alternate stack as it was set (kernel/signal.c, __save_altstack).
abi::StackT saved_stack(const Thread& thread) {
  const AltStack& alt = thread.signals.alt_stack;
  return {alt.base, alt.flags, alt.size};
}

}  // namespace

uint32_t alt_stack_state(const AltStack& stack, uint32_t esp) {
  if (stack.size == 0) return abi::kSsDisable;
  if ((stack.flags & abi::kSsAutoDisarm) != 0) return 0;
  return esp - stack.base - 1 < stack.size ? abi::kSsOnStack : 0;
}

namespace {

// The kernel neither writes nor reads what lies between these two parts of a SigFrame.
constexpr uint32_t kSigFrameHead = offsetof(abi::SigFrame, unused_fpstate);
constexpr uint32_t kSigFrameTail = offsetof(abi::SigFrame, extra_mask);

/// The frame of an action without SA_SIGINFO (arch/x86/kernel/signal_32.c, ia32_setup_frame).
bool build_plain_frame(Thread& thread, int signal, const SignalAction& action,
                       SignalSet saved_mask) {
  const FramePlace place = place_frame(thread, action, sizeof(abi::SigFrame));
  const uint32_t address = place.address;
  if (address == 0) return false;
  abi::SigFrame frame;
  const bool own_restorer = (action.flags & abi::kSaRestorer) != 0;
  frame.return_address = own_restorer ? action.restorer : thread.process->vdso.sigreturn;
  frame.signal = signal;
  frame.context = save_context(thread, place.fpstate, saved_mask);
  frame.extra_mask = static_cast<uint32_t>(saved_mask >> 32);
  std::memcpy(frame.return_code, kSigReturnCode, sizeof frame.return_code);
  if (!copy_out_bytes(thread, address, &frame, kSigFrameHead) ||
      !copy_out_bytes(thread, address + kSigFrameTail, &frame.extra_mask,
                      sizeof frame - kSigFrameTail)) {
    return false;
  }
  disarm_alt_stack(thread);
  enter_handler(thread, action, place, signal, 0, 0);
  return true;
}

/// The part of a SigFrame that sigreturn reads.
bool copy_in_plain_frame(uint32_t address, abi::SigFrame& frame) {
  return copy_in_bytes(address, &frame, kSigFrameHead) &&
         copy_in(address + kSigFrameTail, frame.extra_mask);
}

}  // namespace

bool build_signal_frame(Thread& thread, const abi::SigInfo& info, const SignalAction& action,
                        SignalSet saved_mask) {
  if ((action.flags & abi::kSaSigInfo) == 0) {
    return build_plain_frame(thread, info.signo, action, saved_mask);
  }
  const GuestProcess& process = *thread.process;
  const bool own_restorer = (action.flags & abi::kSaRestorer) != 0;
  const FramePlace place = place_frame(thread, action, sizeof(abi::RtSigFrame));
  const uint32_t address = place.address;
  if (address == 0) return false;
  abi::RtSigFrame frame;
  std::memset(&frame, 0, sizeof frame);
  frame.return_address = own_restorer ? action.restorer : process.vdso.rt_sigreturn;
  frame.signal = info.signo;
  frame.info_pointer = address + static_cast<uint32_t>(offsetof(abi::RtSigFrame, info));
  frame.context_pointer = address + static_cast<uint32_t>(offsetof(abi::RtSigFrame, context));
  frame.info = info;
  frame.context.stack = saved_stack(thread);
  frame.context.mcontext = save_context(thread, place.fpstate, saved_mask);
  frame.context.sigmask = saved_mask;
  std::memcpy(frame.return_code, kRtSigReturnCode, sizeof frame.return_code);
  if (!copy_out(thread, address, frame)) return false;
  disarm_alt_stack(thread);
  enter_handler(thread, action, place, info.signo, frame.info_pointer, frame.context_pointer);
  return true;
}

SignalReturn return_from_signal(Thread& thread, bool real_time) {
  using enum SignalReturn;
  const uint32_t esp = thread.cpu.gpr[ESP];
  if (!real_time) {
    // The handler's ret popped the return address, and __kernel_sigreturn the signal number.
    abi::SigFrame frame;
    if (!copy_in_plain_frame(esp - 8, frame)) return bad_frame;
    const SignalSet mask = frame.context.oldmask | static_cast<uint64_t>(frame.extra_mask) << 32;
    if (!set_signal_mask(thread, mask)) return interrupted;
    return restore_context(thread, frame.context) ? done : bad_frame;
  }
  abi::RtSigFrame frame;
  if (!copy_in(esp - 4, frame)) return bad_frame;
  if (!set_signal_mask(thread, frame.context.sigmask)) return interrupted;
  if (!restore_context(thread, frame.context.mcontext)) return bad_frame;
  const abi::StackT& stack = frame.context.stack;
  AltStack& alt = thread.signals.alt_stack;
  if (alt_stack_state(alt, thread.cpu.gpr[ESP]) != abi::kSsOnStack) {
    if ((stack.flags & ~(abi::kSsAutoDisarm | abi::kSsOnStack)) == abi::kSsDisable) {
      alt = {};
    } else if (stack.size >= abi::kMinSigStackSize) {
      alt = {stack.base, stack.size, stack.flags};
    }
  }
  return done;
}

}  // namespace ferry::linux
