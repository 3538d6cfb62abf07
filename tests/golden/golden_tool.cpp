// Writes the MIPS code of every translated row and of common blocks as text, one file per family:
//   golden_tool FOLDER_TO_READ FOLDER_TO_WRITE
// The blocks are lines `name: hex` of blocks.in and sequences.in. compare.sh compares the files
// with the committed ones; ./dev golden replaces those. The code is for processors without MSA;
// blocks_msa has the blocks that differ with MSA, blocks_ordered and blocks_tso those that differ
// where accesses are ordered. sequences has those of x87 instructions, for the state that they are
// usually translated for.
#include <cstdio>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "common/diagnostics.hpp"
#include "disassembly/i386/disassemble.hpp"
#include "disassembly/mips64/disassemble.hpp"
#include "guest/i386/decode/decoder.hpp"
#include "guest/i386/x87/float80.hpp"
#include "guest/memory/memory.hpp"
#include "guest_code.hpp"
#include "translate/i386_to_mips64/emit/register_map.hpp"
#include "translate/i386_to_mips64/run/code_place.hpp"
#include "translate/i386_to_mips64/run/translator.hpp"

namespace ferry {

using golden::blocks_of;
using golden::Bytes;
using golden::forms_of;
using golden::hex_text;
using golden::kGuestCode;

namespace {

constexpr size_t kCacheBytes = size_t{4} << 20;

class GoldenTool {
 public:
  /// `expected`: the state that blocks are translated for (Translator::expect), or null.
  explicit GoldenTool(const translate::Options& options, const i386::CpuState* expected = nullptr)
      : cache_(kCacheBytes, translate::run::kCodePlace), translator_(options, memory_, cache_) {
    translator_.expect(expected);
  }

  /// The guest instructions and the code of the block that begins with `code`.
  std::string translate(const Bytes& code) {
    golden::GuestMemory::put(code);
    translator_.forget_analysis();
    translator_.forget_region(0);
    engine::BlockDraft out;
    cache_.open(out);
    CHECK(translator_.translate(kGuestCode, cache_.next(), cache_.free_words(), out));
    std::string text;
    uint32_t mark = 0;
    for (uint32_t word = 0; word < out.block->words; ++word) {
      for (; mark < out.marks.size() && out.marks[mark].word <= word; ++mark) {
        const bool again = mark > 0 && out.marks[mark].address == out.marks[mark - 1].address;
        if (!again) text += "    ; " + guest_text(out.marks[mark].address) + "\n";
      }
      text += host_text(cache_.next()[word], word);
    }
    return text;
  }

 private:
  static std::string guest_text(uint32_t address) {
    const auto* bytes = static_cast<const uint8_t*>(guest::host_pointer(address));
    return disassembly::disassemble_i386(bytes, i386::kMaxInstructionLength, address);
  }

  /// Shows places in the block as offsets and thunks by name, so that nothing depends on where code
  /// lies, and x87 operations without their slots, as a new operation moves the others.
  [[nodiscard]] std::string host_text(uint32_t word, uint32_t position) const {
    char place[16];
    std::snprintf(place, sizeof place, "    %04x  ", position * 4);
    const uint32_t major = word >> 26;
    std::string text = disassembly::disassemble_mips64(word, uint64_t{position} * 4);
    if (major == 2 || major == 3)
      text = (major == 2 ? "j " : "jal ") + target_name(word & 0x03ffffff);
    constexpr int32_t kOperations =
        translate::emit::offset::host_area(translate::emit::offset::kSlotFirstOperation);
    const uint32_t load =
        mips64::encode::rt_rs_imm(mips64::opcode::LD, mips64::t9, translate::emit::kState, 0);
    if (word >> 16 == load >> 16 && static_cast<int32_t>(word & 0xffff) >= kOperations)
      text = "ld $t9, operation($fp)";
    return place + text + "\n";
  }

  [[nodiscard]] std::string target_name(uint32_t field) const {
    const translate::emit::WaysOut& out = translator_.thunks().out;
    const std::pair<const uint32_t*, const char*> named[] = {
        {out.leave_direct, "leave_direct"},       {out.leave_indirect, "leave_indirect"},
        {out.leave_reason, "leave_reason"},       {out.call_interpreter, "call_interpreter"},
        {out.call_system, "call_system"},         {out.materialise, "materialise"},
        {translator_.thunks().restore, "restore"}};
    for (const auto& [address, name] : named) {
      if ((reinterpret_cast<uintptr_t>(address) >> 2 & 0x03ffffff) == field) return name;
    }
    for (unsigned a = 0; a < std::size(out.x87_add); ++a) {
      for (unsigned b = 0; b < std::size(out.x87_add[a]); ++b) {
        const auto routine = reinterpret_cast<uintptr_t>(out.x87_add[a][b]);
        if (routine != 0 && (routine >> 2 & 0x03ffffff) == field) {
          return "x87_add " + std::to_string(a) + " " + std::to_string(b);
        }
      }
    }
    const auto base =
        static_cast<uint32_t>(reinterpret_cast<uintptr_t>(cache_.next()) >> 2 & 0x03ffffff);
    char text[24];
    std::snprintf(text, sizeof text, "0x%x", (field - base) * 4);
    return text;
  }

  golden::GuestMemory memory_;
  engine::CodeCache cache_;
  translate::run::BlockTranslator translator_;
};

const char* family_name(i386::Family family) {
  static constexpr const char* kNames[] = {
      "data_transfer", "arithmetic", "logic_and_bits", "shift_rotate", "control_transfer", "string",
      "atomic",        "x87",        "simd",           "system"};
  return kNames[static_cast<unsigned>(family)];
}

/// The text of every family with a translated row.
std::map<std::string, std::string> row_files() {
  GoldenTool tool({.max_guest_instructions = 1});
  std::map<std::string, std::string> files;
  for (uint16_t index = 0; index < i386::row_count(); ++index) {
    const i386::Row& row = i386::row(index);
    if (row.execution != i386::Execution::translate) continue;
    std::string& file = files[family_name(row.family)];
    for (const Bytes& form : forms_of(index)) {
      const std::string name = disassembly::disassemble_i386(
          form.data(), static_cast<uint32_t>(form.size()), kGuestCode);
      file += hex_text(form) + "  " + name + "\n" + tool.translate(form) + "\n";
      if ((row.flags_written & i386::eflags::kArithmetic) == 0) continue;
      Bytes dead = form;
      dead.insert(dead.end(), {0x39, 0xc0});  // CMP EAX, EAX
      file += hex_text(form) + "  " + name + "  (flags dead)\n" + tool.translate(dead) + "\n";
    }
  }
  return files;
}

/// The text of each block of the file at `path`.
std::vector<std::string> block_texts(const std::string& path, const translate::Options& options,
                                     const i386::CpuState* expected = nullptr) {
  GoldenTool tool(options, expected);
  std::vector<std::string> texts;
  for (const auto& [name, code] : blocks_of(path.c_str())) {
    texts.push_back(name + "\n" + tool.translate(code) + "\n");
  }
  return texts;
}

int main(int argc, char** argv) {
  // With this channel on, every instruction has a mark.
  ferry::enable_log_channels(ferry::log_channel_bit(ferry::LogChannel::in_asm));
  if (argc != 3) die(2, "usage: golden_tool FOLDER_TO_READ FOLDER_TO_WRITE");
  const std::string folder = argv[1];
  const std::string blocks = folder + "/blocks.in";
  std::map<std::string, std::string> files = row_files();
  const std::vector<std::string> plain = block_texts(blocks, {});
  for (const std::string& text : plain) files["blocks"] += text;
  const std::pair<const char*, translate::Options> variants[] = {
      {"blocks_msa", {.msa = true}},
      {"blocks_ordered", {.order = translate::MemoryOrder::all_but_stack}},
      {"blocks_tso", {.order = translate::MemoryOrder::all}}};
  for (const auto& [name, options] : variants) {
    const std::vector<std::string> texts = block_texts(blocks, options);
    for (size_t i = 0; i < plain.size(); ++i) {
      if (texts[i] != plain[i]) files[name] += texts[i];
    }
  }
  i386::CpuState inexact;
  inexact.x87.status = i386::x87_status::PE;
  for (const std::string& text : block_texts(folder + "/sequences.in", {}, &inexact)) {
    files["sequences"] += text;
  }
  for (const auto& [name, text] : files) {
    std::ofstream(std::string(argv[2]) + "/" + name + ".txt") << text;
  }
  return 0;
}

}  // namespace
}  // namespace ferry

int main(int argc, char** argv) {
  return ferry::main(argc, argv);
}
