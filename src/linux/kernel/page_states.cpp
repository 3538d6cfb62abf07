#include "linux/kernel/page_states.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <bit>

#include "common/diagnostics.hpp"
#include "linux/host/host_syscall.hpp"

namespace ferry::linux {

PageStates::PageStates(uint32_t host_page)
    : not_plain_(host_page <= kPlainReach ? kEachByte * (kWatched | kSplit) : ~uint64_t{0}) {
  const long memory = host_call(SYS_mmap, nullptr, kPages, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory < 0) die(126, "cannot map %u bytes for the states of pages: out of memory", kPages);
  words_ = reinterpret_cast<uint64_t*>(memory);
}

PageStates::~PageStates() {
  host_call(SYS_munmap, words_, kPages);
}

uint64_t PageStates::in_word(uint32_t index, uint32_t begin, uint32_t end, uint8_t state) {
  const uint32_t first = std::max(begin, index * kPagesPerWord);
  const uint32_t last = std::min(end, (index + 1) * kPagesPerWord);
  const uint64_t bytes = kEachByte >> (kPagesPerWord - (last - first)) * 8;
  return bytes * state << (first % kPagesPerWord * 8);
}

void PageStates::update(uint32_t begin, uint32_t end, uint8_t clear, uint8_t set) {
  begin /= guest::kPageSize;
  end = std::min(end / guest::kPageSize, kPages);
  if (begin >= end) return;
  const auto change = [&](uint32_t index, uint64_t cleared, uint64_t added) {
    std::atomic_ref<uint64_t>(words_[index])
        .store((word(index) & ~cleared) | added, std::memory_order_relaxed);
  };
  const uint32_t last = (end - 1) / kPagesPerWord;
  uint32_t index = begin / kPagesPerWord;
  change(index, in_word(index, begin, end, clear), in_word(index, begin, end, set));
  if (index == last) return;
  while (++index != last) change(index, kEachByte * clear, kEachByte * set);
  change(last, in_word(last, begin, end, clear), in_word(last, begin, end, set));
}

void PageStates::watch(uint32_t begin, uint32_t end, bool on) {
  uint32_t already = 0;
  const uint32_t first = begin / guest::kPageSize;
  const uint32_t last = std::min(end / guest::kPageSize, kPages);
  if (first >= last) return;
  for (uint32_t index = first / kPagesPerWord; index * kPagesPerWord < last; ++index) {
    already +=
        static_cast<uint32_t>(std::popcount(word(index) & in_word(index, first, last, kWatched)));
  }
  update(begin, end, kWatched, on ? kWatched : 0);
  const uint32_t now = on ? last - first : 0;
  watched_.store(watched_.load(std::memory_order_relaxed) - already + now,
                 std::memory_order_relaxed);
}

bool PageStates::any_in(uint32_t begin, uint32_t end, uint8_t state) const {
  begin /= guest::kPageSize;
  end = std::min(end / guest::kPageSize, kPages);
  if (begin >= end) return false;
  const uint32_t last_page = end - 1;
  const uint64_t asked = kEachByte * state;
  const uint64_t from = ~uint64_t{0} << (begin % kPagesPerWord * 8);
  const uint64_t to = ~uint64_t{0} >> ((kPagesPerWord - 1 - last_page % kPagesPerWord) * 8);
  const uint32_t last = last_page / kPagesPerWord;
  const uint32_t index = begin / kPagesPerWord;
  // System calls ask about every buffer, which lies in one word as a rule.
  if (index == last) return (word(index) & asked & from & to) != 0;
  if ((word(index) & asked & from) != 0) return true;
  for (uint64_t* at = words_ + index + 1; at != words_ + last; ++at) {
    if ((load(at) & asked) != 0) return true;
  }
  return (word(last) & asked & to) != 0;
}

uint32_t PageStates::executable_until(uint32_t address, Run run) const {
  constexpr uint32_t kMostPages = 4096;  // one answer costs no more than so many
  if (address >= guest::kGuestEnd) return address;
  const uint32_t first = address / guest::kPageSize;
  const uint32_t limit = std::min(first + kMostPages, kPages);
  const uint64_t forbidden = run == Run::direct ? kEachByte * kSplit : 0;
  constexpr uint64_t kExecutable = kEachByte * kProtExec;
  uint64_t* const end = words_ + (limit + kPagesPerWord - 1) / kPagesPerWord;
  uint64_t* at = words_ + first / kPagesPerWord;
  uint64_t asked = ~uint64_t{0} << (first % kPagesPerWord * 8);  // of the first word not all
  while (at != end) {
    const uint64_t state = load(at);
    // A byte that is not 0 belongs to a page where the run ends.
    const uint64_t ends = ((~state & kExecutable) | (state & forbidden)) & asked;
    asked = ~uint64_t{0};
    if (ends != 0) {
      const auto page = static_cast<uint32_t>(at - words_) * kPagesPerWord +
                        static_cast<uint32_t>(std::countr_zero(ends)) / 8;
      return page == first ? address : std::min(page, limit) * guest::kPageSize;
    }
    // Most words that follow are the same. (The first may have ends that were not asked for.)
    const bool endless = ((~state & kExecutable) | (state & forbidden)) == 0;
    for (++at; endless && at != end && load(at) == state;) ++at;
  }
  return limit * guest::kPageSize;
}

}  // namespace ferry::linux
