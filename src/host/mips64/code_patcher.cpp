#include "host/mips64/code_patcher.hpp"

#include <atomic>

#include "host/mips64/assembler.hpp"

namespace ferry::mips64 {

using engine::Exit;

void CodePatcher::link(const Exit& exit, const uint32_t* target) {
  uint32_t* code = exit.owner->code;
  if (exit.kind == Exit::Kind::branch) {
    const int64_t distance = target - (code + exit.site + 1);
    if (fits_simm16(distance)) {
      return patch(code + exit.site, (exit.unlinked & 0xffff0000) | (static_cast<uint32_t>(distance) & 0xffff));
    }
  }
  patch(code + exit.stub, Assembler::jump_word(opcode::J, target));
}

void CodePatcher::unlink(const Exit& exit) {
  uint32_t* code = exit.owner->code;
  if (exit.kind == Exit::Kind::branch) {
    patch(code + exit.stub, Assembler::jump_word(opcode::JAL, leave_direct_));
  }
  patch(code + exit.site, exit.unlinked);
}

void CodePatcher::patch(uint32_t* place, uint32_t word) {
  std::atomic_ref<uint32_t>(*place).store(word, std::memory_order_release);
  uint32_t words = 1;
  constexpr uintptr_t kSmallestPage = 4096;
  if (reinterpret_cast<uintptr_t>(place + 1) % kSmallestPage == 0) {
    // QEMU translates a delay slot on the next page apart from its jump, with the jump's target in it, and
    // translates it anew only when that page is written to.
    std::atomic_ref<uint32_t> slot(place[1]);
    slot.store(slot.load(std::memory_order_relaxed), std::memory_order_relaxed);
    words = 2;
  }
  synchronise(place, words);
}

void CodePatcher::synchronise(const uint32_t* begin, uint32_t words) {
#if defined(__mips64)
  // Without a system call: write back and invalidate each line, then wait and clear the pipeline. Lines
  // are at least 32 bytes on every MIPS64 processor; a smaller step than the real one is harmless.
  constexpr uintptr_t kLine = 32;
  const uintptr_t end = reinterpret_cast<uintptr_t>(begin + words);
  for (uintptr_t line = reinterpret_cast<uintptr_t>(begin) & ~(kLine - 1); line < end; line += kLine) {
    asm volatile("synci 0(%0)" : : "r"(line) : "memory");
  }
  asm volatile("sync" : : : "memory");
#else
  (void)begin;
  (void)words;
#endif
}

}  // namespace ferry::mips64
