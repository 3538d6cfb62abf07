// The block being translated as instruction handlers (lower/) see it: guest registers and operands,
// esp folding, flags, exits. What is below operands is in emitter.hpp.
//
// Invariants a handler keeps:
//   - guest registers hold sign-extended 32-bit values after every instruction;
//   - `begin_write(reg)` comes before the first word that changes a guest register;
//   - every word that can fault is emitted before the first word that changes guest state, or the
//     instruction can be undone from its mark (esp_bias).
#pragma once

#include <cstdint>

#include "guest/i386/decode/decoder.hpp"
#include "translate/i386_to_mips64/emit/emitter.hpp"
#include "translate/i386_to_mips64/emit/flags.hpp"

namespace ferry::translate::emit {

using i386::Operand;

/// How the bits above an 8- or 16-bit value are wanted, or are.
enum class Extend : uint8_t { any, zero, sign };

/// What accesses need besides the plain load or store, as a set.
namespace access_form {
inline constexpr uint8_t kPlain = 0;
inline constexpr uint8_t kUnaligned = 1;  ///< two parts, as the place may be at any alignment
inline constexpr uint8_t kOrdered = 2;    ///< a SYNC before, where x86 keeps the order
}  // namespace access_form

/// The x87 unit as the thread that waits for the block has it, followed through the block's
/// instructions: what sequences (lower/x87_sequence.hpp) are translated for.
struct X87Expectation {
  /// The rest is known: the control word is the initial one.
  bool possible = false;
  /// The block has compared its state with this, so it holds.
  bool checked = false;
  bool inexact = false;  ///< #P is in the status already
  uint8_t top = 0;
  uint8_t empty = 0xff;
};

/// A host address: base register and 16-bit offset.
struct Address {
  Gpr base;
  int32_t offset;
};

class BlockBuilder final : public Emitter {
 public:
  BlockBuilder(const Options& options, const WaysOut& ways_out, uint32_t* code, uint32_t capacity,
               engine::BlockDraft& out);

  FlagTracker flags;

  /// The prologue for indirect entries of a block that reads flags or passes them on: notes the
  /// exit control came from, which tells what t1 and t2 hold. Linked exits enter after it.
  void flag_prologue();
  /// For the entry of a self-checking block, after the prologue: leaves if its bytes are no longer
  /// those it is made from. Nothing is assumed about flags: what is there now may read them.
  void check_bytes(const AnalysedBlock& block);

  // --- the instruction being translated ---------------------------------------------------------
  /// The block's instructions end at `end`.
  void begin_block(const AnalysedInstruction* end) { end_ = end; }
  /// Starts the next instruction.
  void begin_instruction(const AnalysedInstruction& entry) {
    entry_ = &entry;
    live_after_ = entry.live_after;
    interpret_path_ = nullptr;
    // Only what can fault needs a mark; the log shows every instruction.
    marked_ = mark_all_ || may_access_memory(entry.instruction, *entry.traits);
    if (marked_) mark_instruction();
  }
  /// The instruction after the current one if it is part of the block and has code of its own, or
  /// null.
  [[nodiscard]] const AnalysedInstruction* following() const {
    const AnalysedInstruction* const next = entry_ + 1;
    return next != end_ && !next->followed ? next : nullptr;
  }
  /// Makes `next`, which is following(), current as well: one sequence of words does the work of
  /// both. Its handler finds that it is_done().
  void begin_together(const AnalysedInstruction& next) {
    begin_instruction(next);
    done_ = &next;
  }
  [[nodiscard]] bool is_done() const { return done_ != nullptr && entry_ <= done_; }
  [[nodiscard]] const AnalysedInstruction& current() const { return *entry_; }
  /// Flags that may be read by the current instruction or after it.
  [[nodiscard]] uint32_t live_before() const { return entry_->live_before | live_after_; }

  // --- sequences: instructions that begin again together
  // -------------------------------------------
  /// Begins one with the current instruction. Until all of it is done, nothing of the guest's state
  /// changes, so a fault in any of its words has the interpreter begin with the first instruction.
  /// A branch to the label that is returned has the interpreter execute all of the sequence.
  Label& begin_sequence();
  /// Makes `next`, which is following(), the current instruction, as part of the sequence. Its
  /// handler finds that it is_done().
  void extend_sequence(const AnalysedInstruction& next);
  /// The words of the sequence are complete.
  void end_sequence();
  /// The address of the memory operand of `other`, an instruction of the sequence.
  [[nodiscard]] Address address_of(const AnalysedInstruction& other);
  /// What is expected of the x87 unit at the current instruction.
  X87Expectation x87;

  /// Flags that may be read at the direct target of the current instruction.
  [[nodiscard]] uint32_t live_at_target() const { return entry_->live_at_target; }
  /// Releases scratch registers, and forgets flags that are dead.
  void end_instruction() {
    free_scratch_ = kScratchMask;
    if (live_after_ == 0) flags.set_packed();
  }
  // --- guest registers ---------------------------------------------------------------------------
  /// The register holding guest `reg` (esp: with the folded adjustment applied, in a scratch).
  [[nodiscard]] Gpr read_gpr(unsigned reg);
  /// To be called before guest `reg` changes: saves what the live flags still need of it.
  /// Returns its host register. For esp the folded adjustment is dropped: the caller sets all of
  /// it.
  Gpr begin_write(unsigned reg) {
    const Gpr host = host_gpr(reg);
    if (referred_to(reg)) [[unlikely]]
      give_up(host);
    known_width_[reg] = 32;
    if (reg == i386::ESP) esp_bias_ = 0;
    return host;
  }
  /// Whether flags or cached addresses refer to guest `reg`: begin_write may emit words then.
  [[nodiscard]] bool referred_to(unsigned reg) const {
    return ((flags.named() | cached_registers_) & host_gpr(reg).bit()) != 0;
  }
  /// Number of low bits guest `reg` is known to fit in, zero-extended: 8, 16 or 32.
  [[nodiscard]] unsigned known_width(unsigned reg) const { return known_width_[reg]; }
  void set_known_width(unsigned reg, unsigned bits);

  // --- esp ---------------------------------------------------------------------------------------
  /// Guest esp is host esp + esp_bias().
  [[nodiscard]] int32_t esp_bias() const { return esp_bias_; }
  void adjust_esp(int32_t bytes) {
    esp_bias_ += bytes;
    if (esp_bias_ > largest_bias_ || esp_bias_ < -largest_bias_) [[unlikely]]
      apply_esp_bias();
  }
  /// Applies the folded adjustment, so that host esp is guest esp.
  void commit_esp() {
    if (esp_bias_ != 0) apply_esp_bias();
  }
  [[nodiscard]] Address stack_address(int32_t offset) {
    return {host_gpr(i386::ESP), esp_bias_ + offset};
  }

  // --- operands ----------------------------------------------------------------------------------
  /// Host address of the memory operand (segment base applied), plus `extra` bytes.
  [[nodiscard]] Address address(int32_t extra = 0) {
    Address plain;
    return plain_address(plain, extra) ? plain : general_address(extra);
  }
  /// Whether the memory operand, plus `extra` bytes, is [register + 16-bit constant], as most are:
  /// then `address` is it, and no word is needed.
  [[nodiscard]] bool plain_address(Address& address, int32_t extra = 0) const {
    const Instruction& in = instruction();
    const i386::MemoryOperand& memory = in.memory;
    uint32_t sum = memory.displacement + static_cast<uint32_t>(extra);
    if (memory.base == i386::ESP) sum += static_cast<uint32_t>(esp_bias_);
    address = {host_gpr(memory.base), static_cast<int32_t>(sum)};
    return memory.is_base_alone() && in.address_size == 4 && mips64::fits_simm16(address.offset);
  }
  /// The base of fs or gs in a scratch register; leaves to the interpreter where it is 0.
  [[nodiscard]] Gpr segment_base(unsigned segment);
  /// The effective address alone (lea): canonical value in some register, `into` preferred.
  Gpr effective_address(Gpr into);
  void load(Gpr rd, unsigned width, Address from, Extend extend) {
    if (form_ != access_form::kPlain) return load_in_form(rd, width, from, extend);
    load_plain(rd, width, from, extend);
  }
  void store(Gpr value, unsigned width, Address to) {
    if (form_ != access_form::kPlain) return store_in_form(value, width, to);
    store_plain(value, width, to);
  }
  /// The operand's value; memory is loaded, into `into` if that is not zero.
  [[nodiscard]] Gpr read(const Operand& operand, Extend extend, Gpr into = mips64::zero) {
    return in_place(operand) ? host_gpr(operand.reg) : read_general(operand, extend, into);
  }
  /// Whether the operand's value is in its host register: 32 bits, and no esp with an adjustment.
  [[nodiscard]] bool in_place(const Operand& operand) const {
    return is_full_register(operand) && (operand.reg != i386::ESP || esp_bias_ == 0);
  }
  /// Whether the operand is the low part of a register that holds nothing else.
  [[nodiscard]] bool zero_extended_in_place(const Operand& operand) const {
    return operand.kind == i386::OperandKind::gpr && !operand.high_byte &&
           operand.reg != i386::ESP && known_width(operand.reg) <= operand.width * 8u;
  }
  /// into = the operand's value, extended.
  void read_into(Gpr into, const Operand& operand, Extend extend);
  /// Writes a register operand. `upper`: how the bits of `value` above the operand's width are;
  /// zeros save words.
  void write_register(const Operand& operand, Gpr value, Extend upper = Extend::any);
  /// Whether the operand is a whole register of 32 bits.
  [[nodiscard]] static bool is_full_register(const Operand& operand) {
    return operand.kind == i386::OperandKind::gpr && operand.width == 4;
  }
  [[nodiscard]] static bool is_memory(const Operand& operand) {
    return operand.kind == i386::OperandKind::memory;
  }

  // --- control -----------------------------------------------------------------------------------
  /// A conditional branch to guest `target`, patched to its block once that exists. Flags live
  /// there are stored on the way out.
  void branch_exit(const Condition& condition, uint32_t target, uint32_t live_at_target);
  /// The unconditional end of the block at guest `target`.
  void jump_exit(uint32_t target, uint32_t live_at_target);
  /// The end of the block at the guest address in kExitTarget.
  void indirect_exit();
  /// Leaves to the run loop for `reason` with guest pc `eip`.
  void leave(engine::LeaveReason reason, uint32_t eip);
  /// The label of out-of-line code that leaves so that the current instruction is interpreted. To
  /// be branched to before anything was changed.
  Label& interpret_instead();
  /// Leaves, out of line, as if interrupted with guest pc `eip` if `condition` holds; goes on
  /// otherwise.
  void leave_if(const Condition& condition, uint32_t eip,
                engine::LeaveReason reason = engine::LeaveReason::interrupted);
  /// Calls the interpreter for the current instruction and goes on after it (or leaves).
  void call_interpreter();
  /// Makes a system call with guest pc `eip` after it, and goes on there (or leaves).
  void call_system(uint32_t eip);
  /// Branches, on `condition`, to a cold call of the interpreter for the current instruction, which
  /// leaves or comes back at the returned label (to be bound with `bind_resume`). Live flags must
  /// be in the lazy registers, and esp committed.
  Label& branch_to_interpreter(const Condition& condition);
  /// Accesses from here on take the unaligned form, or do not.
  void set_unaligned(bool on) {
    form_ = static_cast<uint8_t>((form_ & ~access_form::kUnaligned) |
                                 (on ? access_form::kUnaligned : access_form::kPlain));
  }
  [[nodiscard]] bool unaligned() const { return (form_ & access_form::kUnaligned) != 0; }

  // --- the order of accesses (access_order.hpp, docs/threads.md)
  // -----------------------------------
  /// Whether accesses keep the order that x86 gives them.
  [[nodiscard]] bool ordered() const { return (form_ & access_form::kOrdered) != 0; }
  /// To be called before words other than those of `load` and `store` that access guest memory:
  /// emits the SYNC that accesses of `kinds` (access) at `base` need.
  void order_access(uint8_t kinds, Gpr base);
  /// All accesses between the two calls, in one instruction, are one: of `kinds`, not ordered among
  /// themselves.
  void begin_unit(uint8_t kinds);
  void end_unit();
  /// A SYNC that orders all accesses, stores and later loads too.
  void fence() {
    as.SYNC();
    order_.fence();
  }

  /// Emits the out-of-line parts. No more instructions after this.
  void finish();

  [[nodiscard]] bool ended() const { return ended_; }

 private:
  [[nodiscard]] Address general_address(int32_t extra);
  [[nodiscard]] Gpr read_general(const Operand& operand, Extend extend, Gpr into);
  void apply_esp_bias();
  void give_up(Gpr host);
  void forget_addresses_of(Gpr host);
  Gpr base_with_index(const i386::MemoryOperand& memory, int32_t displacement, int32_t* low);
  Gpr cached_base(uint8_t base, uint8_t index, uint8_t scale, int32_t high);
  void compute_base(Gpr into, uint8_t base, uint8_t index, uint8_t scale, int32_t high);
  Address segmented_address(const i386::MemoryOperand& memory, int32_t displacement);
  Gpr address16(const i386::MemoryOperand& memory, int32_t displacement);
  void mark_instruction();
  [[nodiscard]] static constexpr uint32_t load_opcode(unsigned width, Extend extend) {
    using namespace mips64::opcode;
    if (width == 4) return LW;
    if (extend == Extend::sign) return width == 1 ? LB : LH;
    return width == 1 ? LBU : LHU;
  }
  [[nodiscard]] static constexpr uint32_t store_opcode(unsigned width) {
    using namespace mips64::opcode;
    if (width == 4) return SW;
    return width == 1 ? SB : SH;
  }
  void load_plain(Gpr rd, unsigned width, Address from, Extend extend) {
    CHECK(mips64::fits_simm16(from.offset));
    as.emit(mips64::encode::rt_rs_imm(load_opcode(width, extend), rd, from.base, from.offset));
  }
  void store_plain(Gpr value, unsigned width, Address to) {
    CHECK(mips64::fits_simm16(to.offset));
    as.emit(mips64::encode::rt_rs_imm(store_opcode(width), value, to.base, to.offset));
  }
  void load_in_form(Gpr rd, unsigned width, Address from, Extend extend);
  void store_in_form(Gpr value, unsigned width, Address to);
  void load_unaligned(Gpr rd, unsigned width, Address from, Extend extend);
  void store_unaligned(Gpr value, unsigned width, Address to);
  void emit_interpreter_call(const Instruction& instruction);
  void after_whole_call();
  void store_exit_flags(uint32_t live);
  void emit_cold(ColdPath& path);
  void emit_stub(engine::Exit& exit);

  const int32_t largest_bias_;  ///< stays in reach of 16-bit offsets; 0: esp is not folded
  uint8_t known_width_[i386::kGprCount];
  unsigned next_cache_ = 0;
  uint8_t form_ = access_form::kPlain;
  bool ended_ = false;
  const AnalysedInstruction* end_ = nullptr;   ///< of the block
  const AnalysedInstruction* done_ = nullptr;  ///< see begin_together
  ColdPath* interpret_path_ = nullptr;
  ColdPath* sequence_ = nullptr;  ///< of the sequence that is being emitted
};

}  // namespace ferry::translate::emit
