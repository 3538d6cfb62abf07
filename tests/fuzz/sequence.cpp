#include "sequence.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "common/diagnostics.hpp"
#include "guest/i386/decode/decoder.hpp"
#include "guest/i386/interpret/interpreter.hpp"
#include "guest/i386/x87/float80.hpp"
#include "guest/memory/memory.hpp"
#include "guest_arena.hpp"

namespace ferry::fuzz {

using i386::Instruction;
using i386::OperandKind;
using namespace semantics;
namespace ef = i386::eflags;

namespace {

constexpr uint8_t kInt3 = 0xcc;
constexpr unsigned kMaxBytes = 512;
constexpr uint32_t kNumbers = kWindow + 0x200;
constexpr unsigned kDoubles = 24, kSingles = 16;

uint8_t* at(uint32_t address) {
  return static_cast<uint8_t*>(guest::host_pointer(address));
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// How often a row is in the pool.
unsigned weight(const i386::Row& row) {
  const std::string_view name = row.mnemonic;
  if (!reason_to_skip(row).empty() || (row.attributes & i386::attribute::privileged) != 0) return 0;
  using enum i386::Family;
  if (row.family == simd || row.family == system) return 0;
  // What an empty register holds means nothing (docs/x87.md): FNSAVE stores it, and FLDENV may say
  // that it is not empty.
  if (is_one_of(name, {"FNSAVE", "FLDENV"})) return 0;
  if (row.family == x87) return 1;
  for (const auto& operand : row.operands) {
    using enum i386::OperandCode;
    const auto code = operand.code;
    const bool segment = code == Sw || (code >= segES && code <= segGS);
    if (code == Mp || code == Ap || (segment && operand.access != i386::Access::r)) return 0;
  }
  if (row.family == control_transfer) {
    if (name == "JCC") return 12;
    if (is_one_of(name, {"JECXZ", "LOOP", "LOOPE", "LOOPNE"})) return 2;
    if (is_one_of(name, {"BOUND", "ENTER", "INTO", "LEAVE"})) return 1;
    return name == "JMP" && row.operands[0].code == i386::OperandCode::Jb ? 3 : 0;
  }
  if (is_one_of(name, {"POPF", "PUSHF", "INS", "OUTS"})) return 0;
  if (is_one_of(name, {"SETCC", "CMOVCC"})) return 20;
  if (is_one_of(name, {"MOVZX", "MOVSX", "LEA", "CMC", "STC", "CLC", "SAHF", "LAHF"})) return 6;
  if (is_one_of(name, {"MOV", "ADC", "SBB", "PUSH", "POP", "SHL", "SHR", "SAR", "RCL", "RCR"}))
    return 4;
  if (is_one_of(name, {"CMP", "TEST", "SUB", "ADD", "INC", "DEC", "AND", "XOR", "OR", "NEG"}))
    return 5;
  return 1;
}

}  // namespace

std::vector<uint8_t> Sequence::bytes() const {
  std::vector<uint32_t> starts;
  uint32_t end = address;
  for (const Item& item : items) {
    starts.push_back(end);
    end += item.length;
  }
  starts.push_back(end);
  std::vector<uint8_t> code;
  for (unsigned i = 0; i < items.size(); ++i) {
    Item item = items[i];
    if (item.target != Item::kNoTarget) {
      const uint32_t to = starts[std::min<size_t>(static_cast<size_t>(item.target), items.size())];
      const uint32_t value = item.absolute ? to : to - starts[i + 1];
      const auto distance = static_cast<int32_t>(value);
      if (item.field_size == 1 && (distance < -128 || distance > 127)) return {};
      if (item.field_size == 2) return {};
      std::memcpy(item.bytes + item.field_offset, &value, item.field_size);
    }
    code.insert(code.end(), item.bytes, item.bytes + item.length);
  }
  code.push_back(kInt3);
  return code;
}

void Sequence::drop(unsigned item) {
  items.erase(items.begin() + item);
  for (Item& other : items) {
    if (other.target > static_cast<int>(item)) --other.target;
  }
}

namespace {

/// What an operation's rounding, cancellation and range are likely to show.
uint64_t number(Random& random) {
  static constexpr uint64_t kFractions[] = {0,
                                            1,
                                            0xfffffffffffff,
                                            0xffffffffffffe,
                                            0x8000000000000,
                                            0x7ffffffffffff,
                                            0x00000003fffff,
                                            0x0000000400000,
                                            0x5555555555555};
  static constexpr uint64_t kSpecial[] = {0,
                                          0x8000000000000000,
                                          1,
                                          0x7ff0000000000000,
                                          0x7ff8000000000001,
                                          0x7ff0000000000001,
                                          0x7fefffffffffffff,
                                          0x0010000000000000,
                                          0x7fe0000000000000};
  if (random.percent(12)) return random.pick(kSpecial);
  const uint64_t sign = random.next() << 63;
  const uint64_t fraction =
      random.percent(50) ? random.pick(kFractions) : random.next() & 0xfffffffffffff;
  uint64_t exponent = 1023;
  if (random.percent(60)) {
    exponent += random.below(8);
  } else if (random.percent(80)) {
    exponent += random.below(140) - 70;
  } else {
    exponent = 1 + random.below(2046);
  }
  return sign | exponent << 52 | fraction;
}

/// Doubles in the window, and singles after them.
void put_numbers(uint32_t seed) {
  Random random(seed);
  for (unsigned i = 0; i < kDoubles; ++i) {
    const uint64_t value = number(random);
    std::memcpy(at(kNumbers + 8 * i), &value, sizeof value);
  }
  for (unsigned i = 0; i < kSingles; ++i) {
    const uint64_t wide = number(random);
    const auto value = static_cast<uint32_t>(
        (wide >> 32 & 0x80000000) | (127 + random.below(9)) << 23 | (wide >> 29 & 0x7fffff));
    std::memcpy(at(kNumbers + 8 * kDoubles + 4 * i), &value, sizeof value);
  }
}

}  // namespace

Memory::Memory() {
  static GuestArena arena;
  const int file = ::memfd_create("code", 0);
  CHECK(file >= 0 && ::ftruncate(file, kRegionSize) == 0);
  void* const guest =
      ::mmap(at(kCodeRegion), kRegionSize, PROT_READ, MAP_SHARED | MAP_FIXED, file, 0);
  CHECK(guest == at(kCodeRegion));
  void* const alias = ::mmap(nullptr, kRegionSize, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  CHECK(alias != MAP_FAILED);
  ::close(file);
  code_alias_ = static_cast<uint8_t*>(alias);
}

void Memory::put_code(uint32_t address, const uint8_t* bytes, uint32_t size) {
  std::memcpy(code_alias_ + (address - kCodeRegion), bytes, size);
}

void Memory::begin(const Sequence& sequence, const std::vector<uint8_t>& code,
                   i386::CpuState& cpu) {
  std::memset(at(kDataRegion), 0, kRegionSize - kWindowSize);
  fill_window(sequence.window_seed, reinterpret_cast<uint64_t*>(at(kWindow)));
  std::memset(code_alias_, kInt3, kRegionSize);
  put_code(sequence.address, code.data(), static_cast<uint32_t>(code.size()));
  cpu = i386::CpuState{};
  std::memcpy(cpu.gpr.data(), sequence.gpr, sizeof sequence.gpr);
  cpu.eip = sequence.address;
  cpu.eflags |= sequence.eflags;
  if (sequence.numbers != 0) {
    put_numbers(sequence.numbers);
    if ((sequence.numbers & 1) != 0) cpu.x87.status = i386::x87_status::PE;
  }
  cpu.tls[0] = i386::SegmentDescriptor({.base = kWindow, .limit = 0xfffff, .in_pages = true});
  if (!sequence.tls) return;
  for (const unsigned segment : {i386::FS, i386::GS}) {
    cpu.set_segment(static_cast<i386::SegmentRegister>(segment), kTlsSelector, cpu.tls[0]);
  }
}

uint64_t Memory::hash() {
  uint64_t hash = 0xcbf29ce484222325;
  const auto* words = reinterpret_cast<const uint64_t*>(at(kDataRegion));
  for (uint32_t i = 0; i < kRegionSize / 8; ++i) hash = (hash ^ words[i]) * 0x100000001b3;
  return hash;
}

SequenceGenerator::SequenceGenerator(uint64_t seed, Memory& memory)
    : random_(seed), generator_(random_.next(), semantics::OwnBytes{}), memory_(memory) {
  for (uint16_t row = 0; row < i386::row_count(); ++row) {
    pool_.insert(pool_.end(), weight(i386::row(row)), row);
  }
}

void SequenceGenerator::choose_start() {
  sequence_ = Sequence{};
  static constexpr uint32_t kPlaces[] = {kCodeAddress, kCodeAddress + 3, kCodeRegion + 0xff0,
                                         kCodeRegion + 0xffa};
  sequence_.address = random_.pick(kPlaces);
  for (auto& value : sequence_.gpr) {
    value = random_.percent(50) ? random_.value() : kWindow + 0x200 + random_.below(0xa00);
    if (random_.percent(20)) value &= 0xff;
  }
  sequence_.gpr[i386::ESP] =
      kWindow + 0x400 + 4 * random_.below(0x200) + (random_.percent(5) ? 1 : 0);
  sequence_.eflags = static_cast<uint32_t>(random_.next()) & ef::kArithmetic;
  sequence_.window_seed = static_cast<uint32_t>(random_.next());
  sequence_.tls = random_.percent(70);
  if (random_.percent(40)) sequence_.numbers = static_cast<uint32_t>(random_.next()) | 2;
  memory_.begin(sequence_, {}, cpu_);
  skip_ = 0;
  stopped_ = false;
}

Sequence SequenceGenerator::make() {
  choose_start();
  const unsigned count = 2 + random_.below(sequence_.numbers != 0 ? 25 : 11);
  for (unsigned attempts = 0; sequence_.items.size() < count && attempts < 200; ++attempts) {
    const uint32_t kind = random_.below(100);
    if (sequence_.numbers != 0 && random_.percent(50)) {
      add_x87_run();
    } else if (kind < 4) {
      random_.percent(70) ? add_call() : add_own_address();
    } else if (kind < 7) {
      add_indirect_jump();
    } else if (kind < 9) {
      add_strings();
    } else if (kind < 13) {
      add_flags_through_stack();
    } else if (kind < 15) {
      add_copy();
    } else {
      add_random();
    }
  }
  if (random_.percent(20)) {  // a loop; the flags decide how often it repeats
    Item back{{0x0f, static_cast<uint8_t>(0x80 + random_.below(16))}, 6, 2, 4};
    back.target = static_cast<int>(random_.below(static_cast<uint32_t>(sequence_.items.size())));
    sequence_.items.push_back(back);
  }
  return sequence_;
}

bool SequenceGenerator::add(Item item, unsigned skipped) {
  Instruction instruction;
  Item trial = item;
  if (item.target != Item::kNoTarget && item.absolute) {
    std::memcpy(trial.bytes + item.field_offset, &cpu_.eip, 4);
  } else if (item.target != Item::kNoTarget) {
    const int32_t far_away = 64;
    std::memcpy(trial.bytes + item.field_offset, &far_away, item.field_size);
  }
  CHECK(i386::decode(trial.bytes, trial.length, cpu_.eip, instruction) == i386::DecodeStatus::ok);
  if (skip_ > 0 || stopped_) {
    if (skip_ > 0) --skip_;
    sequence_.items.push_back(item);
    return true;
  }
  memory_.put_code(cpu_.eip, trial.bytes, trial.length);
  const i386::CpuState before = cpu_;
  i386::Outcome outcome = i386::Outcome::again;
  while (outcome == i386::Outcome::again) outcome = i386::step(cpu_);
  const bool completed = outcome == i386::Outcome::next || outcome == i386::Outcome::branch;
  if (!completed && random_.percent(90)) {
    cpu_ = before;
    return false;
  }
  stopped_ = !completed;
  const bool taken = completed && cpu_.eip != before.eip + trial.length;
  if (item.target != Item::kNoTarget && !item.absolute && taken) skip_ = skipped;
  cpu_.eip = before.eip + trial.length;
  sequence_.items.push_back(item);
  return true;
}

bool SequenceGenerator::wanted(const Instruction& instruction) {
  const i386::Row& row = i386::row(instruction.row);
  const bool moves_stack = (row.attributes & i386::attribute::stack) == 0 &&
                           (i386::gprs_written(instruction) & 1u << i386::ESP) != 0;
  if (moves_stack && random_.percent(90)) return false;
  if (is_one_of(row.mnemonic, {"DIV", "IDIV", "STD"}) && random_.percent(50)) return false;
  return instruction.address_size == 4 || random_.percent(10);
}

/// Changes a 32-bit displacement so that the operand lies in the window.
bool SequenceGenerator::aim(Item& item, Instruction& instruction) {
  const auto& memory = instruction.memory;
  const bool moffs = memory.base == i386::kNoRegister && memory.index == i386::kNoRegister;
  if (instruction.address_size != 4 || (!moffs && (instruction.modrm >> 6) == 1)) return true;
  uint32_t sum = memory.displacement;
  if (memory.base != i386::kNoRegister) sum += cpu_.gpr[memory.base];
  if (memory.index != i386::kNoRegister) sum += cpu_.gpr[memory.index] << memory.scale_log2;
  if (memory.segment >= i386::FS) sum += cpu_.segment_base[memory.segment];
  // Only few places, so that operands coincide and addresses are used again.
  const uint32_t wanted =
      kWindow + 0x100 + 4 * random_.below(64) + (random_.percent(10) ? random_.below(4) : 0);
  const uint32_t displacement = memory.displacement + wanted - sum;
  for (unsigned place = 1; place + 4 <= item.length; ++place) {
    if (std::memcmp(item.bytes + place, &memory.displacement, 4) != 0) continue;
    Item changed = item;
    std::memcpy(changed.bytes + place, &displacement, 4);
    Instruction again;
    if (i386::decode(changed.bytes, changed.length, cpu_.eip, again) != i386::DecodeStatus::ok)
      continue;
    if (again.memory.displacement != displacement) continue;
    item = changed;
    instruction = again;
    return true;
  }
  return true;
}

void SequenceGenerator::add_random() {
  const uint16_t row = pool_[random_.below(static_cast<uint32_t>(pool_.size()))];
  const Case made = generator_.make(row);
  Instruction instruction;
  CHECK(i386::decode(made.code, made.length, cpu_.eip, instruction) == i386::DecodeStatus::ok);
  if (!wanted(instruction)) return;
  Item item{};
  std::memcpy(item.bytes, made.code, made.length);
  item.length = made.length;
  const auto& operands = instruction.operands;
  const bool memory = std::any_of(operands.begin(), operands.end(),
                                  [](const auto& o) { return o.kind == OperandKind::memory; });
  if (operands[0].kind == OperandKind::relative) {
    const unsigned over = random_.below(4);
    if (instruction.operand_size != 4) return;
    item.field_size = i386::row(row).operands[0].code == i386::OperandCode::Jb ? 1 : 4;
    item.field_offset = static_cast<uint8_t>(item.length - item.field_size);
    item.target = static_cast<int>(sequence_.items.size() + 1 + over);
    add(item, over);
    return;
  }
  if (memory && !aim(item, instruction)) return;
  add(item);
}

void SequenceGenerator::add_bytes(std::initializer_list<uint8_t> bytes) {
  Item item{};
  std::copy(bytes.begin(), bytes.end(), item.bytes);
  item.length = static_cast<uint8_t>(bytes.size());
  add(item);
}

void SequenceGenerator::add_absolute(std::initializer_list<uint8_t> opcode, uint32_t address) {
  Item item{};
  std::copy(opcode.begin(), opcode.end(), item.bytes);
  std::memcpy(item.bytes + opcode.size(), &address, 4);
  item.length = static_cast<uint8_t>(opcode.size() + 4);
  add(item);
}

void SequenceGenerator::add_copy() {
  const auto place = [this] {
    if (random_.percent(3)) return uint32_t{0x10};  // nothing is mapped there
    return kWindow + 0x100 + 4 * random_.below(64) + (random_.percent(10) ? random_.below(4) : 0);
  };
  const uint8_t opcode = random_.percent(30) ? 0xd9 : 0xdd;
  const uint32_t from = place();
  if (random_.percent(50)) {
    // The upper half of a number of each class: zero, denormal, one, infinity, NaNs.
    static constexpr uint32_t kUpper[] = {0,          0x80000000, 1,          0x3f800000,
                                          0x3ff00000, 0x7f800000, 0x7ff00000, 0x7fa00000,
                                          0x7ff80000, 0xffc00000};
    add_move(i386::EAX, random_.pick(kUpper));
    add_absolute({0xa3}, from + (opcode == 0xdd ? 4 : 0));
  }
  add_absolute({opcode, 0x05}, from);
  add_absolute({opcode, 0x1d}, place());
}

void SequenceGenerator::add_x87_run() {
  for (unsigned i = 1 + random_.below(10); i > 0; --i) add_x87_instruction();
}

/// One that does not over- or underflow the stack, as a rule.
void SequenceGenerator::add_x87_instruction() {
  const auto depth = static_cast<unsigned>(8 - std::popcount(cpu_.x87.empty));
  const uint32_t wide = kNumbers + 8 * random_.below(kDoubles);
  const uint32_t narrow = kNumbers + 8 * kDoubles + 4 * random_.below(kSingles);
  const auto sti = static_cast<uint8_t>(depth != 0 ? random_.below(depth) : 0);
  const bool may_fail = random_.percent(2);
  if (may_fail ? random_.percent(50) : depth < 2 || (depth < 8 && random_.percent(30))) {
    switch (random_.below(8)) {
      case 0:
        return add_absolute({0xd9, 0x05}, narrow);
      case 1:
        return add_absolute({0xdb, 0x05}, narrow + random_.below(2));
      case 2:
        return add_absolute({random_.percent(50) ? uint8_t{0xdd} : uint8_t{0xdf}, 0x05}, wide);
      case 3:
        return add_absolute({0xdf, 0x2d}, wide);
      case 4:
        return add_bytes({0xd9, random_.percent(50) ? uint8_t{0xe8} : uint8_t{0xee}});
      case 5:
        return add_bytes({0xd9, static_cast<uint8_t>(0xc0 + sti)});
      default:
        return add_absolute({0xdd, 0x05}, wide);
    }
  }
  static constexpr uint8_t kArithmetic[] = {0, 1, 4, 5, 6, 7};
  const uint8_t reg =
      random_.percent(10) ? static_cast<uint8_t>(2 + random_.below(2)) : random_.pick(kArithmetic);
  switch (random_.below(14)) {
    case 0:
    case 1:
      return add_absolute({0xdc, static_cast<uint8_t>(0x05 | reg << 3)}, wide);
    case 2:
      return add_absolute({0xd8, static_cast<uint8_t>(0x05 | reg << 3)}, narrow);
    case 3:
      return add_bytes({0xd8, static_cast<uint8_t>(0xc0 + sti + 8 * reg)});
    case 4:
      return add_bytes({random_.percent(50) ? uint8_t{0xdc} : uint8_t{0xde},
                        static_cast<uint8_t>(0xc0 + sti + 8 * random_.pick(kArithmetic))});
    case 5:
      return add_bytes({0xd9, static_cast<uint8_t>(0xc8 + sti)});
    case 6: {
      static constexpr uint8_t kWhole[] = {0xe0, 0xe1, 0xe4, 0xe5, 0xfa, 0xfc};
      return add_bytes({0xd9, random_.pick(kWhole)});
    }
    case 7:
      return add_bytes({random_.percent(50) ? uint8_t{0xdb} : uint8_t{0xdf},
                        static_cast<uint8_t>((random_.percent(50) ? 0xe8 : 0xf0) + sti)});
    case 8: {
      add_bytes({0xdd, static_cast<uint8_t>((random_.percent(50) ? 0xe0 : 0xe8) + sti)});
      return add_bytes({0xdf, 0xe0});
    }
    case 9:
      return add_bytes({0xdd, static_cast<uint8_t>((random_.percent(50) ? 0xd0 : 0xd8) + sti)});
    case 10:
      return add_absolute({0xd9, static_cast<uint8_t>(random_.percent(50) ? 0x15 : 0x1d)}, narrow);
    case 11:
      return add_absolute({0xdb, static_cast<uint8_t>(random_.percent(50) ? 0x15 : 0x1d)}, narrow);
    case 12:
      return add_absolute({0xdf, static_cast<uint8_t>(random_.percent(50) ? 0x3d : 0x1d)}, wide);
    default:
      return add_absolute({0xdd, static_cast<uint8_t>(random_.percent(30) ? 0x15 : 0x1d)}, wide);
  }
}

void SequenceGenerator::add_move(unsigned reg, uint32_t value) {
  Item item{{static_cast<uint8_t>(0xb8 + reg)}, 5};
  std::memcpy(item.bytes + 1, &value, 4);
  add(item);
}

/// call f; jmp end; f: ...; ret; end:
void SequenceGenerator::add_call() {
  if (skip_ > 0 || stopped_) return;
  const auto start = static_cast<int>(sequence_.items.size());
  Item call{{0xe8}, 5, 1, 4};
  call.target = start + 2;
  sequence_.items.push_back(call);
  sequence_.items.push_back(Item{{0xeb}, 2, 1, 1});
  cpu_.gpr[i386::ESP] -= 4;
  if (random_.percent(25)) {  // mov reg, [esp], as position-independent code does
    const uint8_t reg = random_.percent(50) ? i386::EBX : i386::ECX;
    add_bytes({0x8b, static_cast<uint8_t>(0x04 | reg << 3), 0x24});
  }
  for (unsigned i = random_.below(4); i > 0; --i) add_random();
  sequence_.items.push_back(random_.percent(30) ? Item{{0xc2, 8, 0}, 3} : Item{{0xc3}, 1});
  cpu_.gpr[i386::ESP] += sequence_.items.back().length == 3 ? 12 : 4;
  sequence_.items[static_cast<size_t>(start) + 1].target = static_cast<int>(sequence_.items.size());
}

/// call f; add reg, constant; jmp end; f: mov reg, [esp]; ret; end: which is how
/// position-independent code begins. With EAX the addition has its short form.
void SequenceGenerator::add_own_address() {
  if (skip_ > 0 || stopped_) return;
  const auto start = static_cast<int>(sequence_.items.size());
  static constexpr uint8_t kRegisters[] = {i386::EAX, i386::ECX, i386::EBX, i386::EDI};
  const uint8_t reg = random_.pick(kRegisters);
  const uint32_t constant = random_.value();
  Item sum{{0x81, static_cast<uint8_t>(0xc0 + reg)}, 6};
  if (reg == i386::EAX) sum = Item{{0x05}, 5};
  std::memcpy(sum.bytes + sum.length - 4, &constant, 4);
  Item call{{0xe8}, 5, 1, 4};
  call.target = start + 3;
  Item jump{{0xeb}, 2, 1, 1};
  jump.target = start + 5;
  sequence_.items.insert(sequence_.items.end(), {call, sum, jump});
  sequence_.items.push_back(Item{{0x8b, static_cast<uint8_t>(0x04 | reg << 3), 0x24}, 3});
  sequence_.items.push_back(Item{{0xc3}, 1});
}

/// mov reg, end; jmp reg; ...; end:
void SequenceGenerator::add_indirect_jump() {
  if (skip_ > 0 || stopped_) return;
  static constexpr uint8_t kRegisters[] = {i386::EAX, i386::ECX, i386::EDX,
                                           i386::EBX, i386::ESI, i386::EDI};
  const uint8_t reg = random_.pick(kRegisters);
  const unsigned over = random_.below(2);
  Item move{{static_cast<uint8_t>(0xb8 + reg)}, 5, 1, 4, true};
  move.target = static_cast<int>(sequence_.items.size() + 2 + over);
  sequence_.items.push_back(move);
  sequence_.items.push_back(Item{{0xff, static_cast<uint8_t>(0xe0 + reg)}, 2});
  skip_ = over;
}

void SequenceGenerator::add_strings() {
  add_move(i386::ESI, kWindow + 0x100 + random_.below(0x100));
  add_move(i386::EDI, kWindow + 0x100 + random_.below(0x100));
  add_move(i386::ECX, random_.below(20));
  static constexpr uint8_t kStrings[] = {0xa4, 0xa5, 0xa6, 0xa7, 0xaa,
                                         0xab, 0xac, 0xad, 0xae, 0xaf};
  const uint8_t opcode = random_.pick(kStrings);
  switch (random_.below(3)) {
    case 0:
      return add_bytes({0xf3, opcode});
    case 1:
      return add_bytes({0xf2, opcode});
    default:
      return add_bytes({opcode});
  }
}

void SequenceGenerator::add_flags_through_stack() {
  if (skip_ > 0 || stopped_) return;
  add_bytes({0x9c});
  if (random_.percent(60)) add_random();
  if (random_.percent(60)) add_bytes({0x9d});
}

}  // namespace ferry::fuzz
