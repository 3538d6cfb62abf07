#include "linux/kernel/i386/signal_frame.hpp"

#include <cstring>

#include "guest/i386/cpu_state.hpp"
#include "guest/i386/x87/image.hpp"
#include "linux/kernel/guest_process.hpp"
#include "linux/kernel/i386/exceptions.hpp"
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

constexpr uint32_t kEnvironmentSize = environment_size(4);
static_assert(kLegacyFpSize == kEnvironmentSize + kRegisterImageSize +
                                   sizeof(abi::FpState::status) + sizeof(abi::FpState::magic));

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

/// The kernel takes x87 from the FNSAVE part and the rest from the FXSAVE part (convert_to_fxsr).
void load_fp(CpuState& cpu, const abi::FpState& fp) {
  const auto* const image = reinterpret_cast<const uint8_t*>(&fp);
  load_environment(cpu.x87, 4, image);
  load_registers(cpu.x87, image + kEnvironmentSize);
  if (fp.magic != 0) return;
  cpu.mxcsr = fp.mxcsr & kMxcsrMask;
  std::memcpy(cpu.xmm.data(), fp.xmm, sizeof fp.xmm);
}

/// The state of a new program; handlers begin in it too (fpu__clear_user_states).
void clear_fp(CpuState& cpu) {
  cpu.x87 = X87State{};
  cpu.mxcsr = 0x1f80;
  cpu.xmm = {};
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

/// Whether IRET accepts a ring-3 selector for SS. (For CS it accepts a single one, since
/// set_thread_area makes data segments only.)
bool is_stack_selector(const CpuState& cpu, uint16_t selector) {
  if (selector == kUserDataSelector) return true;
  const uint32_t index = (selector >> 3) - kFirstTlsEntry;
  const bool local = (selector & 4) != 0;
  return !local && index < kTlsEntries && cpu.tls[index].present && cpu.tls[index].writable;
}

/// IRET's general protection fault at a selector that it does not accept
/// (arch/x86/entry/entry_64.S).
void refuse_selector(Thread& thread, uint16_t selector) {
  Exception fault;
  fault.vector = Vector::GP;
  fault.error_code = selector & ~3u;
  handle_exception(thread, fault);
}

/// Selectors from the frame, turned into those of ring 3 (arch/x86/kernel/signal_32.c).
void restore_code_and_stack(Thread& thread, const abi::SigContext& context) {
  CpuState& cpu = thread.cpu;
  const auto code = static_cast<uint16_t>(context.cs | 3);
  const auto stack = static_cast<uint16_t>(context.ss | 3);
  cpu.selector[CS] = code;
  cpu.selector[SS] = stack;
  if (code != kUserCodeSelector) return refuse_selector(thread, code);
  if (!is_stack_selector(cpu, stack)) return refuse_selector(thread, stack);
  restore_segment(thread, SS, stack);
}

bool restore_context(Thread& thread, const abi::SigContext& context) {
  CpuState& cpu = thread.cpu;
  restore_segment(thread, GS, static_cast<uint16_t>(context.gs));
  restore_segment(thread, FS, static_cast<uint16_t>(context.fs));
  restore_segment(thread, ES, static_cast<uint16_t>(context.es));
  restore_segment(thread, DS, static_cast<uint16_t>(context.ds));
  cpu.gpr = {context.eax, context.ecx, context.edx, context.ebx,
             context.esp, context.ebp, context.esi, context.edi};
  cpu.eip = context.eip;
  cpu.eflags = (cpu.eflags & ~kRestorableFlags) | (context.flags & kRestorableFlags);
  restore_code_and_stack(thread, context);
  if (context.fpstate != 0) {
    abi::FpState fp;
    std::memset(&fp, 0, sizeof fp);
    if (!copy_in_bytes(context.fpstate, &fp, kLegacyFpSize)) return false;
    if (fp.magic == 0 && !copy_in(context.fpstate, fp)) return false;
    load_fp(cpu, fp);
  } else {
    clear_fp(cpu);
  }
  return true;
}

/// Where the frame of `size` bytes goes, 0 if nowhere; saves the FP state above it.
uint32_t place_frame(Thread& thread, const SignalAction& action, uint32_t size, uint32_t& fpstate) {
  uint32_t esp = thread.cpu.gpr[ESP];
  const AltStack& alt = thread.signals.alt_stack;
  const bool on_alt_stack = alt_stack_state(alt, esp) == abi::kSsOnStack;
  bool entering = false;
  if ((action.flags & abi::kSaOnStack) != 0 && alt_stack_state(alt, esp) == 0) {
    esp = alt.base + alt.size;
    entering = true;
  }
  // The FXSAVE part is aligned to 64, the FNSAVE part lies directly below (fpu__alloc_mathframe).
  fpstate = ((esp - (sizeof(abi::FpState) - kLegacyFpSize)) & ~63u) - kLegacyFpSize;
  const uint32_t frame = ((fpstate - size + 4) & ~15u) - 4;
  // A frame that leaves the alternate stack at its lower end is an overflow, not a switch back.
  if ((on_alt_stack || entering) && frame - alt.base >= alt.size) return 0;
  abi::FpState fp;
  save_fp(thread.cpu, fp);
  return copy_out(thread, fpstate, fp) ? frame : 0;
}

void enter_handler(Thread& thread, const SignalAction& action, uint32_t frame, int signal,
                   uint32_t info, uint32_t context) {
  CpuState& cpu = thread.cpu;
  cpu.gpr[ESP] = frame;
  cpu.gpr[EAX] = static_cast<uint32_t>(signal);
  cpu.gpr[EDX] = info;
  cpu.gpr[ECX] = context;
  cpu.eip = action.handler;
  cpu.eflags &= ~(eflags::DF | eflags::RF | eflags::TF);
  clear_fp(cpu);
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

bool build_signal_frame(Thread& thread, const abi::SigInfo& info, const SignalAction& action,
                        SignalSet saved_mask) {
  const GuestProcess& process = *thread.process;
  const bool real_time = (action.flags & abi::kSaSigInfo) != 0;
  const bool own_restorer = (action.flags & abi::kSaRestorer) != 0;
  uint32_t fpstate = 0;
  if (!real_time) {
    const uint32_t address = place_frame(thread, action, sizeof(abi::SigFrame), fpstate);
    if (address == 0) return false;
    abi::SigFrame frame;
    std::memset(&frame, 0, sizeof frame);
    frame.return_address = own_restorer ? action.restorer : process.vdso.sigreturn;
    frame.signal = info.signo;
    frame.context = save_context(thread, fpstate, saved_mask);
    frame.extra_mask = static_cast<uint32_t>(saved_mask >> 32);
    std::memcpy(frame.return_code, kSigReturnCode, sizeof frame.return_code);
    if (!copy_out(thread, address, frame)) return false;
    disarm_alt_stack(thread);
    enter_handler(thread, action, address, info.signo, 0, 0);
    return true;
  }
  const uint32_t address = place_frame(thread, action, sizeof(abi::RtSigFrame), fpstate);
  if (address == 0) return false;
  abi::RtSigFrame frame;
  std::memset(&frame, 0, sizeof frame);
  frame.return_address = own_restorer ? action.restorer : process.vdso.rt_sigreturn;
  frame.signal = info.signo;
  frame.info_pointer = address + static_cast<uint32_t>(offsetof(abi::RtSigFrame, info));
  frame.context_pointer = address + static_cast<uint32_t>(offsetof(abi::RtSigFrame, context));
  frame.info = info;
  frame.context.stack = saved_stack(thread);
  frame.context.mcontext = save_context(thread, fpstate, saved_mask);
  frame.context.sigmask = saved_mask;
  std::memcpy(frame.return_code, kRtSigReturnCode, sizeof frame.return_code);
  if (!copy_out(thread, address, frame)) return false;
  disarm_alt_stack(thread);
  enter_handler(thread, action, address, info.signo, frame.info_pointer, frame.context_pointer);
  return true;
}

bool return_from_signal(Thread& thread, bool real_time) {
  const uint32_t esp = thread.cpu.gpr[ESP];
  if (!real_time) {
    // The handler's ret popped the return address, and __kernel_sigreturn the signal number.
    abi::SigFrame frame;
    if (!copy_in(esp - 8, frame)) return false;
    set_signal_mask(thread, frame.context.oldmask | static_cast<uint64_t>(frame.extra_mask) << 32);
    return restore_context(thread, frame.context);
  }
  abi::RtSigFrame frame;
  if (!copy_in(esp - 4, frame)) return false;
  set_signal_mask(thread, frame.context.sigmask);
  if (!restore_context(thread, frame.context.mcontext)) return false;
  const abi::StackT& stack = frame.context.stack;
  AltStack& alt = thread.signals.alt_stack;
  if (alt_stack_state(alt, thread.cpu.gpr[ESP]) != abi::kSsOnStack) {
    if ((stack.flags & ~(abi::kSsAutoDisarm | abi::kSsOnStack)) == abi::kSsDisable) {
      alt = {};
    } else if (stack.size >= abi::kMinSigStackSize) {
      alt = {stack.base, stack.size, stack.flags};
    }
  }
  return true;
}

}  // namespace ferry::linux
