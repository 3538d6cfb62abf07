#include "comparison.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string>

#include "guest/i386/decode/rows.hpp"

namespace ferry::i386::test {
namespace {

constexpr uint32_t kAddress = 0x08048000;

struct RegisterName {
  OperandKind kind = OperandKind::none;
  uint8_t reg = 0;
  uint8_t width = 0;
  bool high_byte = false;
};

/// Ferry's terms for a Capstone register; kind none for EIP, EFLAGS and the like.
RegisterName register_name(unsigned id) {
  static constexpr x86_reg kGprs[4][8] = {{X86_REG_EAX, X86_REG_ECX, X86_REG_EDX, X86_REG_EBX,
                                           X86_REG_ESP, X86_REG_EBP, X86_REG_ESI, X86_REG_EDI},
                                          {X86_REG_AX, X86_REG_CX, X86_REG_DX, X86_REG_BX,
                                           X86_REG_SP, X86_REG_BP, X86_REG_SI, X86_REG_DI},
                                          {X86_REG_AL, X86_REG_CL, X86_REG_DL, X86_REG_BL},
                                          {X86_REG_AH, X86_REG_CH, X86_REG_DH, X86_REG_BH}};
  static constexpr x86_reg kSegments[] = {X86_REG_ES, X86_REG_CS, X86_REG_SS,
                                          X86_REG_DS, X86_REG_FS, X86_REG_GS};
  static constexpr uint8_t kWidths[] = {4, 2, 1, 1};
  for (unsigned group = 0; group < 4; ++group) {
    for (uint8_t reg = 0; reg < 8; ++reg) {
      if (kGprs[group][reg] == id && id != 0) {
        return {OperandKind::gpr, reg, kWidths[group], group == 3};
      }
    }
  }
  for (uint8_t reg = 0; reg < kSegmentCount; ++reg) {
    if (kSegments[reg] == id) return {OperandKind::segment, reg, 2, false};
  }
  const auto in = [id](unsigned first) { return id >= first && id < first + 8; };
  const auto number = [id](unsigned first) { return static_cast<uint8_t>(id - first); };
  if (in(X86_REG_ST0)) return {OperandKind::x87, number(X86_REG_ST0), 10, false};
  if (in(X86_REG_MM0)) return {OperandKind::mmx, number(X86_REG_MM0), 8, false};
  if (in(X86_REG_XMM0)) return {OperandKind::xmm, number(X86_REG_XMM0), 16, false};
  if (in(X86_REG_CR0)) return {OperandKind::control, number(X86_REG_CR0), 4, false};
  if (in(X86_REG_DR0)) return {OperandKind::debug, number(X86_REG_DR0), 4, false};
  return {};
}

const RegisterName& cached_register_name(unsigned id) {
  static const auto kNames = [] {
    std::array<RegisterName, X86_REG_ENDING> names;
    for (unsigned i = 0; i < names.size(); ++i) names[i] = register_name(i);
    return names;
  }();
  return kNames[id];
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

/// Capstone's name for what ferry decoded: it spells conditions and string widths out.
std::string capstone_name(const Instruction& instruction) {
  static constexpr const char* kConditions[] = {"o", "no", "b", "ae", "e", "ne", "be", "a",
                                                "s", "ns", "p", "np", "l", "ge", "le", "g"};
  const Row& row = i386::row(instruction.row);
  const std::string_view name = row.mnemonic;
  const char* condition = kConditions[instruction.condition()];
  if (name == "JCC") return std::string("j") + condition;
  if (name == "SETCC") return std::string("set") + condition;
  if (name == "CMOVCC") return std::string("cmov") + condition;
  if (name == "FCMOVCC") {
    static constexpr const char* kFpuConditions[] = {"b", "e", "be", "u", "nb", "ne", "nbe", "nu"};
    const unsigned index = (instruction.opcode == 0xdb ? 4 : 0) + (instruction.modrm >> 3 & 3);
    return std::string("fcmov") + kFpuConditions[index];
  }
  const bool word = instruction.operand_size == 2;
  if (row.family == Family::string) {
    const char* suffix = (row.attributes & attribute::byte_form) != 0 ? "b" : word ? "w" : "d";
    return lower(name) + suffix;
  }
  if (name == "CBW") return word ? "cbw" : "cwde";
  if (name == "CWD") return word ? "cwd" : "cdq";
  if (name == "PUSHA" || name == "POPA") return lower(name) + (word ? "w" : "l");
  if (name == "PUSHF" || name == "POPF" || name == "IRET") return lower(name) + (word ? "" : "d");
  if (name == "FWAIT") return "wait";
  if (name == "XLAT") return "xlatb";
  if (name == "JECXZ") return instruction.address_size == 2 ? "jcxz" : "jecxz";
  if (name == "CALL_far") return "lcall";
  if (name == "JMP_far") return "ljmp";
  if (name == "RET_far") return "retf";
  return lower(name);
}

uint32_t flag_bits(uint64_t capstone, std::initializer_list<std::pair<uint64_t, uint32_t>> names) {
  uint32_t bits = 0;
  for (const auto& [theirs, ours] : names) {
    if ((capstone & theirs) != 0) bits |= ours;
  }
  return bits;
}

}  // namespace

const char* name(Field field) {
  static constexpr const char* kNames[] = {
      "validity",  "length",       "mnemonic",   "operand count", "operand kind",
      "register",  "width",        "memory",     "immediate",     "access",
      "gprs read", "gprs written", "flags read", "flags written", "flags undefined"};
  return kNames[static_cast<unsigned>(field)];
}

std::string_view Difference::mnemonic() const {
  return ferry != nullptr ? row(ferry->row).mnemonic : std::string_view(capstone_name);
}

Comparison::Comparison() {
  if (cs_open(CS_ARCH_X86, CS_MODE_32, &capstone_) != CS_ERR_OK) std::abort();
  cs_option(capstone_, CS_OPT_DETAIL, CS_OPT_ON);
  insn_ = cs_malloc(capstone_);
}

Comparison::~Comparison() {
  cs_free(insn_, 1);
  cs_close(&capstone_);
}

void Comparison::differ(Field field, uint32_t ours, uint32_t theirs) {
  const char* their_name = cs_insn_name(capstone_, insn_->id);
  (*report_)({field, *bytes_, &instruction_, insn_, their_name, ours, theirs});
}

bool Comparison::compare(const ByteString& bytes, const Report& report) {
  bytes_ = &bytes;
  report_ = &report;
  const DecodeStatus status = decode(bytes.data(), kMaxInstructionLength, kAddress, instruction_);
  const uint8_t* code = bytes.data();
  size_t size = kMaxInstructionLength;
  uint64_t address = kAddress;
  const bool theirs = cs_disasm_iter(capstone_, &code, &size, &address, insn_);
  const bool ours = status == DecodeStatus::ok;
  if (ours != theirs) {
    report({Field::validity, bytes, ours ? &instruction_ : nullptr, theirs ? insn_ : nullptr,
            theirs ? cs_insn_name(capstone_, insn_->id) : nullptr, ours, theirs});
  }
  if (!ours || !theirs) return ours || theirs;
  if (instruction_.length != insn_->size) {
    differ(Field::length, instruction_.length, insn_->size);
    return true;
  }
  compare_mnemonics();
  compare_operands();
  compare_registers();
  compare_flags();
  return true;
}

void Comparison::compare_mnemonics() {
  if (capstone_name(instruction_) != cs_insn_name(capstone_, insn_->id)) {
    differ(Field::mnemonic, instruction_.row, insn_->id);
  }
}

void Comparison::compare_operands() {
  const Row& row = i386::row(instruction_.row);
  const cs_x86& theirs = insn_->detail->x86;
  if (instruction_.operands[0].kind == OperandKind::far_pointer) return compare_far_pointer();
  // The manual and ferry name ST(0) as an operand where it takes part; Capstone only in some forms.
  std::array<unsigned, kMaxOperands> ours{};
  unsigned count = 0;
  unsigned without_st0 = 0;
  for (unsigned i = 0; i < kMaxOperands; ++i) count += row.operands[i].code != OperandCode::none;
  const bool drop_st0 = row.family == Family::x87 && theirs.op_count < count;
  for (unsigned i = 0; i < count; ++i) {
    if (!drop_st0 || row.operands[i].code != OperandCode::ST0) ours[without_st0++] = i;
  }
  unsigned their_count = theirs.op_count;
  if (row.family == Family::x87 && their_count == count + 1 &&
      theirs.operands[count].reg == X86_REG_ST0) {
    --their_count;
  }
  if (without_st0 != their_count) return differ(Field::operand_count, count, theirs.op_count);
  for (unsigned i = 0; i < without_st0; ++i) compare_operand(ours[i], theirs.operands[i]);
}

/// Capstone makes two operands of ptr16:32.
void Comparison::compare_far_pointer() {
  const cs_x86& theirs = insn_->detail->x86;
  if (theirs.op_count != 2) return differ(Field::operand_count, 2, theirs.op_count);
  const uint32_t mask = instruction_.operand_size == 2 ? 0xffff : ~0u;
  const auto selector = static_cast<uint32_t>(theirs.operands[0].imm) & 0xffff;
  const auto offset = static_cast<uint32_t>(theirs.operands[1].imm) & mask;
  if (selector != instruction_.immediate2) {
    differ(Field::immediate, instruction_.immediate2, selector);
  }
  if (offset != instruction_.immediate) differ(Field::immediate, instruction_.immediate, offset);
}

void Comparison::compare_operand(unsigned index, const cs_x86_op& theirs) {
  const Operand& ours = instruction_.operands[index];
  const uint32_t mask = ours.width >= 4 ? ~0u : (1u << (8 * ours.width)) - 1;
  switch (theirs.type) {
    case X86_OP_REG: {
      const RegisterName& reg = cached_register_name(theirs.reg);
      if (reg.kind != ours.kind) return differ(Field::operand_kind, index, theirs.type);
      if (reg.reg != ours.reg || reg.high_byte != ours.high_byte) {
        differ(Field::operand_register, ours.reg, reg.reg);
      }
      if (ours.kind == OperandKind::gpr && reg.width != ours.width) {
        differ(Field::operand_width, ours.width, reg.width);
      }
      break;
    }
    case X86_OP_IMM: {
      uint32_t value = instruction_.immediate;
      if (ours.kind == OperandKind::immediate2)
        value = instruction_.immediate2;
      else if (ours.kind != OperandKind::immediate && ours.kind != OperandKind::relative) {
        return differ(Field::operand_kind, index, theirs.type);
      }
      const uint32_t their_value = static_cast<uint32_t>(theirs.imm);
      if ((value & mask) != (their_value & mask)) differ(Field::immediate, value, their_value);
      break;
    }
    case X86_OP_MEM:
      if (ours.kind == OperandKind::memory) {
        compare_memory(theirs.mem);
      } else if (ours.kind != OperandKind::string_source &&
                 ours.kind != OperandKind::string_destination) {
        return differ(Field::operand_kind, index, theirs.type);
      }
      if (ours.width != theirs.size) differ(Field::operand_width, ours.width, theirs.size);
      break;
    default:
      return differ(Field::operand_kind, index, theirs.type);
  }
  if (theirs.type == X86_OP_IMM) return;
  const Access access = row(instruction_.row).operands[index].access;
  // CS_AC_READ and CS_AC_WRITE have the values of Access::r and Access::w.
  if (static_cast<unsigned>(access) != theirs.access) {
    differ(Field::access, static_cast<unsigned>(access), theirs.access);
  }
}

void Comparison::compare_memory(const x86_op_mem& theirs) {
  const MemoryOperand& ours = instruction_.memory;
  const auto number = [](x86_reg id) {
    const RegisterName& reg = cached_register_name(id);
    return reg.kind == OperandKind::gpr ? reg.reg : kNoRegister;
  };
  const uint32_t mask = instruction_.address_size == 2 ? 0xffff : ~0u;
  const bool stack = ours.base == ESP || ours.base == EBP;
  const SegmentRegister segment = theirs.segment == X86_REG_INVALID
                                      ? (stack ? SS : DS)
                                      : SegmentRegister(cached_register_name(theirs.segment).reg);
  const bool scaled = ours.index != kNoRegister;
  if (number(theirs.base) != ours.base || number(theirs.index) != ours.index ||
      (scaled && static_cast<unsigned>(theirs.scale) != 1u << ours.scale_log2) ||
      (static_cast<uint32_t>(theirs.disp) & mask) != (ours.displacement & mask) ||
      segment != ours.segment) {
    differ(Field::memory, ours.displacement, static_cast<uint32_t>(theirs.disp));
  }
}

void Comparison::compare_registers() {
  cs_regs read, written;
  uint8_t read_count = 0, written_count = 0;
  if (cs_regs_access(capstone_, insn_, read, &read_count, written, &written_count) != CS_ERR_OK) {
    return;
  }
  uint32_t their_read = 0, their_written = 0;
  for (unsigned i = 0; i < read_count; ++i) {
    const RegisterName& reg = cached_register_name(read[i]);
    if (reg.kind == OperandKind::gpr) their_read |= 1u << reg.reg;
  }
  for (unsigned i = 0; i < written_count; ++i) {
    const RegisterName& reg = cached_register_name(written[i]);
    if (reg.kind != OperandKind::gpr) continue;
    their_written |= 1u << reg.reg;
    // For ferry a write of part of a register reads the rest.
    if (reg.width < 4) their_read |= 1u << reg.reg;
  }
  if (gprs_read(instruction_) != their_read) {
    differ(Field::gprs_read, gprs_read(instruction_), their_read);
  }
  if (gprs_written(instruction_) != their_written) {
    differ(Field::gprs_written, gprs_written(instruction_), their_written);
  }
}

void Comparison::compare_flags() {
  // Capstone keeps FPU flags in the same field.
  if (cs_insn_group(capstone_, insn_, X86_GRP_FPU)) return;
  const uint64_t theirs = insn_->detail->x86.eflags;
  const uint32_t read = flag_bits(theirs, {{X86_EFLAGS_TEST_OF, eflags::OF},
                                           {X86_EFLAGS_TEST_SF, eflags::SF},
                                           {X86_EFLAGS_TEST_ZF, eflags::ZF},
                                           {X86_EFLAGS_TEST_AF, eflags::AF},
                                           {X86_EFLAGS_TEST_PF, eflags::PF},
                                           {X86_EFLAGS_TEST_CF, eflags::CF},
                                           {X86_EFLAGS_TEST_DF, eflags::DF},
                                           {X86_EFLAGS_TEST_NT, eflags::NT}});
  const uint32_t written = flag_bits(
      theirs, {{X86_EFLAGS_MODIFY_OF | X86_EFLAGS_RESET_OF | X86_EFLAGS_SET_OF, eflags::OF},
               {X86_EFLAGS_MODIFY_SF | X86_EFLAGS_RESET_SF | X86_EFLAGS_SET_SF, eflags::SF},
               {X86_EFLAGS_MODIFY_ZF | X86_EFLAGS_RESET_ZF | X86_EFLAGS_SET_ZF, eflags::ZF},
               {X86_EFLAGS_MODIFY_AF | X86_EFLAGS_RESET_AF | X86_EFLAGS_SET_AF, eflags::AF},
               {X86_EFLAGS_MODIFY_PF | X86_EFLAGS_RESET_PF | X86_EFLAGS_SET_PF, eflags::PF},
               {X86_EFLAGS_MODIFY_CF | X86_EFLAGS_RESET_CF | X86_EFLAGS_SET_CF, eflags::CF},
               {X86_EFLAGS_MODIFY_DF | X86_EFLAGS_RESET_DF | X86_EFLAGS_SET_DF, eflags::DF}});
  const uint32_t undefined = flag_bits(theirs, {{X86_EFLAGS_UNDEFINED_OF, eflags::OF},
                                                {X86_EFLAGS_UNDEFINED_SF, eflags::SF},
                                                {X86_EFLAGS_UNDEFINED_ZF, eflags::ZF},
                                                {X86_EFLAGS_UNDEFINED_AF, eflags::AF},
                                                {X86_EFLAGS_UNDEFINED_PF, eflags::PF},
                                                {X86_EFLAGS_UNDEFINED_CF, eflags::CF}});
  constexpr uint32_t kCompared = eflags::kArithmetic | eflags::DF;
  const uint32_t our_read = flags_read(instruction_) & (kCompared | eflags::NT);
  const uint32_t our_written = flags_written(instruction_) & kCompared;
  if (our_read != read) differ(Field::flags_read, our_read, read);
  if (our_written != written) differ(Field::flags_written, our_written, written);
  if (flags_undefined(instruction_) != undefined) {
    differ(Field::flags_undefined, flags_undefined(instruction_), undefined);
  }
}

ByteString with_canonical_prefixes(const ByteString& bytes) {
  uint8_t segment = 0, lock = 0, address = 0, operand = 0, rep = 0;
  const unsigned count = prefix_count(bytes);
  for (unsigned i = 0; i < count; ++i) {
    switch (bytes[i]) {
      case 0xf0:
        lock = 0xf0;
        break;
      case 0x66:
        operand = 0x66;
        break;
      case 0x67:
        address = 0x67;
        break;
      case 0xf2:
      case 0xf3:
        rep = bytes[i];
        break;
      default:
        segment = bytes[i];
    }
  }
  std::array<uint8_t, 5> order = {lock, segment, address, operand, rep};
  Instruction instruction;
  if (decode(bytes.data(), kMaxInstructionLength, kAddress, instruction) == DecodeStatus::ok) {
    const Row& row = i386::row(instruction.row);
    const bool sized = row.mnemonic == "CRC32" || row.mnemonic == "POPCNT";
    const bool repeats = (row.attributes & (attribute::rep | attribute::repcc)) != 0;
    // For Capstone these are other instructions with F3, so that prefix is not idle.
    const bool extended = row.mnemonic == "BSF" || row.mnemonic == "BSR" || row.mnemonic == "NOP";
    if (row.prefix == Mandatory::any && !repeats && !(extended && rep == 0xf3)) rep = 0;
    if ((row.prefix == Mandatory::pf2 || row.prefix == Mandatory::pf3) && !sized) operand = 0;
    order = {lock, segment, address, operand, rep};
    // Capstone expects the prefix that decides the mnemonic next to the opcode.
    if (repeats) order = {lock, segment, address, rep, operand};
    if (row.mnemonic == "JECXZ") order = {lock, segment, rep, operand, address};
  }
  ByteString canonical{};
  const auto next = std::remove_copy(order.begin(), order.end(), canonical.begin(), 0);
  const auto room = std::min(canonical.end() - next, bytes.end() - (bytes.begin() + count));
  std::copy_n(bytes.begin() + count, room, next);
  return canonical;
}

}  // namespace ferry::i386::test
