// Every row of instructions.inc with minimum, typical and maximum operands, against binutils: each
// row is written as assembly text, binutils assembles it, and the words are compared. Also compares
// what WordEffects says of each row with what the row's format implies.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "host/mips64/assembler.hpp"

namespace ferry::mips64 {
namespace {

constexpr unsigned kVariants = 3;  ///< minimum, typical, maximum
/// Registers of each variant; all different in the typical one.
constexpr unsigned kFirst[kVariants] = {0, 16, 31}, kSecond[kVariants] = {0, 9, 31},
                   kThird[kVariants] = {0, 4, 31};
constexpr unsigned kShift[kVariants] = {0, 13, 31}, kScale[kVariants] = {1, 3, 4};
constexpr int32_t kSigned[kVariants] = {-32768, 0x1234, 32767},
                  kUnsigned[kVariants] = {0, 0x9234, 65535};
constexpr unsigned kPosition[kVariants] = {0, 5, 31}, kSize[kVariants] = {32, 11, 1};
constexpr uint32_t kCode[kVariants] = {0, 0x12345, 0xfffff};
constexpr uintptr_t kTarget[kVariants] = {0, 0x123454, 0x0ffffffc};
constexpr int kBranchWords[kVariants] = {-2, -1, 0};  ///< from the branch to its target, as `.+4*n`

struct Emitted {
  std::string name;
  std::string text;
  uint32_t word;
  unsigned variant;
  std::string_view format;
};

std::string reg(unsigned number) {
  return "$" + std::to_string(number);
}
template <typename... Parts>
std::string line(std::string_view mnemonic, const Parts&... parts) {
  std::string text(mnemonic);
  const char* separator = " ";
  ((text += separator, text += parts, separator = ", "), ...);
  return text;
}
std::string number(int64_t value) {
  return std::to_string(value);
}
std::string memory(int32_t offset, unsigned base) {
  return number(offset) + "(" + reg(base) + ")";
}

class Emitter {
 public:
  Emitter() : as_(words_, kCapacity) {}

  std::vector<Emitted> all() {
    for (unsigned v = 0; v < kVariants; ++v) {
      const Gpr first(kFirst[v]), second(kSecond[v]), third(kThird[v]);
      const std::string r1 = reg(kFirst[v]), r2 = reg(kSecond[v]), r3 = reg(kThird[v]);
      std::string text;
      const auto branch = [&](auto emit) {
        // Two words before the branch, so that its target can lie at or past it.
        Label label;
        if (kBranchWords[v] == -2) as_.bind(label);
        as_.NOP();
        if (kBranchWords[v] == -1) as_.bind(label);
        as_.NOP();
        if (kBranchWords[v] == 0) as_.bind(label);
        emit(label);
      };
      const std::string to = ". + 4 * " + number(kBranchWords[v]);
#define EMIT_rd_rs_rt(NAME, T) as_.NAME(first, second, third), text = line(T, r1, r2, r3)
#define EMIT_rd_rt_rs(NAME, T) EMIT_rd_rs_rt(NAME, T)
#define EMIT_rd_rt_sa(NAME, T) \
  as_.NAME(first, second, kShift[v]), text = line(T, r1, r2, number(kShift[v]))
#define EMIT_rd_rs_rt_sa2(NAME, T) \
  as_.NAME(first, second, third, kScale[v]), text = line(T, r1, r2, r3, number(kScale[v]))
#define EMIT_rs_rt(NAME, T) as_.NAME(first, second), text = hi_lo_line(T, r1, r2)
#define EMIT_rd(NAME, T) as_.NAME(first), text = line(T, r1)
#define EMIT_rs(NAME, T) EMIT_rd(NAME, T)
// binutils refuses a JALR whose registers are the same.
#define EMIT_rd_rs(NAME, T) \
  as_.NAME(Gpr(kSecond[v] ^ 1), first), text = line(T, reg(kSecond[v] ^ 1), r1)
#define EMIT_rd_rt(NAME, T) as_.NAME(first, second), text = line(T, r1, r2)
#define EMIT_rt_rs_simm(NAME, T) \
  as_.NAME(first, second, kSigned[v]), text = line(T, r1, r2, number(kSigned[v]))
#define EMIT_rt_rs_uimm(NAME, T) \
  as_.NAME(first, second, kUnsigned[v]), text = line(T, r1, r2, number(kUnsigned[v]))
#define EMIT_rt_uimm(NAME, T) \
  as_.NAME(first, kUnsigned[v]), text = line(T, r1, number(kUnsigned[v]))
#define EMIT_rt_offset_base(NAME, T) \
  as_.NAME(first, kSigned[v], second), text = line(T, r1, memory(kSigned[v], kSecond[v]))
#define EMIT_rt_rs_pos_size(NAME, T)               \
  as_.NAME(first, second, kPosition[v], kSize[v]), \
      text = line(T, r1, r2, number(kPosition[v]), number(kSize[v]))
#define EMIT_rs_rt_branch(NAME, T) \
  branch([&](Label& label) { as_.NAME(first, second, label); }), text = line(T, r1, r2, to)
#define EMIT_rs_branch(NAME, T) \
  branch([&](Label& label) { as_.NAME(first, label); }), text = line(T, r1, to)
#define EMIT_jump(NAME, T)                                 \
  as_.NAME(reinterpret_cast<const uint32_t*>(kTarget[v])), \
      text = line(T, number(static_cast<int64_t>(kTarget[v])))
#define EMIT_none(NAME, T) as_.NAME(), text = T
#define EMIT_code20(NAME, T) as_.NAME(kCode[v]), text = code_line(T, kCode[v])
#define EMIT_offset_base(NAME, T) \
  as_.NAME(kSigned[v], second), text = line(T, memory(kSigned[v], kSecond[v]))
#define ROW(NAME, T, format, word) \
  EMIT_##format(NAME, T);          \
  take(#NAME, text, v, #format);
#include "host/mips64/instructions.inc"
#undef ROW
    }
    return std::move(emitted_);
  }

 private:
  static constexpr uint32_t kCapacity = 4096;

  /// For binutils a division with two operands is a macro.
  static std::string hi_lo_line(std::string_view mnemonic, const std::string& a,
                                const std::string& b) {
    const bool division = mnemonic.find("div") != std::string_view::npos;
    return division ? line(mnemonic, std::string("$0"), a, b) : line(mnemonic, a, b);
  }
  /// The text of BREAK has the code as two halves of ten bits.
  static std::string code_line(std::string_view mnemonic, uint32_t code) {
    if (mnemonic == "break") return line(mnemonic, number(code >> 10), number(code & 0x3ff));
    return line(mnemonic, number(code));
  }
  void take(const char* name, const std::string& text, unsigned variant, std::string_view format) {
    emitted_.push_back({name, text, as_.word(as_.position() - 1), variant, format});
  }

  uint32_t words_[kCapacity];
  Assembler as_;
  std::vector<Emitted> emitted_;
};

/// The words that binutils makes from the texts.
std::vector<uint32_t> assemble(const std::vector<Emitted>& rows) {
  const std::string base = testing::TempDir() + "encode_test";
  std::ofstream source(base + ".s");
  source << ".set noreorder\n.set noat\n.set nomacro\n";
  for (const Emitted& row : rows) {
    const bool msa = row.format == "rd_rs_rt_sa2";
    const bool jump = row.format == "jump";
    if (msa) source << ".set push\n.set msa\n";
    // A jump to a number makes a relocation, which objcopy would not apply, so the word is written
    // as a number.
    source << (jump ? ".word (" + std::to_string(row.name == "J" ? 0x08000000 : 0x0c000000) +
                          ") + (" + row.text.substr(row.text.find(' ')) + ") / 4"
                    : row.text)
           << "\n";
    if (msa) source << ".set pop\n";
  }
  source.close();
  const std::string command = CROSS_AS " -mabi=64 -march=mips64r2 -EL -mno-fix-loongson3-llsc -o " +
                              base + ".o " + base + ".s && " CROSS_OBJCOPY " -O binary -j .text " +
                              base + ".o " + base + ".bin";
  if (std::system(command.c_str()) != 0) return {};
  std::ifstream binary(base + ".bin", std::ios::binary);
  std::vector<uint32_t> words(rows.size());
  binary.read(reinterpret_cast<char*>(words.data()),
              static_cast<std::streamsize>(words.size() * 4));
  if (binary.gcount() != static_cast<std::streamsize>(words.size() * 4)) return {};
  return words;
}

TEST(Encode, EveryRowAsBinutilsDoes) {
  if (std::string_view(CROSS_AS).ends_with("NOTFOUND"))
    GTEST_SKIP() << "no mips64el-linux-gnuabi64-as: install it";
  const std::vector<Emitted> rows = Emitter().all();
  const std::vector<uint32_t> expected = assemble(rows);
  ASSERT_EQ(expected.size(), rows.size()) << "the cross assembler refuses the texts";
  for (size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(rows[i].word, expected[i]) << rows[i].text;
}

struct Masks {
  uint32_t reads = 0;
  uint32_t writes = 0;
};

constexpr uint32_t bit(unsigned reg) {
  return reg == 0 ? 0 : 1u << reg;
}

bool one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  for (const std::string_view candidate : names) {
    if (name == candidate) return true;
  }
  return false;
}

/// The registers that are read and written by the format and the manual's description.
Masks expected_masks(const Emitted& row) {
  const uint32_t a = bit(kFirst[row.variant]), b = bit(kSecond[row.variant]),
                 c = bit(kThird[row.variant]);
  const std::string_view format = row.format, name = row.name;
  if (format == "rd_rs_rt" || format == "rd_rt_rs" || format == "rd_rs_rt_sa2") {
    return {b | c | (one_of(name, {"MOVZ", "MOVN"}) ? a : 0), a};
  }
  if (format == "rs_rt" || format == "rs_rt_branch") return {a | b, 0};
  if (format == "rd") return {0, a};
  if (format == "rs" || format == "rs_branch") return {a, 0};
  if (format == "rd_rs") return {a, bit(kSecond[row.variant] ^ 1)};
  if (format == "jump") return {0, name == "JAL" ? bit(31) : 0};
  if (format == "none" || format == "code20") return {};
  if (format == "offset_base") return {b, 0};
  if (format == "rt_uimm") return {0, a};
  if (format == "rt_rs_pos_size") return {b | (one_of(name, {"INS", "DINS"}) ? a : 0), a};
  if (format == "rt_offset_base") {
    if (one_of(name, {"SC", "SCD"})) return {a | b, a};
    if (name[0] == 'S') return {a | b, 0};
    return {b | (one_of(name, {"LWL", "LWR", "LDL", "LDR"}) ? a : 0), a};
  }
  return {b, a};  // rd_rt, rd_rt_sa, rt_rs_simm, rt_rs_uimm
}

TEST(Encode, EffectsOfEveryRow) {
  for (const Emitted& row : Emitter().all()) {
    const WordEffects effects(row.word);
    const Masks masks = expected_masks(row);
    // More may be claimed than is read: that only keeps a word out of a delay slot.
    for (uint32_t reg = 0; reg < 32; ++reg) {
      EXPECT_TRUE(effects.reads(reg) || (masks.reads >> reg & 1) == 0) << row.text << " " << reg;
    }
    const uint32_t written = effects.destination();
    EXPECT_EQ(written == 0 ? 0 : 1u << written, masks.writes) << row.text;
    const bool branches = row.format == "rs_branch" || row.format == "rs_rt_branch" ||
                          row.format == "jump" || one_of(row.name, {"JR", "JALR"});
    EXPECT_EQ(effects.control(), branches || row.name == "SYNCI") << row.text;
    EXPECT_EQ(effects.memory(), row.format == "rt_offset_base") << row.text;
    const bool fixed = one_of(row.name, {"LL", "LLD", "SC", "SCD", "SYNC", "SYSCALL", "BREAK",
                                         "MFHI", "MFLO", "MTHI", "MTLO"}) ||
                       row.format == "rs_rt";
    EXPECT_EQ(effects.fixed(), fixed) << row.text;
  }
}

}  // namespace
}  // namespace ferry::mips64
