// Guest operands: effective addresses, loads, stores, sub-registers. The only place that knows
// operand widths in terms of host words.
#include "translate/i386_to_mips64/emit/block_builder.hpp"

namespace ferry::translate::emit {

using i386::ESP;
using i386::kNoRegister;
using i386::MemoryOperand;
using i386::OperandKind;
using mips64::fits_simm16;
using mips64::high_half;
using mips64::low_half;
using mips64::zero;

// --- addresses -----------------------------------------------------------------------------------

/// into = base + (index << scale) + (high << 16), with 32-bit wrap.
void BlockBuilder::compute_base(Gpr into, uint8_t base, uint8_t index, uint8_t scale,
                                int32_t high) {
  Gpr sum = zero;
  if (index != kNoRegister) {
    const Gpr index_reg = host_gpr(index);
    if (base != kNoRegister && scale != 0 && options.msa) {
      as.LSA(into, index_reg, host_gpr(base), scale);
      sum = into;
      base = kNoRegister;
    } else if (scale != 0) {
      as.SLL(into, index_reg, scale);
      sum = into;
    } else {
      sum = index_reg;
    }
  }
  if (base != kNoRegister) {
    if (sum == zero) {
      sum = host_gpr(base);
    } else {
      as.ADDU(into, sum, host_gpr(base));
      sum = into;
    }
  }
  if (high != 0) {
    if (sum == zero) {
      as.LUI(into, high & 0xffff);
    } else {
      const Gpr upper = sum == into ? scratch() : into;
      as.LUI(upper, high & 0xffff);
      as.ADDU(into, upper, sum);
      if (upper != into) release(upper);
    }
  } else if (sum != into) {
    mips64::move(as, into, sum);
  }
}

/// A register holding the sum of compute_base, kept for later instructions.
Gpr BlockBuilder::cached_base(uint8_t base, uint8_t index, uint8_t scale, int32_t high) {
  for (unsigned i = 0; i < 2; ++i) {
    const CachedAddress& entry = cache_[i];
    if (entry.valid && entry.base == base && entry.index == index && entry.scale == scale &&
        entry.high == high) {
      next_cache_ = 1 - i;
      return kAddressCache[i];
    }
  }
  const Gpr reg = sequence_ == nullptr ? kAddressCache[next_cache_] : scratch();
  compute_base(reg, base, index, scale, high);
  if (sequence_ != nullptr) return reg;
  cache_[next_cache_] = {options.passes.address_reuse, base, index, scale, high};
  if (base != kNoRegister) cached_registers_ |= host_gpr(base).bit();
  if (index != kNoRegister) cached_registers_ |= host_gpr(index).bit();
  next_cache_ = 1 - next_cache_;
  return reg;
}

/// The register part of an address; `*low` receives the 16-bit offset to use with it.
Gpr BlockBuilder::base_with_index(const MemoryOperand& memory, int32_t displacement, int32_t* low) {
  if (memory.base == ESP) {
    displacement = static_cast<int32_t>(static_cast<uint32_t>(displacement) +
                                        static_cast<uint32_t>(esp_bias_));
  }
  const bool simple = memory.index == kNoRegister;
  int32_t high = 0;
  *low = displacement;
  if (!fits_simm16(displacement)) {
    high = high_half(displacement);
    *low = low_half(displacement);
  }
  if (high == 0 && simple) return memory.base == kNoRegister ? zero : host_gpr(memory.base);
  if (high == 0 && memory.scale_log2 == 0 && memory.base == kNoRegister)
    return host_gpr(memory.index);
  return cached_base(memory.base, memory.index, memory.scale_log2, high);
}

/// The base of fs or gs. A base of 0 may be a null selector, whose use is #GP, or a segment with a
/// limit: those are left to the interpreter.
Gpr BlockBuilder::segment_base(unsigned segment) {
  const Gpr base = scratch();
  Label& null = interpret_instead();
  as.LW(base, offset::open_base(segment), kState);
  branch_if_zero(base, null);
  return base;
}

/// fs: and gs: accesses add the segment base.
Address BlockBuilder::segmented_address(const MemoryOperand& memory, int32_t displacement) {
  const Gpr segment = segment_base(memory.segment);
  int32_t low = 0;
  const Gpr base = base_with_index(memory, displacement, &low);
  if (base != zero) as.ADDU(segment, segment, base);
  return {segment, low};
}

/// 16-bit addressing: the sum wraps at 64 KB.
Gpr BlockBuilder::address16(const MemoryOperand& memory, int32_t displacement) {
  const Gpr sum = scratch();
  if (memory.base == kNoRegister && memory.index == kNoRegister) {
    as.ORI(sum, zero, displacement & 0xffff);
    return sum;
  }
  const Gpr first = read_gpr(memory.base != kNoRegister ? memory.base : memory.index);
  if (memory.base != kNoRegister && memory.index != kNoRegister) {
    as.ADDU(sum, first, read_gpr(memory.index));
    as.ADDIU(sum, sum, static_cast<int16_t>(displacement));
  } else {
    as.ADDIU(sum, first, static_cast<int16_t>(displacement));
  }
  as.ANDI(sum, sum, 0xffff);
  return sum;
}

Address BlockBuilder::general_address(int32_t extra) {
  const MemoryOperand& memory = instruction().memory;
  const auto displacement =
      static_cast<int32_t>(memory.displacement + static_cast<uint32_t>(extra));
  const bool segmented = memory.segment == i386::FS || memory.segment == i386::GS;
  if (instruction().address_size == 2) {
    const Gpr offset16 = address16(memory, displacement);
    if (!segmented) return {offset16, 0};
    const Gpr segment = segment_base(memory.segment);
    as.ADDU(segment, segment, offset16);
    return {segment, 0};
  }
  if (segmented) return segmented_address(memory, displacement);
  int32_t low = 0;
  const Gpr base = base_with_index(memory, displacement, &low);
  return {base, low};
}

Gpr BlockBuilder::effective_address(Gpr into) {
  const MemoryOperand& memory = instruction().memory;
  const auto displacement = static_cast<int32_t>(memory.displacement);
  if (instruction().address_size == 2) return address16(memory, displacement);
  if (memory.base == kNoRegister && memory.index == kNoRegister) {
    mips64::load_immediate(as, into, displacement);
    return into;
  }
  int32_t low = 0;
  Gpr base = zero;
  const int32_t total = displacement + (memory.base == ESP ? esp_bias_ : 0);
  if (memory.index != kNoRegister && fits_simm16(total)) {
    // The sum itself is wanted, not an address to be used again: compute it in place.
    compute_base(into, memory.base, memory.index, memory.scale_log2, 0);
    base = into;
    low = total;
  } else {
    base = base_with_index(memory, displacement, &low);
  }
  if (low == 0) return base;
  as.ADDIU(into, base, low);
  return into;
}

// --- loads and stores ----------------------------------------------------------------------------

void BlockBuilder::order_access(uint8_t kinds, Gpr base) {
  if (!ordered()) return;
  if (options.order == MemoryOrder::all_but_stack && base == host_gpr(ESP)) return;
  if (order_.add(kinds)) as.SYNC();
}

void BlockBuilder::begin_unit(uint8_t kinds) {
  order_access(kinds, zero);
  form_ &= static_cast<uint8_t>(~access_form::kOrdered);
}

void BlockBuilder::end_unit() {
  if (options.order != MemoryOrder::weak) form_ |= access_form::kOrdered;
}

void BlockBuilder::load_in_form(Gpr rd, unsigned width, Address from, Extend extend) {
  order_access(access::kLoad, from.base);
  if (unaligned() && width != 1) return load_unaligned(rd, width, from, extend);
  load_plain(rd, width, from, extend);
}

void BlockBuilder::store_in_form(Gpr value, unsigned width, Address to) {
  order_access(access::kStore, to.base);
  if (unaligned() && width != 1) return store_unaligned(value, width, to);
  store_plain(value, width, to);
}

/// Of 2 or 4 bytes.
void BlockBuilder::load_unaligned(Gpr rd, unsigned width, Address from, Extend extend) {
  if (from.offset + 3 > 32767) {
    const Gpr base = scratch();
    as.DADDIU(base, from.base, from.offset);
    from = {base, 0};
  }
  if (width == 4) {
    // The second word may fault: until then the destination keeps its value.
    const Gpr value = scratch();
    as.LWL(value, from.offset + 3, from.base);
    as.LWR(value, from.offset, from.base);
    mips64::move(as, rd, value);
    return release(value);
  }
  const Gpr high = scratch();
  extend == Extend::sign ? as.LB(high, from.offset + 1, from.base)
                         : as.LBU(high, from.offset + 1, from.base);
  as.LBU(rd, from.offset, from.base);
  as.SLL(high, high, 8);
  as.OR(rd, rd, high);
  release(high);
}

/// Of 2 or 4 bytes.
void BlockBuilder::store_unaligned(Gpr value, unsigned width, Address to) {
  if (to.offset + 3 > 32767) {
    const Gpr base = scratch();
    as.DADDIU(base, to.base, to.offset);
    to = {base, 0};
  }
  // Either part may fault alone, and then nothing may be stored: the first byte is written back to
  // itself before the part in the second page is stored.
  const Gpr high = scratch();
  as.LBU(high, to.offset, to.base);
  as.SB(high, to.offset, to.base);
  if (width == 4) {
    as.SWL(value, to.offset + 3, to.base);
    as.SWR(value, to.offset, to.base);
    return release(high);
  }
  as.SRL(high, value, 8);
  as.SB(high, to.offset + 1, to.base);
  as.SB(value, to.offset, to.base);
  release(high);
}

// --- operands ------------------------------------------------------------------------------------

Gpr BlockBuilder::read_general(const Operand& operand, Extend extend, Gpr into) {
  if (operand.kind == OperandKind::gpr) {
    const Gpr host = read_gpr(operand.reg);
    if (operand.width == 4) return host;
    if (!operand.high_byte) {
      if (extend == Extend::any) return host;
      if (extend == Extend::zero && known_width(operand.reg) <= operand.width * 8u) return host;
    }
    const Gpr value = into == zero ? scratch() : into;
    read_into(value, operand, extend);
    return value;
  }
  if (operand.kind == OperandKind::immediate) {
    const auto constant = static_cast<int32_t>(instruction().immediate);
    if (constant == 0) return zero;
    const Gpr value = into == zero ? scratch() : into;
    mips64::load_immediate(as, value, constant);
    return value;
  }
  CHECK(operand.kind == OperandKind::memory);
  const Address from = address();
  const Gpr value = into == zero ? scratch() : into;
  load(value, operand.width, from, extend);
  return value;
}

void BlockBuilder::read_into(Gpr into, const Operand& operand, Extend extend) {
  if (operand.kind != OperandKind::gpr) {
    const Gpr value = read(operand, extend, into);
    if (value != into) mips64::move(as, into, value);
    return;
  }
  const Gpr host = read_gpr(operand.reg);
  if (operand.width == 4) return mips64::move(as, into, host);
  if (operand.width == 2) {
    return extend == Extend::sign ? as.SEH(into, host) : as.ANDI(into, host, 0xffff);
  }
  if (!operand.high_byte) {
    return extend == Extend::sign ? as.SEB(into, host) : as.ANDI(into, host, 0xff);
  }
  if (extend == Extend::sign) {
    as.SEH(into, host);
    return as.SRA(into, into, 8);
  }
  as.EXT(into, host, 8, 8);
}

void BlockBuilder::write_register(const Operand& operand, Gpr value, Extend upper) {
  CHECK(operand.kind == OperandKind::gpr);
  const unsigned bits = operand.width * 8u;
  if (operand.reg == ESP && operand.width != 4) commit_esp();
  const unsigned known = known_width(operand.reg);
  const Gpr host = begin_write(operand.reg);
  if (operand.width == 4) {
    if (host != value) mips64::move(as, host, value);
    return;
  }
  if (operand.high_byte) {
    as.INS(host, value, 8, 8);
    set_known_width(operand.reg, known <= 16 ? 16 : 32);
    return;
  }
  if (known <= bits && upper == Extend::zero) {
    if (host != value) mips64::move(as, host, value);
  } else {
    as.INS(host, value, 0, bits);
  }
  set_known_width(operand.reg, known < bits ? bits : known);
}

}  // namespace ferry::translate::emit
