// Prefixes are not frequent, so operands have 8 or 32 bits, and addresses 32. What an instruction
// does to flags and memory is said by flags.hpp and operands.hpp, as for the rows' handlers.
#include "guest/i386/interpret/frequent.hpp"

#include <bit>
#include <functional>
#include <type_traits>

#include "guest/i386/decode/inline.hpp"
#include "guest/i386/flags.hpp"
#include "guest/i386/interpret/operands.hpp"

namespace ferry::i386::interpret {

namespace {

using i386::detail::load;

// Operands.

/// What a ModRM byte below C0 names, and the place after its SIB and displacement.
struct Memory {
  uint32_t address;
  SegmentRegister segment;
  const uint8_t* next;
};

/// SDM vol. 2, tables 2-2 and 2-3.
[[gnu::always_inline]] inline Memory memory_at(const CpuState& cpu, const uint8_t* modrm) {
  const unsigned mod = *modrm >> 6;
  const uint8_t* next = modrm + 1;
  unsigned base = *modrm & 7;
  uint32_t address = 0;
  if (base == ESP) {
    const unsigned sib = *next++;
    const unsigned index = sib >> 3 & 7;
    if (index != ESP) address = cpu.gpr[index] << (sib >> 6);
    base = sib & 7;
  }
  if (mod == 0 && base == EBP) return {address + load<uint32_t>(next), DS, next + 4};
  address += cpu.gpr[base];
  if (mod == 1) {
    address += load<int8_t>(next);
    next += 1;
  } else if (mod == 2) {
    address += load<uint32_t>(next);
    next += 4;
  }
  return {address, base == ESP || base == EBP ? SS : DS, next};
}

[[gnu::always_inline]] inline bool is_register(unsigned modrm) {
  return modrm >= 0xc0;
}
/// The register or the digit in the middle of ModRM.
[[gnu::always_inline]] inline unsigned middle(unsigned modrm) {
  return modrm >> 3 & 7;
}

/// The operand that the register number `reg` of an encoding means: of 8 bits AL to BH.
template <OperandType T>
[[gnu::always_inline]] inline Operand register_operand(unsigned reg) {
  if constexpr (sizeof(T) == 1) {
    return {OperandKind::gpr, 1, static_cast<uint8_t>(reg & 3), (reg & 4) != 0};
  } else {
    return {OperandKind::gpr, sizeof(T), static_cast<uint8_t>(reg), false};
  }
}
template <OperandType T>
[[gnu::always_inline]] inline T register_value(const CpuState& cpu, unsigned reg) {
  return read_gpr<T>(cpu, register_operand<T>(reg));
}
template <OperandType T>
[[gnu::always_inline]] inline void set_register(CpuState& cpu, unsigned reg, T value) {
  if constexpr (sizeof(T) == 4) {
    cpu.gpr[reg] = value;
  } else {
    write_gpr(cpu, register_operand<T>(reg), value);
  }
}

/// Reads what the ModRM byte at `modrm` names; `next` is the place after it. False after an
/// exception.
template <OperandType T>
[[gnu::always_inline]] inline bool read_rm(CpuState& cpu, const uint8_t* modrm, T& value,
                                           const uint8_t*& next) {
  if (is_register(*modrm)) {
    value = register_value<T>(cpu, *modrm & 7);
    next = modrm + 1;
    return true;
  }
  const Memory memory = memory_at(cpu, modrm);
  next = memory.next;
  return load_memory(cpu, memory.segment, memory.address, value);
}

/// Sign-extended as the immediates of 8 bits are.
template <OperandType T>
[[gnu::always_inline]] inline uint32_t extended(T value) {
  return static_cast<uint32_t>(static_cast<int32_t>(static_cast<std::make_signed_t<T>>(value)));
}

[[gnu::always_inline]] inline Outcome go_on(CpuState& cpu, uint32_t address, const uint8_t* bytes,
                                            const uint8_t* next) {
  cpu.eip = address + static_cast<uint32_t>(next - bytes);
  return Outcome::next;
}

// Flags stay an operation in cpu.lazy, whose operands are sign-extended, until something other
// than a condition wants them.

template <OperandType T>
[[gnu::always_inline]] inline void set_lazy(CpuState& cpu, FlagKind kind8, T a, T b, T result) {
  static_assert(static_cast<uint32_t>(FlagKind::add32) ==
                static_cast<uint32_t>(FlagKind::add8) + 2);
  cpu.lazy = {static_cast<uint32_t>(kind8) + std::countr_zero(sizeof(T)), extended(a), extended(b),
              extended(result)};
}

/// The condition for the flags of a - b, all sign-extended, which keeps every order.
[[nodiscard]] bool holds_after_sub(unsigned condition, uint32_t a, uint32_t b, uint32_t result) {
  bool holds = false;
  switch (condition >> 1) {
    case 0:
      holds = sign_bit((a ^ b) & (a ^ result));
      break;
    case 1:
      holds = a < b;
      break;
    case 2:
      holds = result == 0;
      break;
    case 3:
      holds = a <= b;
      break;
    case 4:
      holds = sign_bit(result);
      break;
    case 5:
      holds = even_parity(result);
      break;
    case 6:
      holds = static_cast<int32_t>(a) < static_cast<int32_t>(b);
      break;
    default:
      holds = static_cast<int32_t>(a) <= static_cast<int32_t>(b);
      break;
  }
  return holds != ((condition & 1) != 0);
}

[[nodiscard]] inline bool is_of(uint32_t kind, FlagKind kind8) {
  return kind - static_cast<uint32_t>(kind8) < 3;
}

[[nodiscard]] bool holds(CpuState& cpu, unsigned condition) {
  const LazyFlags& lazy = cpu.lazy;
  if (is_of(lazy.kind, FlagKind::sub8))
    return holds_after_sub(condition, lazy.a, lazy.b, lazy.result);
  // The flags of a comparison with 0.
  if (is_of(lazy.kind, FlagKind::logic8))
    return holds_after_sub(condition, lazy.result, 0, lazy.result);
  materialise_flags(cpu);
  return condition_holds(condition, cpu.eflags);
}

// Arithmetic and logic.

/// What an operation computes of its operands and does to the flags, and whether it keeps the
/// result.
template <FlagKind kKind8, typename Function, bool kKeepsResult = true>
struct Operation {
  static constexpr FlagKind kKind = kKind8;
  static constexpr bool kWrites = kKeepsResult;
  template <OperandType T>
  static T apply(T a, T b) {
    return static_cast<T>(Function{}(a, b));
  }
};
using Add = Operation<FlagKind::add8, std::plus<>>;
using Sub = Operation<FlagKind::sub8, std::minus<>>;
using Cmp = Operation<FlagKind::sub8, std::minus<>, false>;
using Or = Operation<FlagKind::logic8, std::bit_or<>>;
using And = Operation<FlagKind::logic8, std::bit_and<>>;
using Test = Operation<FlagKind::logic8, std::bit_and<>, false>;
using Xor = Operation<FlagKind::logic8, std::bit_xor<>>;

/// `memory` op= `b`.
template <typename Op, OperandType T>
[[gnu::always_inline]] inline bool apply_to_memory(CpuState& cpu, const Memory& memory, T b) {
  T a = 0;
  T result = 0;
  if constexpr (Op::kWrites) {
    if (!modify_memory(cpu, memory.segment, memory.address, false, a, result,
                       [&](T old) { return Op::template apply<T>(old, b); })) {
      return false;
    }
  } else {
    if (!load_memory(cpu, memory.segment, memory.address, a)) return false;
    result = Op::template apply<T>(a, b);
  }
  set_lazy(cpu, Op::kKind, a, b, result);
  return true;
}

/// Register `reg` op= `b`.
template <typename Op, OperandType T>
[[gnu::always_inline]] inline void apply_to_register(CpuState& cpu, unsigned reg, T b) {
  const T a = register_value<T>(cpu, reg);
  const T result = Op::template apply<T>(a, b);
  if constexpr (Op::kWrites) set_register(cpu, reg, result);
  set_lazy(cpu, Op::kKind, a, b, result);
}

/// OP r/m, r
template <typename Op, OperandType T>
Outcome to_rm(CpuState& cpu, const uint8_t* bytes, uint32_t address) {
  const unsigned modrm = bytes[1];
  const T b = register_value<T>(cpu, middle(modrm));
  if (is_register(modrm)) {
    apply_to_register<Op, T>(cpu, modrm & 7, b);
    return go_on(cpu, address, bytes, bytes + 2);
  }
  const Memory memory = memory_at(cpu, bytes + 1);
  if (!apply_to_memory<Op, T>(cpu, memory, b)) return Outcome::exception;
  return go_on(cpu, address, bytes, memory.next);
}

/// OP r, r/m
template <typename Op, OperandType T>
Outcome to_register(CpuState& cpu, const uint8_t* bytes, uint32_t address) {
  T b = 0;
  const uint8_t* next = nullptr;
  if (!read_rm(cpu, bytes + 1, b, next)) return Outcome::exception;
  apply_to_register<Op, T>(cpu, middle(bytes[1]), b);
  return go_on(cpu, address, bytes, next);
}

/// OP AL or EAX, immediate
template <typename Op, OperandType T>
Outcome to_accumulator(CpuState& cpu, const uint8_t* bytes, uint32_t address) {
  apply_to_register<Op, T>(cpu, EAX, static_cast<T>(load<T>(bytes + 1)));
  return go_on(cpu, address, bytes, bytes + 1 + sizeof(T));
}

/// OP r/m, immediate of type Immediate
template <typename Op, OperandType T, typename Immediate>
[[gnu::always_inline]] inline Outcome rm_immediate(CpuState& cpu, const uint8_t* bytes,
                                                   uint32_t address) {
  const unsigned modrm = bytes[1];
  if (is_register(modrm)) {
    apply_to_register<Op, T>(cpu, modrm & 7, static_cast<T>(load<Immediate>(bytes + 2)));
    return go_on(cpu, address, bytes, bytes + 2 + sizeof(Immediate));
  }
  const Memory memory = memory_at(cpu, bytes + 1);
  const T b = static_cast<T>(load<Immediate>(memory.next));
  if (!apply_to_memory<Op, T>(cpu, memory, b)) return Outcome::exception;
  return go_on(cpu, address, bytes, memory.next + sizeof(Immediate));
}

/// Opcodes 80, 81 and 83, but ADC and SBB.
template <OperandType T, typename Immediate>
Outcome group1(CpuState& cpu, const uint8_t* bytes, uint32_t address) {
  switch (middle(bytes[1])) {
    case 0:
      return rm_immediate<Add, T, Immediate>(cpu, bytes, address);
    case 1:
      return rm_immediate<Or, T, Immediate>(cpu, bytes, address);
    case 4:
      return rm_immediate<And, T, Immediate>(cpu, bytes, address);
    case 5:
      return rm_immediate<Sub, T, Immediate>(cpu, bytes, address);
    case 6:
      return rm_immediate<Xor, T, Immediate>(cpu, bytes, address);
    case 7:
      return rm_immediate<Cmp, T, Immediate>(cpu, bytes, address);
    default:
      return execute_other(cpu, bytes, address);
  }
}

/// TEST of opcodes F6 and F7.
template <OperandType T>
Outcome group3(CpuState& cpu, const uint8_t* bytes, uint32_t address) {
  if (middle(bytes[1]) != 0) return execute_other(cpu, bytes, address);
  return rm_immediate<Test, T, T>(cpu, bytes, address);
}

/// INC and DEC of a register keep CF, which is an operand of these operations then.
template <bool kIncrement>
Outcome step_register(CpuState& cpu, const uint8_t* bytes, uint32_t address) {
  constexpr unsigned kCarry = 2;  // the condition B
  const uint32_t carry = holds(cpu, kCarry) ? 1 : 0;
  const unsigned reg = bytes[0] & 7;
  const uint32_t result = cpu.gpr[reg] + (kIncrement ? 1 : ~0u);
  cpu.gpr[reg] = result;
  set_lazy<uint32_t>(cpu, kIncrement ? FlagKind::inc8 : FlagKind::dec8, 0, carry, result);
  return go_on(cpu, address, bytes, bytes + 1);
}

/// SHL, SHR and SAR of a 32-bit register by an immediate that is not 0, opcode C1.
Outcome shift(CpuState& cpu, const uint8_t* bytes, uint32_t address) {
  const unsigned modrm = bytes[1];
  const unsigned count = bytes[2] & 31;
  const unsigned digit = middle(modrm);
  if (!is_register(modrm) || count == 0 || digit < 4 || digit == 6)
    return execute_other(cpu, bytes, address);
  const unsigned reg = modrm & 7;
  const uint32_t a = cpu.gpr[reg];
  FlagKind kind8 = FlagKind::shl8;
  uint32_t result = a << count;
  if (digit == 5) {
    kind8 = FlagKind::shr8;
    result = a >> count;
  } else if (digit == 7) {
    kind8 = FlagKind::sar8;
    result = static_cast<uint32_t>(static_cast<int32_t>(a) >> count);
  }
  cpu.gpr[reg] = result;
  set_lazy<uint32_t>(cpu, kind8, a, count, result);
  return go_on(cpu, address, bytes, bytes + 3);
}

// Moves.

template <OperandType T>
Outcome move_to_rm(CpuState& cpu, const uint8_t* bytes, uint32_t address) {
  const unsigned modrm = bytes[1];
  const T value = register_value<T>(cpu, middle(modrm));
  if (is_register(modrm)) {
    set_register(cpu, modrm & 7, value);
    return go_on(cpu, address, bytes, bytes + 2);
  }
  const Memory memory = memory_at(cpu, bytes + 1);
  if (!store_memory(cpu, memory.segment, memory.address, value)) return Outcome::exception;
  return go_on(cpu, address, bytes, memory.next);
}

template <OperandType T>
Outcome move_to_register(CpuState& cpu, const uint8_t* bytes, uint32_t address) {
  T value = 0;
  const uint8_t* next = nullptr;
  if (!read_rm(cpu, bytes + 1, value, next)) return Outcome::exception;
  set_register(cpu, middle(bytes[1]), value);
  return go_on(cpu, address, bytes, next);
}

/// MOV r/m, immediate.
template <OperandType T>
Outcome move_immediate_to_rm(CpuState& cpu, const uint8_t* bytes, uint32_t address) {
  const unsigned modrm = bytes[1];
  if (middle(modrm) != 0 || is_register(modrm)) return execute_other(cpu, bytes, address);
  const Memory memory = memory_at(cpu, bytes + 1);
  const T value = static_cast<T>(load<T>(memory.next));
  if (!store_memory(cpu, memory.segment, memory.address, value)) return Outcome::exception;
  return go_on(cpu, address, bytes, memory.next + sizeof(T));
}

Outcome move_immediate(CpuState& cpu, const uint8_t* bytes, uint32_t address) {
  cpu.gpr[bytes[0] & 7] = load<uint32_t>(bytes + 1);
  return go_on(cpu, address, bytes, bytes + 5);
}

/// MOVZX and MOVSX to 32 bits; `bytes` of the whole instruction, which begins with 0F.
template <typename Narrow>
Outcome widen(CpuState& cpu, const uint8_t* bytes, uint32_t address) {
  std::make_unsigned_t<Narrow> value = 0;
  const uint8_t* next = nullptr;
  if (!read_rm(cpu, bytes + 2, value, next)) return Outcome::exception;
  cpu.gpr[middle(bytes[2])] = static_cast<uint32_t>(int32_t{static_cast<Narrow>(value)});
  return go_on(cpu, address, bytes, next);
}

Outcome load_address(CpuState& cpu, const uint8_t* bytes, uint32_t address) {
  if (is_register(bytes[1])) return execute_other(cpu, bytes, address);
  const Memory memory = memory_at(cpu, bytes + 1);
  cpu.gpr[middle(bytes[1])] = memory.address;
  return go_on(cpu, address, bytes, memory.next);
}

// The stack.

Outcome push_register(CpuState& cpu, const uint8_t* bytes, uint32_t address) {
  if (!push(cpu, cpu.gpr[bytes[0] & 7])) return Outcome::exception;
  return go_on(cpu, address, bytes, bytes + 1);
}

template <typename Immediate>
Outcome push_immediate(CpuState& cpu, const uint8_t* bytes, uint32_t address) {
  if (!push(cpu, load<Immediate>(bytes + 1))) return Outcome::exception;
  return go_on(cpu, address, bytes, bytes + 1 + sizeof(Immediate));
}

Outcome pop_register(CpuState& cpu, const uint8_t* bytes, uint32_t address) {
  uint32_t value = 0;
  if (!peek(cpu, 0, value)) return Outcome::exception;
  cpu.gpr[ESP] += sizeof value;
  cpu.gpr[bytes[0] & 7] = value;  // which may be ESP
  return go_on(cpu, address, bytes, bytes + 1);
}

// Control.

Outcome branch_to(CpuState& cpu, uint32_t target) {
  cpu.eip = target;
  return Outcome::branch;
}

/// Jcc whose displacement, a Distance, is the last thing in it; `next` is the place after it.
template <typename Distance>
[[gnu::always_inline]] inline Outcome jump_if(CpuState& cpu, unsigned condition,
                                              const uint8_t* bytes, const uint8_t* next,
                                              uint32_t address) {
  if (!holds(cpu, condition)) return go_on(cpu, address, bytes, next);
  return branch_to(
      cpu, address + static_cast<uint32_t>(next - bytes) + load<Distance>(next - sizeof(Distance)));
}

Outcome jump_short_if(CpuState& cpu, const uint8_t* bytes, uint32_t address) {
  return jump_if<int8_t>(cpu, bytes[0] & 15, bytes, bytes + 2, address);
}

Outcome jump_short(CpuState& cpu, const uint8_t* bytes, uint32_t address) {
  return branch_to(cpu, address + 2 + load<int8_t>(bytes + 1));
}

Outcome jump(CpuState& cpu, const uint8_t* bytes, uint32_t address) {
  return branch_to(cpu, address + 5 + load<uint32_t>(bytes + 1));
}

Outcome call(CpuState& cpu, const uint8_t* bytes, uint32_t address) {
  const uint32_t next = address + 5;
  if (!push(cpu, next)) return Outcome::exception;
  return branch_to(cpu, next + load<uint32_t>(bytes + 1));
}

Outcome ret(CpuState& cpu, const uint8_t*, uint32_t) {
  uint32_t target = 0;
  if (!peek(cpu, 0, target)) return Outcome::exception;
  cpu.gpr[ESP] += sizeof target;
  return branch_to(cpu, target);
}

/// After 0F: Jcc, MOVZX and MOVSX.
Outcome two_bytes(CpuState& cpu, const uint8_t* bytes, uint32_t address) {
  const unsigned opcode = bytes[1];
  if ((opcode & 0xf0) == 0x80)
    return jump_if<uint32_t>(cpu, opcode & 15, bytes, bytes + 6, address);
  switch (opcode) {
    case 0xb6:
      return widen<uint8_t>(cpu, bytes, address);
    case 0xb7:
      return widen<uint16_t>(cpu, bytes, address);
    case 0xbe:
      return widen<int8_t>(cpu, bytes, address);
    case 0xbf:
      return widen<int16_t>(cpu, bytes, address);
    default:
      return execute_other(cpu, bytes, address);
  }
}

// The table.

/// The six opcodes of an operation that are laid out alike.
template <typename Op>
constexpr void add_operation(std::array<Form, 256>& forms, unsigned opcode) {
  forms[opcode] = to_rm<Op, uint8_t>;
  forms[opcode + 1] = to_rm<Op, uint32_t>;
  forms[opcode + 2] = to_register<Op, uint8_t>;
  forms[opcode + 3] = to_register<Op, uint32_t>;
  forms[opcode + 4] = to_accumulator<Op, uint8_t>;
  forms[opcode + 5] = to_accumulator<Op, uint32_t>;
}

consteval std::array<Form, 256> make_forms() {
  std::array<Form, 256> forms{};
  forms.fill(execute_other);
  add_operation<Add>(forms, 0x00);
  add_operation<Or>(forms, 0x08);
  add_operation<And>(forms, 0x20);
  add_operation<Sub>(forms, 0x28);
  add_operation<Xor>(forms, 0x30);
  add_operation<Cmp>(forms, 0x38);
  forms[0x0f] = two_bytes;
  for (unsigned reg = 0; reg < kGprCount; ++reg) {
    forms[0x40 + reg] = step_register<true>;
    forms[0x48 + reg] = step_register<false>;
    forms[0x50 + reg] = push_register;
    forms[0x58 + reg] = pop_register;
    forms[0xb8 + reg] = move_immediate;
  }
  forms[0x68] = push_immediate<uint32_t>;
  forms[0x6a] = push_immediate<int8_t>;
  for (unsigned condition = 0; condition < 16; ++condition) forms[0x70 + condition] = jump_short_if;
  forms[0x80] = group1<uint8_t, uint8_t>;
  forms[0x81] = group1<uint32_t, uint32_t>;
  forms[0x83] = group1<uint32_t, int8_t>;
  forms[0x84] = to_rm<Test, uint8_t>;
  forms[0x85] = to_rm<Test, uint32_t>;
  forms[0x88] = move_to_rm<uint8_t>;
  forms[0x89] = move_to_rm<uint32_t>;
  forms[0x8a] = move_to_register<uint8_t>;
  forms[0x8b] = move_to_register<uint32_t>;
  forms[0x8d] = load_address;
  forms[0xa8] = to_accumulator<Test, uint8_t>;
  forms[0xa9] = to_accumulator<Test, uint32_t>;
  forms[0xc1] = shift;
  forms[0xc3] = ret;
  forms[0xc6] = move_immediate_to_rm<uint8_t>;
  forms[0xc7] = move_immediate_to_rm<uint32_t>;
  forms[0xe8] = call;
  forms[0xe9] = jump;
  forms[0xeb] = jump_short;
  forms[0xf6] = group3<uint8_t>;
  forms[0xf7] = group3<uint32_t>;
  return forms;
}

}  // namespace

constexpr std::array<Form, 256> kForms = make_forms();

}  // namespace ferry::i386::interpret
