// The MIPS64 release 2 assembler: one encoder per format, one mnemonic per row of instructions.inc.
//
// A mnemonic always emits exactly one word, so every word is patchable. What takes more than one
// word is in pseudo_instructions.hpp. Branch offsets and jump targets are bound through Label.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/diagnostics.hpp"
#include "host/mips64/registers.hpp"

namespace ferry::mips64 {

[[nodiscard]] constexpr bool fits_simm16(int64_t value) {
  return value >= -32768 && value <= 32767;
}
[[nodiscard]] constexpr bool fits_uimm16(int64_t value) {
  return value >= 0 && value <= 65535;
}

/// What `j` and `jal` reach: the aligned segment of the word after them.
inline constexpr size_t kJumpSegmentBytes = size_t{256} << 20;

/// A place in the code that branches of the same Assembler refer to, before or after it is bound.
/// An unbound label with uses is our bug. Until it is bound, each branch to it has in its offset
/// field how many words before it the branch emitted before it stands (0: there is none), at most
/// 65535 (CHECKed).
class Label {
 public:
  Label() = default;
  Label(const Label&) = delete;
  Label& operator=(const Label&) = delete;
  ~Label() { CHECK(last_use_ == kNone); }
  [[nodiscard]] bool bound() const { return position_ != kNone; }

 private:
  friend class Assembler;
  static constexpr uint32_t kNone = ~0u;
  uint32_t position_ = kNone;
  uint32_t last_use_ = kNone;
};

/// Encoders: operand fields of one instruction word (MIPS64 vol. I, 'CPU instruction formats').
namespace encode {

constexpr uint32_t rs(Gpr r) {
  return r.number() << 21;
}
constexpr uint32_t rt(Gpr r) {
  return r.number() << 16;
}
constexpr uint32_t rd(Gpr r) {
  return r.number() << 11;
}

constexpr uint32_t rd_rs_rt(uint32_t word, Gpr d, Gpr s, Gpr t) {
  return word | rd(d) | rs(s) | rt(t);
}
constexpr uint32_t rd_rt_rs(uint32_t word, Gpr d, Gpr t, Gpr s) {
  return word | rd(d) | rs(s) | rt(t);
}
constexpr uint32_t rd_rt_sa(uint32_t word, Gpr d, Gpr t, unsigned sa) {
  return word | rd(d) | rt(t) | (sa & 31) << 6;
}
constexpr uint32_t rd_rs_rt_sa2(uint32_t word, Gpr d, Gpr s, Gpr t, unsigned sa) {
  return word | rd(d) | rs(s) | rt(t) | ((sa - 1) & 3) << 6;
}
constexpr uint32_t rs_rt(uint32_t word, Gpr s, Gpr t) {
  return word | rs(s) | rt(t);
}
/// CLZ and CLO want their destination in both rd and rt; JALR wants rt zero.
constexpr uint32_t rd_rs(uint32_t word, Gpr d, Gpr s) {
  return word | rd(d) | rs(s) | ((word >> 26) == 0x1c ? rt(d) : 0);
}
constexpr uint32_t rd_rt(uint32_t word, Gpr d, Gpr t) {
  return word | rd(d) | rt(t);
}
constexpr uint32_t rt_rs_imm(uint32_t word, Gpr t, Gpr s, int32_t immediate) {
  return word | rt(t) | rs(s) | (static_cast<uint32_t>(immediate) & 0xffff);
}
/// pos and size in bits. EXT: size-1 in msbd; INS: pos+size-1 in msb. 32-bit fields only for
/// DEXT/DINS (pos and pos+size up to 32: the M and U forms are not needed).
constexpr uint32_t rt_rs_pos_size(uint32_t word, Gpr t, Gpr s, unsigned pos, unsigned size) {
  const bool insert = (word & 4) != 0;
  const unsigned msb = insert ? pos + size - 1 : size - 1;
  return word | rt(t) | rs(s) | (msb & 31) << 11 | (pos & 31) << 6;
}
constexpr uint32_t branch_offset(uint32_t from_word, uint32_t to_word) {
  return (to_word - from_word - 1) & 0xffff;
}

}  // namespace encode

/// The word with all operand fields zero, by mnemonic.
namespace opcode {
#define ROW(NAME, text, format, word) inline constexpr uint32_t NAME = word;
#include "host/mips64/instructions.inc"
#undef ROW
}  // namespace opcode

/// Writes words into a caller's buffer. Not thread-safe; no allocation.
/// Emission is most of what translation does, so it does not check the capacity: the caller
/// provides room for all words that can come, and CHECKs `overflowed()` at the end. Positions are
/// in words from the start of the buffer.
class Assembler {
 public:
  Assembler(uint32_t* buffer, uint32_t capacity_words)
      : buffer_(buffer), next_(buffer), end_(buffer + capacity_words) {}

  [[nodiscard]] uint32_t position() const { return static_cast<uint32_t>(next_ - buffer_); }
  [[nodiscard]] bool overflowed() const { return next_ > end_; }
  [[nodiscard]] uint32_t* address(uint32_t position) const { return buffer_ + position; }
  [[nodiscard]] uint32_t word(uint32_t position) const { return buffer_[position]; }

  /// Where the next word goes.
  [[nodiscard]] uint32_t* next() const { return next_; }

  void emit(uint32_t word) {
    uint32_t* const place = next_;
    next_ = place + 1;
    *place = word;
  }
  void emit_pair(uint32_t first, uint32_t second) {
    uint32_t* const place = next_;
    next_ = place + 2;
    place[0] = first;
    place[1] = second;
  }
  void replace(uint32_t position, uint32_t word) { buffer_[position] = word; }
  /// Takes back the last word (for moving it into a delay slot). Returns it.
  uint32_t take_last() { return *--next_; }

  void bind(Label& label);

  void NOP() { emit(0); }

#define ROW(NAME, text, format, word) ROW_##format(NAME)
#define ROW_rd_rs_rt(NAME)                         \
  void NAME(Gpr d, Gpr s, Gpr t) {                 \
    emit(encode::rd_rs_rt(opcode::NAME, d, s, t)); \
  }
#define ROW_rd_rt_rs(NAME)                         \
  void NAME(Gpr d, Gpr t, Gpr s) {                 \
    emit(encode::rd_rt_rs(opcode::NAME, d, t, s)); \
  }
#define ROW_rd_rt_sa(NAME)                          \
  void NAME(Gpr d, Gpr t, unsigned sa) {            \
    emit(encode::rd_rt_sa(opcode::NAME, d, t, sa)); \
  }
#define ROW_rd_rs_rt_sa2(NAME)                             \
  void NAME(Gpr d, Gpr s, Gpr t, unsigned sa) {            \
    emit(encode::rd_rs_rt_sa2(opcode::NAME, d, s, t, sa)); \
  }
#define ROW_rs_rt(NAME)                      \
  void NAME(Gpr s, Gpr t) {                  \
    emit(encode::rs_rt(opcode::NAME, s, t)); \
  }
#define ROW_rd(NAME)                    \
  void NAME(Gpr d) {                    \
    emit(opcode::NAME | encode::rd(d)); \
  }
#define ROW_rs(NAME)                    \
  void NAME(Gpr s) {                    \
    emit(opcode::NAME | encode::rs(s)); \
  }
#define ROW_rd_rs(NAME)                      \
  void NAME(Gpr d, Gpr s) {                  \
    emit(encode::rd_rs(opcode::NAME, d, s)); \
  }
#define ROW_rd_rt(NAME)                      \
  void NAME(Gpr d, Gpr t) {                  \
    emit(encode::rd_rt(opcode::NAME, d, t)); \
  }
#define ROW_rt_rs_simm(NAME)                                \
  void NAME(Gpr t, Gpr s, int32_t immediate) {              \
    CHECK(fits_simm16(immediate));                          \
    emit(encode::rt_rs_imm(opcode::NAME, t, s, immediate)); \
  }
#define ROW_rt_rs_uimm(NAME)                                \
  void NAME(Gpr t, Gpr s, int32_t immediate) {              \
    CHECK(fits_uimm16(immediate));                          \
    emit(encode::rt_rs_imm(opcode::NAME, t, s, immediate)); \
  }
#define ROW_rt_uimm(NAME)                                      \
  void NAME(Gpr t, int32_t immediate) {                        \
    emit(encode::rt_rs_imm(opcode::NAME, t, zero, immediate)); \
  }
#define ROW_rt_offset_base(NAME)                            \
  void NAME(Gpr t, int32_t offset, Gpr base) {              \
    CHECK(fits_simm16(offset));                             \
    emit(encode::rt_rs_imm(opcode::NAME, t, base, offset)); \
  }
#define ROW_rt_rs_pos_size(NAME)                                 \
  void NAME(Gpr t, Gpr s, unsigned pos, unsigned size) {         \
    emit(encode::rt_rs_pos_size(opcode::NAME, t, s, pos, size)); \
  }
#define ROW_rs_rt_branch(NAME)                              \
  void NAME(Gpr s, Gpr t, Label& target) {                  \
    emit_branch(encode::rs_rt(opcode::NAME, s, t), target); \
  }
#define ROW_rs_branch(NAME)                            \
  void NAME(Gpr s, Label& target) {                    \
    emit_branch(opcode::NAME | encode::rs(s), target); \
  }
#define ROW_jump(NAME)                     \
  void NAME(const uint32_t* target) {      \
    emit(jump_word(opcode::NAME, target)); \
  }
#define ROW_none(NAME)  \
  void NAME() {         \
    emit(opcode::NAME); \
  }
#define ROW_code20(NAME)                        \
  void NAME(uint32_t code) {                    \
    emit(opcode::NAME | (code & 0xfffff) << 6); \
  }
#define ROW_offset_base(NAME)                                  \
  void NAME(int32_t offset, Gpr base) {                        \
    emit(encode::rt_rs_imm(opcode::NAME, zero, base, offset)); \
  }
#include "host/mips64/instructions.inc"
#undef ROW
#undef ROW_rd_rs_rt
#undef ROW_rd_rt_rs
#undef ROW_rd_rt_sa
#undef ROW_rd_rs_rt_sa2
#undef ROW_rs_rt
#undef ROW_rd
#undef ROW_rs
#undef ROW_rd_rs
#undef ROW_rd_rt
#undef ROW_rt_rs_simm
#undef ROW_rt_rs_uimm
#undef ROW_rt_uimm
#undef ROW_rt_offset_base
#undef ROW_rt_rs_pos_size
#undef ROW_rs_rt_branch
#undef ROW_rs_branch
#undef ROW_jump
#undef ROW_none
#undef ROW_code20
#undef ROW_offset_base

  /// Emits a conditional branch whose offset is filled in when `target` is bound.
  void emit_branch(uint32_t word, Label& target) {
    use(target, word);
    emit(word);
  }
  /// The next word, `word`, branches to `target`: its offset is put in, now or when that is bound.
  void use(Label& target, uint32_t& word);

  /// The word of `j`/`jal` to `target`, which must lie in the same 256 MB segment as the slot
  /// after it.
  [[nodiscard]] static uint32_t jump_word(uint32_t opcode, const uint32_t* target) {
    return opcode | (static_cast<uint32_t>(reinterpret_cast<uintptr_t>(target) >> 2) & 0x03ffffff);
  }

 private:
  uint32_t* buffer_;
  uint32_t* next_;
  const uint32_t* end_;
};

/// What words of one opcode do, whatever their registers.
namespace word_form {
inline constexpr uint16_t kReadsRs = 1, kReadsRt = 2, kReadsRd = 4, kWritesRt = 8, kWritesRd = 16,
                          kWritesRa = 32;
/// Branch or jump: never in a slot, and the next word is its slot.
inline constexpr uint16_t kControl = 64;
/// May fault.
inline constexpr uint16_t kMemory = 128;
/// Must stay where it is (ll, sc, sync, syscall, break, hi/lo users).
inline constexpr uint16_t kFixed = 256;
}  // namespace word_form

namespace detail {

/// By major opcode; after those, SPECIAL and SPECIAL3 by function.
extern const uint16_t* const kWordForms;

constexpr uint32_t word_form_index(uint32_t word) {
  const uint32_t major = word >> 26;
  if (major == 0) return 64 + (word & 63);
  return major == 0x1f ? 128 + (word & 63) : major;
}

}  // namespace detail

/// General registers a word reads and writes, and what forbids moving it into a delay slot. Knows
/// every row of instructions.inc.
class WordEffects {
 public:
  explicit WordEffects(uint32_t word)
      : word_(word), form_(detail::kWordForms[detail::word_form_index(word)]) {}
  [[nodiscard]] bool control() const { return has(word_form::kControl); }
  [[nodiscard]] bool memory() const { return has(word_form::kMemory); }
  [[nodiscard]] bool fixed() const { return has(word_form::kFixed); }
  [[nodiscard]] bool movable() const {
    return (form_ & (word_form::kControl | word_form::kFixed)) == 0;
  }
  /// Register 0 is never read.
  [[nodiscard]] bool reads(uint32_t reg) const {
    if (reg == 0) return false;
    return (has(word_form::kReadsRs) && reg == (word_ >> 21 & 31)) ||
           (has(word_form::kReadsRt) && reg == (word_ >> 16 & 31)) ||
           (has(word_form::kReadsRd) && reg == (word_ >> 11 & 31));
  }
  /// The register it writes; 0 if none.
  [[nodiscard]] uint32_t destination() const {
    if (has(word_form::kWritesRt)) return word_ >> 16 & 31;
    if (has(word_form::kWritesRd)) return word_ >> 11 & 31;
    return has(word_form::kWritesRa) ? 31 : 0;
  }

 private:
  [[nodiscard]] bool has(uint32_t bit) const { return (form_ & bit) != 0; }
  uint32_t word_;
  uint32_t form_;
};

}  // namespace ferry::mips64
