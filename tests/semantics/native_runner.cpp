// Runs cases on the processor itself: an i386 program, freestanding and static.
//
// stdin: a count, then as many of struct Case; stdout: as many of struct Result; and so on until
// the end of stdin.
//
// There is no code around the instruction (except for x87 state: an FRSTOR before, an FNSAVE
// after). A signal handler stores the result of the case that just trapped, writes the next case's
// registers into the signal frame, and returns: sigreturn starts the instruction. The trap after it
// (TF, or an INT3) and every fault lead back to the handler.
#include "case.hpp"

namespace ferry::semantics {
namespace {

// System calls of the i386 ABI.
constexpr int kExit = 1, kRead = 3, kWrite = 4, kMprotect = 125, kRtSigaction = 174,
              kSigaltstack = 186, kMmap2 = 192, kSetThreadArea = 243;

int system_call(int number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0) {
  int result = 0;
  asm volatile("int $0x80"
               : "=a"(result)
               : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
               : "memory");
  return result;
}

/// mmap2 has six arguments, the last in EBP; all maps here are anonymous, so it is 0.
void map_fixed(uint32_t address, uint32_t size, int protection) {
  constexpr int kPrivateFixedAnonymous = 0x32;
  int result = 0;
  asm volatile(
      "push %%ebp\n"
      "xor %%ebp, %%ebp\n"
      "int $0x80\n"
      "pop %%ebp"
      : "=a"(result)
      : "a"(kMmap2), "b"(address), "c"(size), "d"(protection), "S"(kPrivateFixedAnonymous), "D"(-1)
      : "memory");
  if (static_cast<uint32_t>(result) != address) system_call(kExit, 2);
}

/// struct sigcontext of the i386 ABI.
struct SignalContext {
  uint32_t gs, fs, es, ds, edi, esi, ebp, esp, ebx, edx, ecx, eax, trapno, err, eip, cs, eflags,
      esp_at_signal, ss, fpstate, oldmask, cr2;
};

/// The beginning of the kernel's struct _fpstate_32: what FSAVE stores, then what FXSAVE does.
struct FpState {
  X87Image x87;
  uint32_t magic;
  uint32_t fx_environment[6], mxcsr, mxcsr_mask;
  uint8_t fx_registers[8][16], xmm[8][16];
};

struct UserContext {
  uint32_t flags, link, stack_pointer, stack_flags, stack_size;
  SignalContext registers;
};

struct KernelSigaction {
  void (*handler)(int, void*, UserContext*);
  uint32_t flags;
  void (*restorer)();
  uint32_t mask[2];
};

struct UserDescriptor {
  int32_t entry_number;
  uint32_t base, limit, flags;
};

constexpr uint32_t kBatch = 16384;
Case cases[kBatch];
Result results[kBatch];
uint32_t case_count;
uint32_t current;
bool running;  // the handler was entered from a case
uint16_t tls_selector;

alignas(16) uint8_t signal_stack[65536];
alignas(16) uint8_t initial_memory[kRegionSize];

// Addresses at which no case is aimed.
constexpr uint32_t kX87Before = kCodeRegion + 0x1000;
constexpr uint32_t kX87Behind = kCodeRegion + 0x1100;
constexpr uint32_t kX87CodeLength = 6;

bool has_x87(const Case& test) {
  return (test.options & kX87) != 0;
}

/// FRSTOR or FNSAVE (DD with this ModRM byte) with an absolute address.
void put_x87_code(uint8_t* code, uint8_t modrm, uint32_t address) {
  code[0] = 0xdd;
  code[1] = modrm;
  __builtin_memcpy(code + 2, &address, 4);
}

uint8_t* data_region() {
  return reinterpret_cast<uint8_t*>(kDataRegion);
}

/// False at end of file before the first byte.
bool read_all(void* buffer, uint32_t size) {
  auto* bytes = static_cast<uint8_t*>(buffer);
  for (uint32_t done = 0; done < size;) {
    const int count = system_call(kRead, 0, reinterpret_cast<long>(bytes + done), size - done);
    if (count <= 0) {
      if (done == 0 && count == 0) return false;
      system_call(kExit, 3);
    }
    done += count;
  }
  return true;
}

void write_all(const void* buffer, uint32_t size) {
  const auto* bytes = static_cast<const uint8_t*>(buffer);
  for (uint32_t done = 0; done < size;) {
    const int count = system_call(kWrite, 1, reinterpret_cast<long>(bytes + done), size - done);
    if (count <= 0) system_call(kExit, 4);
    done += count;
  }
}

void next_batch() {
  if (case_count != 0) write_all(results, case_count * sizeof(Result));
  if (!read_all(&case_count, sizeof case_count)) system_call(kExit, 0);
  if (case_count == 0 || case_count > kBatch) system_call(kExit, 5);
  read_all(cases, case_count * sizeof(Case));
  current = 0;
}

uint16_t portable_selector(uint32_t selector) {
  return selector == tls_selector ? kTlsSelector : static_cast<uint16_t>(selector);
}

void store_result(const SignalContext& from, Result& to) {
  constexpr uint32_t kDebug = 1, kBreakpoint = 3, kPageFault = 14, kFetch = 1 << 4;
  const Case& test = cases[current];
  const uint32_t next = kCodeAddress + test.length;
  const uint32_t stop = next + (has_x87(test) ? kX87CodeLength : 0);
  const uint32_t gpr[] = {from.eax,           from.ecx, from.edx, from.ebx,
                          from.esp_at_signal, from.ebp, from.esi, from.edi};
  for (unsigned i = 0; i < 8; ++i) to.gpr[i] = gpr[i];
  to.eip = from.eip;
  to.eflags = from.eflags;
  const uint32_t selectors[] = {from.es, from.cs, from.ss, from.ds, from.fs, from.gs};
  for (unsigned i = 0; i < 6; ++i) to.selector[i] = portable_selector(selectors[i]);
  to.vector = from.trapno;
  to.error_code = from.err;
  to.address = from.trapno == kPageFault ? from.cr2 : 0;
  // A load of SS suppresses the single-step trap for one instruction, so the INT3 after the case
  // stops it.
  const bool stopped_behind = to.vector == kBreakpoint && to.eip == stop + 1;
  const bool target_missing =
      to.vector == kPageFault && (to.error_code & kFetch) != 0 && to.eip != kCodeAddress;
  if (to.vector == kDebug || stopped_behind || target_missing) {
    if (stopped_behind) to.eip = next;
    to.vector = kCompleted;
    to.error_code = 0;
    to.address = 0;
  }
  describe_changes(test, initial_memory, data_region(), to);
}

/// Stores the x87 state: what FNSAVE stored or, after a fault, what the kernel put into the signal
/// frame. Then makes the frame's state harmless, as FRSTOR would raise pending exceptions.
void store_x87_result(FpState& frame, Result& to) {
  const bool completed = to.vector == kCompleted;
  __builtin_memset(&to.x87, 0, sizeof to.x87);
  if (has_x87(cases[current])) {
    to.x87 = completed ? *reinterpret_cast<const X87Image*>(kX87Behind) : frame.x87;
  }
  to.x87.data_selector = portable_selector(to.x87.data_selector);
  frame.x87.control = 0x37f;
  frame.x87.status = 0;
  frame.x87.tags = 0xffff;
  // An FXRSTOR may have changed these.
  frame.mxcsr = 0x1f80;
  __builtin_memset(frame.xmm, 0, sizeof frame.xmm);
}

void start_case(SignalContext& registers) {
  constexpr uint32_t kTrapFlag = 1 << 8, kUserData = 0x2b, kUserCode = 0x23;
  const Case& test = cases[current];
  auto* const window = initial_memory + kRegionSize - kWindowSize;
  fill_window(test.window_seed, reinterpret_cast<uint64_t*>(window));
  apply_patch(test, window);
  __builtin_memcpy(data_region(), initial_memory, kRegionSize);
  auto* const code = reinterpret_cast<uint8_t*>(kCodeAddress);
  for (unsigned i = 0; i < kMaxCodeLength + 1; ++i) code[i] = i < test.length ? test.code[i] : 0xcc;
  registers.eip = kCodeAddress;
  if (has_x87(test)) {
    constexpr uint8_t kFrstor = 0x25, kFnsave = 0x35;
    *reinterpret_cast<X87Image*>(kX87Before) = test.x87;
    put_x87_code(code - kX87CodeLength, kFrstor, kX87Before);
    put_x87_code(code + test.length, kFnsave, kX87Behind);
    code[test.length + kX87CodeLength] = 0xcc;
    registers.eip -= kX87CodeLength;
  }
  registers.eax = test.gpr[0];
  registers.ecx = test.gpr[1];
  registers.edx = test.gpr[2];
  registers.ebx = test.gpr[3];
  registers.esp = registers.esp_at_signal = test.gpr[4];
  registers.ebp = test.gpr[5];
  registers.esi = test.gpr[6];
  registers.edi = test.gpr[7];
  registers.eflags = test.eflags | ((test.options & kSingleStep) != 0 ? kTrapFlag : 0);
  registers.ds = registers.es = registers.ss = kUserData;
  registers.cs = kUserCode;
  registers.fs = (test.options & kTlsInFs) != 0 ? tls_selector : 0;
  registers.gs = 0;
}

void on_signal(int, void*, UserContext* context) {
  // NT, ID and AC of the case are still set here; sigreturn would keep NT and ID.
  asm volatile("push $2; popf" ::: "cc", "memory");
  if (running) {
    store_result(context->registers, results[current]);
    store_x87_result(*reinterpret_cast<FpState*>(context->registers.fpstate), results[current]);
    ++current;
  }
  if (current == case_count) next_batch();
  running = true;
  start_case(context->registers);
}

void catch_signal(int signal) {
  constexpr uint32_t kSiginfo = 4, kOnStack = 0x08000000, kNoDefer = 0x40000000;
  KernelSigaction action{on_signal, kSiginfo | kOnStack | kNoDefer, nullptr, {0, 0}};
  system_call(kRtSigaction, signal, reinterpret_cast<long>(&action), 0, sizeof action.mask);
}

[[noreturn]] void run() {
  constexpr int kReadable = 1, kWritable = 2, kExecutable = 4;
  map_fixed(kDataRegion, kRegionSize, kReadable | kWritable);
  map_fixed(kReadOnlyRegion, kRegionSize, kReadable | kWritable);
  fill_window(kReadOnlySeed, reinterpret_cast<uint64_t*>(kReadOnlyEnd - kWindowSize));
  system_call(kMprotect, kReadOnlyRegion, kRegionSize, kReadable);
  map_fixed(kCodeRegion, kRegionSize, kReadable | kWritable | kExecutable);

  constexpr uint32_t kUsable32BitPages = 0x51;  // seg_32bit, limit_in_pages, useable
  UserDescriptor tls{-1, kWindow, 0xfffff, kUsable32BitPages};
  if (system_call(kSetThreadArea, reinterpret_cast<long>(&tls)) != 0) system_call(kExit, 6);
  tls_selector = static_cast<uint16_t>(tls.entry_number * 8 + 3);

  // Disarmed while the handler runs; otherwise the kernel would take a case whose ESP happens to
  // lie in this stack for a nested signal.
  constexpr uint32_t kAutoDisarm = 1u << 31;
  const uint32_t stack[] = {reinterpret_cast<uint32_t>(signal_stack), kAutoDisarm,
                            sizeof signal_stack};
  system_call(kSigaltstack, reinterpret_cast<long>(stack));
  constexpr int kSignals[] = {4, 5, 7, 8, 11};  // SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV
  for (const int signal : kSignals) catch_signal(signal);
  asm volatile("int3");  // into the handler, for good
  __builtin_unreachable();
}

}  // namespace
}  // namespace ferry::semantics

extern "C" void* memcpy(void* destination, const void* source, size_t size) {
  void* to = destination;
  asm volatile("rep movsb" : "+D"(to), "+S"(source), "+c"(size) : : "memory");
  return destination;
}

extern "C" void* memset(void* destination, int value, size_t size) {
  void* to = destination;
  asm volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(value) : "memory");
  return destination;
}

extern "C" [[noreturn]] void _start() {
  ferry::semantics::run();
}
