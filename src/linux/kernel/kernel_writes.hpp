// Which guest memory the host's kernel may be writing for a thread's system call.
//
// A write watch there would make the kernel's write fail, after prepare_kernel_write has ended the
// watches of the moment: another thread may execute code of the same page meanwhile. So the thread
// says what it has given to the kernel, and a page in such a range is not watched: its blocks check
// themselves.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>

namespace ferry::linux {

/// The ranges of one thread. Only the thread adds and removes; any thread asks.
class KernelWrites {
 public:
  /// Adds [begin, end), not empty. Returns what `remove` takes.
  unsigned add(uint32_t begin, uint32_t end) {
    unsigned place = 0;
    while (place != kMost - 1 && ranges_[place].load(std::memory_order_relaxed) != 0) ++place;
    // The last place is shared by all for which no other is left.
    if (place == kMost - 1 && shared_++ > 0) {
      const uint64_t known = ranges_[place].load(std::memory_order_relaxed);
      begin = std::min(begin, first_of(known));
      end = std::max(end, past_of(known));
    }
    ranges_[place].store(uint64_t{end} << 32 | begin, std::memory_order_relaxed);
    // Against a thread that begins a watch and then asks: at least one sees the other.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return place;
  }
  void remove(unsigned place) {
    if (place == kMost - 1 && --shared_ > 0) return;
    ranges_[place].store(0, std::memory_order_release);
  }
  [[nodiscard]] bool overlap(uint32_t begin, uint32_t end) const {
    for (const std::atomic<uint64_t>& range : ranges_) {
      const uint64_t known = range.load(std::memory_order_acquire);
      if (known != 0 && first_of(known) < end && past_of(known) > begin) return true;
    }
    return false;
  }

 private:
  static constexpr unsigned kMost = 8;
  static uint32_t first_of(uint64_t range) { return static_cast<uint32_t>(range); }
  static uint32_t past_of(uint64_t range) { return static_cast<uint32_t>(range >> 32); }

  std::array<std::atomic<uint64_t>, kMost> ranges_{};
  unsigned shared_ = 0;  ///< users of the last place
};

}  // namespace ferry::linux
