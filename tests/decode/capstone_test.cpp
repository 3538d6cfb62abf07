// Ferry's decoder against Capstone, an independent reading of the manual. A difference that
// known_disagreements.cpp does not list, with a reason, fails the test; so does an entry there that
// covers nothing.
//
// FERRY_DECODE_RANDOM sets the number of random strings (default 8 million, besides the
// enumeration).
#include <gtest/gtest.h>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "comparison.hpp"
#include "disassembly/i386/disassemble.hpp"
#include "known_disagreements.hpp"

namespace ferry::i386::test {
namespace {

class Tally {
 public:
  Tally() : counts_(known_disagreements().size()) {}

  void add(const ByteString& bytes) {
    ++strings_;
    bool differs = false;
    instructions_ += comparison_.compare(bytes, [&](const Difference& d) {
      differs = differs || find_known(d) < 0;
      pending_.push_back(find_known(d));
    });
    // Capstone recognises some prefixes only in some places. For the processor their order does not
    // matter, so both must agree about the instruction with its prefixes where Capstone expects
    // them.
    const ByteString canonical = differs ? with_canonical_prefixes(bytes) : bytes;
    if (canonical != bytes) {
      ++reordered_;
      pending_.clear();
      comparison_.compare(canonical, [&](const Difference& d) { count(d); });
    } else if (differs) {
      pending_.clear();
      comparison_.compare(bytes, [&](const Difference& d) { count(d); });
    }
    for (const int known : pending_) ++counts_[static_cast<unsigned>(known)];
    pending_.clear();
  }

  void report() const {
    std::printf("%" PRIu64 " byte strings, %" PRIu64 " instructions\n", strings_, instructions_);
    std::printf("%9" PRIu64
                " agree only with prefixes reordered and idle ones dropped: Capstone reads "
                "66, 67, F2 and F3 by their place\n",
                reordered_);
    for (unsigned i = 0; i < counts_.size(); ++i) {
      const KnownDisagreement& known = known_disagreements()[i];
      std::printf("%9" PRIu64 " %s: %.60s: %s\n", counts_[i], name(known.field),
                  known.mnemonics[0] != '\0' ? known.mnemonics : "any", known.reason);
      EXPECT_NE(counts_[i], 0u) << "stale: " << known.mnemonics << ": " << known.reason;
    }
    for (const auto& [what, example] : unlisted_) ADD_FAILURE() << what << ": " << example;
  }

  [[nodiscard]] uint64_t strings() const { return strings_; }

 private:
  void count(const Difference& d) {
    const int known = find_known(d);
    if (known >= 0) {
      ++counts_[static_cast<unsigned>(known)];
      return;
    }
    std::string what = name(d.field);
    what.append(" ").append(d.mnemonic());
    if (unlisted_.contains(what)) return;
    char values[64];
    std::snprintf(values, sizeof values, "%" PRIx32 " and Capstone %" PRIx32 " for", d.ours,
                  d.theirs);
    std::string example = values;
    for (const uint8_t byte : d.bytes) {
      std::snprintf(values, sizeof values, " %02x", byte);
      example += values;
    }
    unlisted_[what] =
        example + ": " + disassembly::disassemble_i386(d.bytes.data(), kStringLength, 0x08048000);
  }

  Comparison comparison_;
  std::vector<uint64_t> counts_;
  std::vector<int> pending_;
  std::map<std::string, std::string> unlisted_;
  uint64_t strings_ = 0;
  uint64_t instructions_ = 0;
  uint64_t reordered_ = 0;
};

TEST(Capstone, AgreesButForTheListedDisagreements) {
  const char* count = std::getenv("FERRY_DECODE_RANDOM");
  Tally tally;
  const auto visit = [&tally](const ByteString& bytes) { tally.add(bytes); };
  enumerate_byte_strings(visit);
  random_byte_strings(20240229, count != nullptr ? std::strtoull(count, nullptr, 10) : 8'000'000,
                      visit);
  tally.report();
}

}  // namespace
}  // namespace ferry::i386::test
