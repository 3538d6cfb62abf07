// Counts of what blocks left to the interpreter.
#pragma once

#include <atomic>
#include <cstdint>

#include "common/zeroed_array.hpp"
#include "guest/i386/decode/rows.hpp"

namespace ferry::translate::run {

/// How often the interpreter executed an instruction of each row for a translated block. Counted by
/// all threads.
class Fallbacks {
 public:
  void count(uint16_t row) {
    std::atomic_ref<uint64_t>(counts_[row]).fetch_add(1, std::memory_order_relaxed);
  }
  [[nodiscard]] uint64_t of(uint16_t row) const { return counts_[row]; }

 private:
  ZeroedArray<uint64_t> counts_{i386::row_count()};
};

}  // namespace ferry::translate::run
