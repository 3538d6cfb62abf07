// One byte string decoded by ferry and by Capstone, and the facts in which they differ.
#pragma once

#include <capstone/capstone.h>

#include <cstdint>
#include <functional>
#include <string_view>

#include "byte_strings.hpp"
#include "guest/i386/decode/decoder.hpp"

namespace ferry::i386::test {

enum class Field : uint8_t {
  validity,
  length,
  mnemonic,
  operand_count,
  operand_kind,
  operand_register,
  operand_width,
  memory,
  immediate,
  access,
  gprs_read,
  gprs_written,
  flags_read,
  flags_written,
  flags_undefined,
};
inline constexpr unsigned kFieldCount = 15;
const char* name(Field field);

struct Difference {
  Field field;
  const ByteString& bytes;
  const Instruction* ferry;   ///< null where ferry sees no instruction
  const cs_insn* capstone;    ///< null where Capstone sees none
  const char* capstone_name;  ///< without prefixes; null where Capstone sees no instruction
  uint32_t ours = 0;          ///< the differing values, as far as they are numbers
  uint32_t theirs = 0;

  /// Ferry's name or, where ferry sees no instruction, Capstone's, which is in lower case.
  [[nodiscard]] std::string_view mnemonic() const;
};

class Comparison {
 public:
  Comparison();
  ~Comparison();
  Comparison(const Comparison&) = delete;
  Comparison& operator=(const Comparison&) = delete;

  using Report = std::function<void(const Difference&)>;

  /// Calls `report` for every difference. Returns whether at least one of the two saw an
  /// instruction.
  bool compare(const ByteString& bytes, const Report& report);

 private:
  void compare_mnemonics();
  void compare_operands();
  void compare_operand(unsigned index, const cs_x86_op& theirs);
  void compare_far_pointer();
  void compare_memory(const x86_op_mem& theirs);
  void compare_registers();
  void compare_flags();
  void differ(Field field, uint32_t ours, uint32_t theirs);

  csh capstone_ = 0;
  cs_insn* insn_ = nullptr;
  Instruction instruction_;
  const ByteString* bytes_ = nullptr;
  const Report* report_ = nullptr;
};

/// The same instruction with only the prefixes that have an effect on it, once each, in the order
/// F0, segment, 67, 66, F2/F3 (in some forms another, see the source).
ByteString with_canonical_prefixes(const ByteString& bytes);

}  // namespace ferry::i386::test
