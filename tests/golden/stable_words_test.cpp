// A block's words depend only on its guest code, so that they could be kept in a file and used by
// another process. This test shows two things: the words change neither with the order in which
// blocks are translated nor with the place of the block in the code cache. The golden files show
// that the words hold no address of C++ code or data, as golden_tool is loaded at another address
// in every run.
#include <gtest/gtest.h>

#include "guest/i386/decode/decoder.hpp"
#include "guest/memory/memory.hpp"
#include "guest_code.hpp"
#include "translate/i386_to_mips64/run/code_place.hpp"
#include "translate/i386_to_mips64/run/translator.hpp"

namespace ferry::golden {
namespace {

constexpr size_t kCacheBytes = size_t{16} << 20;

std::vector<Bytes> all_code() {
  std::vector<Bytes> all;
  for (uint16_t index = 0; index < i386::row_count(); ++index) {
    for (const Bytes& form : forms_of(index)) all.push_back(form);
  }
  for (const NamedBlock& block : blocks_of(FERRY_GOLDEN_BLOCKS)) all.push_back(block.code);
  return all;
}

/// Translates each code as if it stood alone in memory, and keeps all blocks.
class Translations {
 public:
  explicit Translations(uint32_t words_before)
      : cache_(kCacheBytes, translate::run::kCodePlace), translator_(options_, memory_, cache_) {
    cache_.commit(words_before);
  }

  std::vector<uint32_t> translate(const Bytes& code) {
    GuestMemory::put(code);
    translator_.forget_analysis();
    engine::BlockDraft out;
    cache_.open(out);
    EXPECT_TRUE(translator_.translate(kGuestCode, cache_.next(), cache_.free_words(), out));
    if (out.block->guest_instructions == 0) return {};
    const engine::Block* const block = cache_.add(out);
    std::vector<uint32_t> words(block->code, block->code + block->words);
    for (uint32_t& word : words) make_relative(word, *block);
    return words;
  }

 private:
  /// The only words of a block that depend on its place are jumps to its own words. A loader can
  /// tell them from jumps to the permanent code, which never moves.
  static void make_relative(uint32_t& word, const engine::Block& block) {
    const uint32_t major = word >> 26;
    if (major != 2 && major != 3) return;
    const auto begin =
        static_cast<uint32_t>(reinterpret_cast<uintptr_t>(block.code) >> 2 & 0x03ff'ffff);
    const uint32_t target = word & 0x03ff'ffff;
    if (target >= begin && target <= begin + block.words) word -= begin;
  }

  const translate::Options options_;
  const GuestMemory memory_;
  engine::CodeCache cache_;
  translate::run::BlockTranslator translator_;
};

TEST(StableWords, OrderAndPlaceChangeNothing) {
  const std::vector<Bytes> code = all_code();
  ASSERT_GT(code.size(), 1000u);
  std::vector<std::vector<uint32_t>> forward(code.size());
  {
    Translations translations(0);
    for (size_t i = 0; i < code.size(); ++i) forward[i] = translations.translate(code[i]);
  }
  Translations translations(5002);
  for (size_t i = code.size(); i-- > 0;) {
    EXPECT_EQ(translations.translate(code[i]), forward[i]) << "block " << i;
  }
}

}  // namespace
}  // namespace ferry::golden
