#include "guest_arena.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <cstring>

#include "common/diagnostics.hpp"
#include "guest/i386/x87/image.hpp"
#include "guest/memory/memory.hpp"

namespace ferry::semantics {

namespace {

uint8_t* at(uint32_t guest_address) {
  return static_cast<uint8_t*>(guest::host_pointer(guest_address));
}

void map_region(uint32_t address) {
  void* const mapped = ::mmap(at(address), kRegionSize, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  CHECK(mapped == at(address));
}

void on_fault(int signal, siginfo_t*, void* opaque) {
  auto& context = *static_cast<ucontext_t*>(opaque);
#if defined(__mips64)
  auto& pc = context.uc_mcontext.pc;
#else
  auto& pc = context.uc_mcontext.gregs[REG_RIP];
#endif
  const uintptr_t landing = guest::fault_landing_pad(static_cast<uintptr_t>(pc));
  if (landing == 0) {
    ::signal(signal, SIG_DFL);
    return;
  }
  pc = static_cast<std::remove_reference_t<decltype(pc)>>(landing);
}

}  // namespace

GuestArena::GuestArena() {
  map_region(kDataRegion);
  map_region(kReadOnlyRegion);
  map_region(kCodeRegion);
  fill_window(kReadOnlySeed, reinterpret_cast<uint64_t*>(at(kReadOnlyEnd - kWindowSize)));
  CHECK(::mprotect(at(kReadOnlyRegion), kRegionSize, PROT_READ) == 0);
  struct sigaction action {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  CHECK(::sigaction(SIGSEGV, &action, nullptr) == 0);
  CHECK(::sigaction(SIGBUS, &action, nullptr) == 0);
}

void GuestArena::begin(const Case& test, i386::CpuState& cpu) {
  uint8_t* const window = initial_memory_.data() + kRegionSize - kWindowSize;
  fill_window(test.window_seed, reinterpret_cast<uint64_t*>(window));
  apply_patch(test, window);
  std::memcpy(at(kDataRegion), initial_memory_.data(), kRegionSize);
  std::memset(at(kCodeAddress), 0xcc, kMaxCodeLength + 1);
  std::memcpy(at(kCodeAddress), test.code, test.length);

  cpu = i386::CpuState{};
  std::memcpy(cpu.gpr.data(), test.gpr, sizeof test.gpr);
  cpu.eip = kCodeAddress;
  cpu.eflags |= test.eflags;
  if ((test.options & kSingleStep) != 0) cpu.eflags |= i386::eflags::TF;
  cpu.tls[0] = i386::SegmentDescriptor({.base = kWindow, .limit = 0xfffff, .in_pages = true});
  if ((test.options & kTlsInFs) != 0) cpu.set_segment(i386::FS, kTlsSelector, cpu.tls[0]);
  if ((test.options & kX87) != 0) {
    i386::load_environment(cpu.x87, 4, reinterpret_cast<const uint8_t*>(&test.x87));
    i386::load_registers(cpu.x87, test.x87.registers[0]);
  }
}

void GuestArena::finish(const Case& test, const i386::CpuState& cpu, Result& result) {
  std::memcpy(result.gpr, cpu.gpr.data(), sizeof result.gpr);
  result.eip = cpu.eip;
  result.eflags = cpu.eflags;
  std::memcpy(result.selector, cpu.selector.data(), sizeof result.selector);
  result.x87 = X87Image{};
  if ((test.options & kX87) != 0) {
    i386::store_environment(cpu.x87, 4, reinterpret_cast<uint8_t*>(&result.x87));
    i386::store_registers(cpu.x87, result.x87.registers[0]);
  }
  describe_changes(test, initial_memory_.data(), at(kDataRegion), result);
}

}  // namespace ferry::semantics
