// The words of the block being translated, and what is true of them: marks, delay slots, cold
// paths, and which registers are free or hold addresses. The emitter knows no guest operands:
// BlockBuilder adds those.
//
// Passes that act while words are emitted live here (delay_slots.cpp) and in BlockBuilder.
#pragma once

#include <cstdint>

#include "common/diagnostics.hpp"
#include "engine/backend.hpp"
#include "host/mips64/assembler.hpp"
#include "host/mips64/pseudo_instructions.hpp"
#include "translate/i386/analysis.hpp"
#include "translate/i386/options.hpp"
#include "translate/i386_to_mips64/emit/access_order.hpp"
#include "translate/i386_to_mips64/emit/block_notes.hpp"
#include "translate/i386_to_mips64/emit/flag_state.hpp"
#include "translate/i386_to_mips64/emit/register_map.hpp"
#include "translate/i386_to_mips64/emit/ways_out.hpp"

namespace ferry::translate::emit {

using i386::Instruction;
using mips64::Assembler;
using mips64::Label;

class Emitter {
 public:
  Emitter(const Options& options, const WaysOut& ways_out, uint32_t* code, uint32_t capacity,
          engine::BlockDraft& out);
  Emitter(const Emitter&) = delete;
  Emitter& operator=(const Emitter&) = delete;

  Assembler as;
  const Options& options;
  const WaysOut& ways_out;

  [[nodiscard]] const Instruction& instruction() const { return entry_->instruction; }
  /// Flags that may be read after the current instruction.
  [[nodiscard]] uint32_t live() const { return live_after_; }
  /// Notes for faults in the words from here on what they have to undo and where the flags are.
  void add_mark() {
    if (marked_) push_mark();
  }

  // --- scratch registers -------------------------------------------------------------------------
  /// A scratch register until the end of the instruction.
  [[nodiscard]] Gpr scratch() {
    CHECK(free_scratch_ != 0);
    const Gpr reg(static_cast<unsigned>(__builtin_ctz(free_scratch_)));
    free_scratch_ &= ~reg.bit();
    return reg;
  }
  /// Takes `reg`, which a cold path found in use, out of the free ones.
  void take_scratch(Gpr reg) { free_scratch_ &= ~reg.bit(); }
  void release(Gpr reg) { free_scratch_ |= reg.bit() & kScratchMask; }
  /// Releases all scratch registers but `kept`.
  void release_all_but(Gpr kept) { free_scratch_ = kScratchMask & ~kept.bit(); }
  /// Forgets cached addresses, whose registers are wanted for something else.
  void forget_addresses();
  /// The same after a call into C++ or a join, across which no word may be moved.
  void clobber_scratch();

  // --- branches inside the block -----------------------------------------------------------------
  /// Emits a branch or jump word and its slot, filled with the previous word where that is safe.
  void control(uint32_t word);
  /// The same for a branch inside the block.
  void branch(uint32_t word, Label& target);
  void branch_if_equal(Gpr left, Gpr right, Label& target) {
    branch(mips64::encode::rs_rt(mips64::opcode::BEQ, left, right), target);
  }
  void branch_if_not_equal(Gpr left, Gpr right, Label& target) {
    branch(mips64::encode::rs_rt(mips64::opcode::BNE, left, right), target);
  }
  void branch_if_zero(Gpr reg, Label& target) { branch_if_equal(reg, mips64::zero, target); }
  void branch_if_not_zero(Gpr reg, Label& target) {
    branch_if_not_equal(reg, mips64::zero, target);
  }
  void bind(Label& label);
  /// Branches, while `answer` is 0, to a cold path that packs the lazy registers and sets `answer`
  /// to the condition `cc` without its negation, then comes back at the returned label.
  Label& branch_to_packed_condition(Gpr answer, unsigned cc);
  /// Binds the label at which a cold path comes back.
  void bind_resume(Label& label);
  /// Calls C++: makes CpuState::eflags hold the arithmetic flags, which are in the lazy registers.
  void materialise_flags();

 protected:
  ~Emitter() = default;

  struct ColdPath {  ///< emitted after the block's main line
    enum class Kind : uint8_t {
      flag_exit,
      interpret,
      interpret_and_resume,
      interpret_sequence,  ///< and resume
      packed_condition,
      leave
    } kind;
    Label label;
    uint32_t target = 0;
    uint32_t live = 0;  ///< flags, at the target
    int32_t esp_bias = 0;
    FlagState flags;
    const Instruction* instruction = nullptr;
    const AnalysedInstruction* first = nullptr;  ///< of interpret_sequence, with the next one:
    const AnalysedInstruction* last = nullptr;
    Gpr answer;
    uint8_t condition = 0;
    engine::LeaveReason reason{};
    Label resume;
  };
  /// An address that one of kAddressCache holds.
  struct CachedAddress {
    bool valid = false;
    uint8_t base, index, scale;
    int32_t high;
  };

  void push_mark();
  ColdPath& new_cold_path();
  [[nodiscard]] ColdPath& cold_path(unsigned i) {
    return reinterpret_cast<ColdPath*>(cold_storage_)[i];
  }
  [[nodiscard]] unsigned cold_count() const { return cold_count_; }
  /// Words emitted so far must not be moved any more.
  void set_barrier() { barrier_ = as.next(); }
  /// If the slot of the branch just emitted is free, the next word may be moved into it, provided
  /// that all it writes is one of `dead`: registers that nobody reads where the branch goes.
  void leave_slot_open(uint32_t dead) {
    if (options.passes.slot_fallthrough && as.next()[-1] == 0) dead_at_exit_ = dead;
  }
  /// Instruction word of `j` or `jal` (`opcode`) to a place in the code cache's segment.
  [[nodiscard]] static uint32_t jump_to(uint32_t opcode, const uint32_t* target) {
    return Assembler::jump_word(opcode, target);
  }

  /// Where the flags are now; marks and cold paths copy it.
  const FlagState* flag_state_ = nullptr;
  engine::BlockDraft& out_;
  BlockNotesMaker notes_;
  const AnalysedInstruction* entry_ = nullptr;  ///< the current instruction
  const bool mark_all_;                         ///< not only instructions that can fault
  bool marked_ = false;                         ///< the current instruction gets marks
  uint32_t live_after_ = 0;
  uint32_t free_scratch_ = kScratchMask;
  int32_t esp_bias_ = 0;  ///< guest esp is host esp + this
  CachedAddress cache_[2];
  AccessOrder order_;              ///< meaningful where options.order asks for it
  uint32_t cached_registers_ = 0;  ///< host registers (Gpr::bit) that entries of cache_ may name

 private:
  /// Whether a word can raise a fault.
  enum class Fault : uint8_t { never, possible };

  [[gnu::noinline]] void swap_last_words(Fault of_last);
  [[nodiscard]] bool may_load_early(uint32_t word, uint32_t position) const;
  [[gnu::noinline]] void fill_slot_with_next_word();
  void close_slot();
  [[gnu::noinline]] void emit_control(uint32_t word, Label* target);

  static constexpr unsigned kMaxColdPaths = 3 * kMaxBlockInstructions;  ///< at most three each

  uint32_t* barrier_;          ///< words before this place must not be moved
  uint32_t dead_at_exit_ = 0;  ///< if the last slot is open: see leave_slot_open
  unsigned cold_count_ = 0;
  alignas(ColdPath) unsigned char cold_storage_[kMaxColdPaths *
                                                sizeof(ColdPath)];  ///< constructed one by one
};

}  // namespace ferry::translate::emit
