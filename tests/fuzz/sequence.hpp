// Random sequences of instructions, most of which run to their end: each instruction is tried in
// the interpreter while the sequence grows, so that its operands point into the arena's window.
#pragma once

#include <cstdint>
#include <vector>

#include "generator.hpp"
#include "guest/i386/cpu_state.hpp"
#include "random.hpp"

namespace ferry::fuzz {

/// One instruction. A branch names its target by its index in the sequence, so that other
/// instructions can be dropped.
struct Item {
  uint8_t bytes[semantics::kMaxCodeLength];
  uint8_t length = 0;
  uint8_t field_offset = 0;  ///< of the target's field in `bytes`
  uint8_t field_size = 0;
  bool absolute = false;  ///< the field holds an address, not a distance
  int target = kNoTarget;

  static constexpr int kNoTarget = -1;
};

struct Sequence {
  std::vector<Item> items;
  uint32_t address = semantics::kCodeAddress;
  uint32_t gpr[i386::kGprCount];
  uint32_t eflags = 0;
  uint32_t window_seed = 0;
  bool tls = false;      ///< FS and GS name a segment based at the window
  uint32_t numbers = 0;  ///< not 0: seed of real numbers in the window; if odd, #P is set already

  /// The bytes, with an INT3 after them; empty if a branch does not reach its target.
  [[nodiscard]] std::vector<uint8_t> bytes() const;
  void drop(unsigned item);
};

/// Guest memory of the fuzzer: the regions of tests/semantics, with code the guest cannot write (a
/// sequence that writes over itself would say nothing about translation).
class Memory {
 public:
  Memory();
  /// Sets up memory and registers for the start of `sequence`.
  void begin(const Sequence& sequence, const std::vector<uint8_t>& code, i386::CpuState& cpu);
  void put_code(uint32_t address, const uint8_t* bytes, uint32_t size);
  /// A hash of the whole data region.
  [[nodiscard]] static uint64_t hash();

 private:
  uint8_t* code_alias_ = nullptr;
};

class SequenceGenerator {
 public:
  SequenceGenerator(uint64_t seed, Memory& memory);
  [[nodiscard]] Sequence make();

 private:
  void choose_start();
  void add_random();
  void add_call();
  void add_own_address();
  void add_indirect_jump();
  void add_strings();
  /// FLD of a number and FSTP right after it, which the translator makes one operation.
  void add_copy();
  /// A run of x87 instructions on ordinary numbers, which the translator makes sequences of.
  void add_x87_run();
  void add_x87_instruction();
  void add_flags_through_stack();
  /// Tries the item and appends it to the sequence. Returns whether it was appended.
  bool add(Item item, unsigned skipped = 0);
  bool aim(Item& item, i386::Instruction& instruction);
  [[nodiscard]] bool wanted(const i386::Instruction& instruction);
  void add_bytes(std::initializer_list<uint8_t> bytes);
  /// An instruction whose operand is the memory at `address`.
  void add_absolute(std::initializer_list<uint8_t> opcode, uint32_t address);
  void add_move(unsigned reg, uint32_t value);

  semantics::Random random_;
  semantics::Generator generator_;
  Memory& memory_;
  std::vector<uint16_t> pool_;  ///< rows, the interesting ones several times
  Sequence sequence_;
  i386::CpuState cpu_;
  unsigned skip_ = 0;     ///< items that a taken branch passes over
  bool stopped_ = false;  ///< an exception ended the trial run
};

}  // namespace ferry::fuzz
