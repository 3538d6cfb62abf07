#include "host/mips64/code_patcher.hpp"

#include <atomic>

#include "host/mips64/assembler.hpp"

namespace ferry::mips64 {

using engine::Exit;

CodePatcher::CodePatcher(const uint32_t* leave_direct) : leave_direct_(leave_direct) {
#if defined(__mips64)
  // What the processor says a SYNCI reaches: 0 where instruction fetch sees every store by itself.
  asm("rdhwr %0, $1" : "=r"(line_bytes_));
#endif
}

Exit* exit_returning_to(const engine::Block& block, const uint32_t* host_pc) {
  const auto word = static_cast<uint32_t>(host_pc - block.code);
  for (Exit& exit : block.exits) {
    if (exit.stub + kCallWords == word) return &exit;
  }
  return nullptr;
}

void CodePatcher::link(const Exit& exit, const uint32_t* target) {
  uint32_t* code = exit.owner->code;
  if (exit.kind == Exit::Kind::branch) {
    const int64_t distance = target - (code + exit.site + 1);
    if (fits_simm16(distance)) {
      return patch(code + exit.site,
                   (exit.unlinked & 0xffff0000) | (static_cast<uint32_t>(distance) & 0xffff));
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
  const auto store = [](uint32_t* where, uint32_t what) {
    std::atomic_ref<uint32_t>(*where).store(what, std::memory_order_release);
  };
  store(place, word);
  // QEMU translates a delay slot in the next 4 KB page apart from its jump, with the target the
  // jump had then: a store makes it forget that (tests/bugs, EngineBugs.PatchedJumpAtPageEnd).
  constexpr uintptr_t kQemuPageBytes = 4096;
  const bool slot_in_next_page =
      (reinterpret_cast<uintptr_t>(place + 1) & (kQemuPageBytes - 1)) == 0;
  if (slot_in_next_page) store(place + 1, place[1]);
  synchronise(place, slot_in_next_page ? 2 : 1);
}

void CodePatcher::synchronise(const uint32_t* begin, uint32_t words) {
#if defined(__mips64)
  // Without a system call: write back and invalidate each line, then wait.
  if (const uintptr_t step = line_bytes_; step != 0) {
    const uintptr_t last = reinterpret_cast<uintptr_t>(begin + words - 1) & -step;
    uintptr_t line = reinterpret_cast<uintptr_t>(begin) & -step;
    asm volatile("synci 0(%0)" : : "r"(line) : "memory");
    while (line != last) {
      line += step;
      asm volatile("synci 0(%0)" : : "r"(line) : "memory");
    }
  }
  asm volatile("sync" : : : "memory");
#else
  (void)begin;
  (void)words;
#endif
}

}  // namespace ferry::mips64
