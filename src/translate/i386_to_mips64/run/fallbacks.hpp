// Counts of what blocks left to the interpreter.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "guest/i386/decode/rows.hpp"

namespace ferry::translate::run {

/// How often the interpreter executed an instruction of each row for a translated block. Counted by
/// all threads.
class Fallbacks {
 public:
  void count(uint16_t row) { counts_[row].fetch_add(1, std::memory_order_relaxed); }
  [[nodiscard]] uint64_t of(uint16_t row) const {
    return counts_[row].load(std::memory_order_relaxed);
  }

 private:
  std::unique_ptr<std::atomic<uint64_t>[]> counts_ =
      std::make_unique<std::atomic<uint64_t>[]>(i386::row_count());
};

}  // namespace ferry::translate::run
