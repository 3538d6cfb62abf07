#include "probes.hpp"

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <map>

#include "compare.hpp"
#include "guest/i386/flags.hpp"
#include "text.hpp"

namespace ferry::semantics {

using enum i386::Gpr;

namespace {

/// Unmapped addresses, far from each other.
constexpr uint32_t kMissing = 0x30000000, kElsewhere = 0x38000000;
/// Unmapped addresses below 64 KB, for 16-bit addressing.
constexpr uint32_t kLow = 0x3000, kLowElsewhere = 0x2000;
constexpr uint8_t kCodeSelector = 0x23, kBadSelector = 0x10;

constexpr const char* kFxsavePointers = "FXSAVE, its pointers";
constexpr const char* kFxsaveMask = "FXSAVE, its MXCSR_MASK";
constexpr const char* kEnvironmentPointers = "FNSTENV, its pointers";

struct Register {
  i386::Gpr gpr;
  uint32_t value;
};

Case make(std::initializer_list<uint8_t> code, std::initializer_list<Register> registers) {
  Case test{};
  for (unsigned i = 0; i < 8; ++i) test.gpr[i] = 0x01010101 * (i + 1);
  test.gpr[ESP] = kWindow + 0x800;
  for (const Register& reg : registers) test.gpr[reg.gpr] = reg.value;
  constexpr uint32_t kFlagsBefore = i386::eflags::CF | i386::eflags::SF;
  test.eflags = i386::eflags::IF | i386::eflags::kReserved1 | kFlagsBefore;
  test.window_seed = 1;
  test.length = static_cast<uint8_t>(code.size());
  std::copy(code.begin(), code.end(), test.code);
  return test;
}

Case with_patch(Case test, uint32_t address, std::initializer_list<uint8_t> bytes) {
  test.patch_offset = static_cast<uint16_t>(address - kWindow);
  test.patch_length = static_cast<uint8_t>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), test.patch);
  return test;
}

Case with_step(Case test) {
  test.options |= kSingleStep;
  return test;
}

/// Adds x87 state: 1.0 in every register, pointers that no instruction has, all exceptions masked
/// except `unmasked`.
Case with_x87(Case test, uint16_t unmasked = 0) {
  test.options |= kX87;
  test.x87.control = static_cast<uint16_t>(0x37f & ~unmasked);
  test.x87.instruction_pointer = 0x11111111;
  test.x87.instruction_selector = 0x1234;
  test.x87.opcode = 0x123;
  test.x87.data_pointer = 0x22222222;
  test.x87.data_selector = 0x9234;
  for (auto& value : test.x87.registers) {
    constexpr uint8_t kOne[] = {0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0x3f};
    std::memcpy(value, kOne, sizeof kOne);
  }
  return test;
}

Case with_st0(Case test, std::initializer_list<uint8_t> bytes) {
  std::copy(bytes.begin(), bytes.end(), test.x87.registers[0]);
  return test;
}

/// Of an image of `size` bytes that is stored at `address`, only the bytes from `begin` to `end`
/// count.
Case with_only(Case test, uint32_t address, uint32_t size, uint32_t begin, uint32_t end) {
  const auto offset = static_cast<uint16_t>(address - kDataRegion);
  test.ignored[0] = {offset, static_cast<uint16_t>(begin)};
  test.ignored[1] = {static_cast<uint16_t>(offset + end), static_cast<uint16_t>(size - end)};
  return test;
}

using List = std::vector<Probe>;

void add_strings(List& list) {
  const std::vector<Landmark> names = {
      {kMissing, "(E)SI"}, {kElsewhere, "(E)DI"}, {kLow, "(E)SI"}, {kLowElsewhere, "(E)DI"}};
  const auto both = [&](const char* name, std::initializer_list<uint8_t> code) {
    list.push_back({name, make(code, {{ECX, 4}, {ESI, kMissing}, {EDI, kElsewhere}}), names});
  };
  both("CMPSB, both missing", {0xa6});
  both("CMPSW, both missing", {0x66, 0xa7});
  both("CMPSD, both missing", {0xa7});
  both("REPE CMPSB, both missing", {0xf3, 0xa6});
  both("REPNE CMPSD, both missing", {0xf2, 0xa7});
  both("CMPSB, null segment and missing", {0x64, 0xa6});
  both("REPE CMPSD, null segment and missing", {0xf3, 0x64, 0xa7});
  both("MOVSB, both missing", {0xa4});
  both("MOVSD, both missing", {0xa5});
  both("REP MOVSB, both missing", {0xf3, 0xa4});
  both("REP MOVSD, both missing", {0xf3, 0xa5});
  both("MOVSD, null segment and missing", {0x64, 0xa5});
  const auto low = [&](const char* name, std::initializer_list<uint8_t> code) {
    list.push_back({name, make(code, {{ECX, 4}, {ESI, kLow}, {EDI, kLowElsewhere}}), names});
  };
  low("CMPSD with 16-bit addresses, both missing", {0x67, 0xa7});
  low("MOVSD with 16-bit addresses, both missing", {0x67, 0xa5});
  const uint32_t end = kDataEnd - 4;
  list.push_back({"REPE CMPSB stopped by a fault",
                  make({0xf3, 0xa6}, {{ECX, 9}, {ESI, end}, {EDI, end}}),
                  {{kDataEnd, "the missing page"}}});
  list.push_back(
      {"REPNE SCASB stopped by a fault",
       with_patch(make({0xf2, 0xae}, {{EAX, 1}, {ECX, 9}, {EDI, end}}), end, {0, 0, 0, 0}),
       {{kDataEnd, "the missing page"}}});
}

void add_stack(List& list) {
  const std::vector<Landmark> names = {{kMissing, "operand"},
                                       {kElsewhere, "stack"},
                                       {kElsewhere + 4, "stack, upper slot"},
                                       {kDataRegion - 4, "stack, lower slot"},
                                       {kDataEnd, "stack, missing page"}};
  const auto add = [&](const char* name, const Case& test) { list.push_back({name, test, names}); };
  add("PUSH m, both missing", make({0xff, 0x30}, {{EAX, kMissing}, {ESP, kElsewhere + 4}}));
  add("POP m, both missing", make({0x8f, 0x00}, {{EAX, kMissing}, {ESP, kElsewhere}}));
  add("POP m, operand missing", make({0x8f, 0x00}, {{EAX, kMissing}}));
  add("CALL m, both missing",
      with_step(make({0xff, 0x10}, {{EAX, kMissing}, {ESP, kElsewhere + 4}})));
  add("CALL far m, both missing",
      with_step(make({0xff, 0x18}, {{EAX, kMissing}, {ESP, kElsewhere + 8}})));
  const auto far_call = [&](uint8_t selector, uint32_t esp) {
    return with_step(make({0x9a, 0, 8, 0, 0x40, selector, 0}, {{ESP, esp}}));
  };
  add("CALL far, stack missing", far_call(kCodeSelector, kElsewhere + 8));
  add("CALL far, bad selector and stack missing", far_call(kBadSelector, kElsewhere + 8));
  add("CALL far, lower slot missing", far_call(kCodeSelector, kDataRegion + 4));
  add("RET far, selector missing", with_step(make({0xcb}, {{ESP, kDataEnd - 4}})));
  add("RET far, half of the selector missing",
      with_step(with_patch(make({0xcb}, {{ESP, kDataEnd - 6}}), kDataEnd - 6,
                           {0, 8, 0, 0x40, kCodeSelector, 0})));
  add("RET far, bad selector, outer stack missing",
      with_step(with_patch(make({0xcb}, {{ESP, kDataEnd - 8}}), kDataEnd - 8,
                           {0, 8, 0, 0x40, kBadSelector, 0, 0, 0})));
  add("IRET, bad selector, outer stack missing",
      with_step(with_patch(make({0xcf}, {{ESP, kDataEnd - 12}}), kDataEnd - 12,
                           {0, 8, 0, 0x40, kBadSelector, 0, 0, 0, 2, 2, 0, 0})));
  add("PUSH FS, its slot", make({0x0f, 0xa0}, {}));
  add("PUSH FS, half of the slot missing", make({0x0f, 0xa0}, {{ESP, kDataEnd + 2}}));
  add("POP FS, half of the slot missing",
      with_patch(make({0x0f, 0xa1}, {{ESP, kDataEnd - 2}}), kDataEnd - 2, {0x2b, 0}));
}

void add_frames(List& list) {
  const std::vector<Landmark> names = {
      {kMissing, "frame pointer's"},     {kElsewhere, "lowest slot"},
      {kElsewhere + 28, "highest slot"}, {kDataRegion - 4, "slot below the page"},
      {kDataRegion - 16, "lowest slot"}, {kDataEnd, "page's end"},
      {kDataEnd + 12, "highest slot"}};
  const auto add = [&](const char* name, const Case& test) { list.push_back({name, test, names}); };
  add("ENTER, stack and link missing",
      make({0xc8, 0x10, 0, 2}, {{ESP, kElsewhere + 4}, {EBP, kMissing + 4}}));
  add("ENTER, link missing", make({0xc8, 0x10, 0, 2}, {{EBP, kMissing + 4}}));
  add("ENTER, final stack pointer missing",
      make({0xc8, 0x00, 0x20, 0}, {{ESP, kDataRegion + 0x100}}));
  add("LEAVE, missing", make({0xc9}, {{EBP, kMissing}}));
  add("PUSHA, all missing", make({0x60}, {{ESP, kElsewhere + 32}}));
  add("PUSHA, lower half missing", make({0x60}, {{ESP, kDataRegion + 16}}));
  add("PUSHA, upper half missing", make({0x60}, {{ESP, kDataEnd + 16}}));
  add("POPA, all missing", make({0x61}, {{ESP, kElsewhere}}));
  add("POPA, upper half missing", make({0x61}, {{ESP, kDataEnd - 16}}));
  add("POPA, lower half missing", make({0x61}, {{ESP, kDataRegion - 16}}));
}

void add_splits(List& list) {
  constexpr uint32_t kSplit = kMissing + 0xffe;
  const std::vector<Landmark> names = {{kSplit, "first byte"},
                                       {kMissing + 0xffc, "first byte"},
                                       {kMissing + 0x1000, "second page"},
                                       {kDataEnd, "second page"},
                                       {kDataRegion - 2, "first byte"},
                                       {kDataRegion - 4, "offset"},
                                       {kMissing, "operand"},
                                       {kReadOnlyRegion, "operand"}};
  const auto add = [&](const char* name, const Case& test) { list.push_back({name, test, names}); };
  const auto at = [](std::initializer_list<uint8_t> code, uint32_t address) {
    return make(code, {{EAX, 0}, {EBX, address}});
  };
  add("load, both pages missing", at({0x8b, 0x03}, kSplit));
  add("store, both pages missing", at({0x89, 0x03}, kSplit));
  add("ADD to memory, both pages missing", at({0x01, 0x03}, kSplit));
  add("ADD to memory, missing", at({0x01, 0x03}, kMissing));
  add("store, first page missing", at({0x89, 0x03}, kDataRegion - 2));
  add("store, second page missing", at({0x89, 0x03}, kDataEnd - 2));
  add("load across the end of 4 GB", at({0x8b, 0x03}, 0xfffffffe));
  add("push across the end of 4 GB", make({0x50}, {{ESP, 2}}));
  add("LSS, offset missing, null selector", at({0x0f, 0xb2, 0x03}, kDataRegion - 4));
  add("LES, offset missing", at({0xc4, 0x03}, kDataRegion - 4));
  add("BOUND, both pages missing", at({0x62, 0x03}, kMissing + 0xffc));
  add("BOUND, first bound violated, second missing",
      with_patch(at({0x62, 0x03}, kDataEnd - 4), kDataEnd - 4, {1, 0, 0, 0}));
  add("CMPXCHG8B, missing", at({0x0f, 0xc7, 0x0b}, kMissing));
  add("CMPXCHG8B, both pages missing", at({0x0f, 0xc7, 0x0b}, kMissing + 0xffc));
  add("CMPXCHG8B, second page missing", at({0x0f, 0xc7, 0x0b}, kDataEnd - 4));
  add("CMPXCHG8B, unequal, read-only", at({0x0f, 0xc7, 0x0b}, kReadOnlyRegion));
  add("CMPXCHG, unequal, read-only", at({0x0f, 0xb1, 0x0b}, kReadOnlyRegion));
  add("XCHG, missing", at({0x87, 0x0b}, kMissing));
  add("XCHG, read-only", at({0x87, 0x0b}, kReadOnlyRegion));
  add("XCHG, both pages missing", at({0x87, 0x0b}, kSplit));
}

void add_undefined_results(List& list) {
  const auto add = [&](const char* name, std::initializer_list<uint8_t> code) {
    list.push_back({name, make(code, {{EAX, 0x12345678}, {ECX, 0}}), {}});
  };
  add("BSF of 0", {0x0f, 0xbc, 0xc1});
  add("BSF of 0, 16 bits", {0x66, 0x0f, 0xbc, 0xc1});
  add("BSR of 0", {0x0f, 0xbd, 0xc1});
  add("BSWAP of 16 bits", {0x66, 0x0f, 0xc8});
}

void add_x87_faults(List& list) {
  const auto at = [](std::initializer_list<uint8_t> code, uint32_t address) {
    return with_x87(make(code, {{EBX, address}}));
  };
  const std::vector<Landmark> names = {{kDataEnd, "page's end"},
                                       {kMissing, "operand"},
                                       {kMissing + 0xff8, "first byte"},
                                       {kMissing + 0x1000, "second page"}};
  const auto add = [&](const char* name, const Case& test) { list.push_back({name, test, names}); };
  add("FLD m80, both pages missing", at({0xdb, 0x2b}, kMissing + 0xff8));
  add("FSTP m80, both pages missing", at({0xdb, 0x3b}, kMissing + 0xff8));
  add("FSTP m80 across a page's end", at({0xdb, 0x3b}, kDataEnd - 8));
  add("FBSTP across a page's end", at({0xdf, 0x33}, kDataEnd - 8));
  add("FNSTENV across a page's end", at({0xd9, 0x33}, kDataEnd - 14));
  add("FLDENV across a page's end", at({0xd9, 0x23}, kDataEnd - 14));
  add("FNSAVE across a page's end", at({0xdd, 0x33}, kDataEnd - 54));
  add("FRSTOR across a page's end", at({0xdd, 0x23}, kDataEnd - 54));
  add("FXSAVE across a page's end", at({0x0f, 0xae, 0x03}, kDataEnd - 256));
  add("FXRSTOR across a page's end",
      with_patch(at({0x0f, 0xae, 0x0b}, kDataEnd - 256), kDataEnd - 256 + 24, {0x80, 0x1f, 0, 0}));
  add("FNSAVE, missing", at({0xdd, 0x33}, kMissing));
  add("FXSAVE, missing", at({0x0f, 0xae, 0x03}, kMissing));
}

void add_x87_state(List& list) {
  const auto add = [&](const char* name, const Case& test) {
    list.push_back({name, test, {{kMissing, "operand"}}});
  };
  const Case load = with_patch(make({0xd9, 0x03}, {{EBX, kWindow}}), kWindow, {1, 0, 0x80, 0x7f});
  Case room = with_x87(load);
  room.x87.tags = 3 << 14;  // the register that becomes the top is empty
  constexpr uint16_t kInvalid = 1, kUnderflow = 1 << 4;
  Case trapped = room;
  trapped.x87.control = static_cast<uint16_t>(trapped.x87.control & ~kInvalid);
  add("FLD m32, x87 pointers", room);
  add("FLD m32 with an unmasked exception, x87 pointers", trapped);
  add("FSTP m32 with an unmasked exception, missing",
      with_st0(with_x87(make({0xd9, 0x1b}, {{EBX, kMissing}}), kInvalid),
               {1, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0x7f}));
  add("FPREM of a denormal number, underflow unmasked",
      with_st0(with_x87(make({0xd9, 0xf8}, {}), kUnderflow), {1, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
  add("FSCALE of a denormal number, underflow unmasked",
      with_st0(with_x87(make({0xd9, 0xfd}, {}), kUnderflow), {1, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
  const auto image = [](std::initializer_list<uint8_t> code, uint32_t size, uint32_t begin,
                        uint32_t end) {
    const uint32_t address = kWindow + 0x100;
    return with_only(with_x87(make(code, {{EBX, address}})), address, size, begin, end);
  };
  // SDM vol. 1, tables 10-2 and 8-9: FOP to FDS, MXCSR_MASK; FCS to FDS.
  list.push_back({kFxsavePointers, image({0x0f, 0xae, 0x03}, 512, 6, 22), {}, true});
  list.push_back({kFxsaveMask, image({0x0f, 0xae, 0x03}, 512, 28, 32), {}, true});
  list.push_back({kEnvironmentPointers, image({0xd9, 0x33}, 28, 16, 26), {}, true});
}

[[nodiscard]] const char* vector_name(uint32_t vector) {
  switch (vector) {
    case 1:
      return "#DB";
    case 5:
      return "#BR";
    case 6:
      return "#UD";
    case 11:
      return "#NP";
    case 12:
      return "#SS";
    case 13:
      return "#GP";
    case 14:
      return "#PF";
    case 16:
      return "#MF";
    case 17:
      return "#AC";
    default:
      return "another vector";
  }
}

void append_fault(const Probe& probe, const Result& result, std::string& text) {
  constexpr uint32_t kPageFaultVector = 14, kWrite = 2;
  text += vector_name(result.vector);
  if (result.vector != kPageFaultVector) {
    append(text, "(%x)", result.error_code);
    return;
  }
  text += (result.error_code & kWrite) != 0 ? " writing" : " reading";
  const auto found = std::find_if(probe.landmarks.begin(), probe.landmarks.end(),
                                  [&](const auto& mark) { return mark.address == result.address; });
  if (found != probe.landmarks.end()) {
    append(text, " at %s", found->name);
  } else {
    append(text, " at %x", result.address);
  }
}

constexpr const char* kNames[] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};

void append_values(const Probe& probe, const Result& result, std::string& text) {
  for (unsigned i = 0; i < 8; ++i) {
    if (result.gpr[i] != probe.test.gpr[i]) append(text, "; %s = %x", kNames[i], result.gpr[i]);
  }
}

void append_registers(const Probe& probe, const Result& result, std::string& text) {
  for (unsigned i = 0; i < 8; ++i) {
    if (result.gpr[i] != probe.test.gpr[i]) append(text, "; %s changed", kNames[i]);
  }
  const bool same = ((result.eflags ^ probe.test.eflags) & i386::eflags::kArithmetic) == 0;
  text += same ? "; flags as before" : "; flags changed";
}

void append_x87(const Probe& probe, const Result& result, std::string& text) {
  const auto pointer = [&](const char* name, uint32_t before, uint32_t now) {
    append(text, "; %s %s", name, now == before ? "kept" : now == 0 ? "0" : "new");
  };
  const X87Image& before = probe.test.x87;
  append(text, "; x87 status %x", result.x87.status);
  pointer("fop", before.opcode, result.x87.opcode);
  pointer("fip", before.instruction_pointer, result.x87.instruction_pointer);
  pointer("fdp", before.data_pointer, result.x87.data_pointer);
  pointer("fcs", before.instruction_selector, result.x87.instruction_selector);
  pointer("fds", before.data_selector, result.x87.data_selector);
}

}  // namespace

const std::vector<Probe>& probes() {
  static const List list = [] {
    List all;
    add_strings(all);
    add_stack(all);
    add_frames(all);
    add_splits(all);
    add_undefined_results(all);
    add_x87_faults(all);
    add_x87_state(all);
    return all;
  }();
  return list;
}

std::string describe_answer(const Probe& probe, const Result& result) {
  std::string text;
  const bool completed = result.vector == kCompleted;
  if (completed) {
    text = "completes";
  } else {
    append_fault(probe, result, text);
  }
  if (result.changed_bytes != 0) {
    append(text, "; %u bytes stored", result.changed_bytes);
    if (result.changed_bytes <= sizeof result.changed) text += ":";
    for (unsigned i = 0; result.changed_bytes <= sizeof result.changed && i < result.changed_bytes;
         ++i) {
      append(text, " %02x", result.changed[i]);
    }
  }
  if (completed) append_values(probe, result, text);
  if (!completed) append_registers(probe, result, text);
  if (completed && (probe.test.options & kX87) != 0) append_x87(probe, result, text);
  return text;
}

std::string ask(const Probe& probe, Executor& processor) {
  constexpr unsigned kQuestions = 5;
  std::map<std::string, unsigned> answers;
  for (unsigned i = 0; i < kQuestions; ++i) {
    Result result{};
    processor.run({&probe.test, 1}, {&result, 1});
    ++answers[describe_answer(probe, result)];
  }
  return std::max_element(answers.begin(), answers.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
}

OwnBytes ask_own_bytes(Executor& processor, Executor& ferry) {
  const auto differs = [&](std::string_view name) {
    const auto probe = std::find_if(probes().begin(), probes().end(),
                                    [&](const Probe& each) { return each.name == name; });
    return ask(*probe, processor) != ask(*probe, ferry);
  };
  return {.fxsave_pointers = differs(kFxsavePointers),
          .mxcsr_mask = differs(kFxsaveMask),
          .environment_pointers = differs(kEnvironmentPointers)};
}

}  // namespace ferry::semantics
