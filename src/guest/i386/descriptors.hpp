// Segment descriptors and the local descriptor table (SDM vol. 3, 3.4.5 and 3.5.1).
#pragma once

#include <atomic>
#include <cstdint>

namespace ferry::i386 {

/// A code or data segment's descriptor as it lies in a table, of DPL 3 and 32 bits; or none.
class SegmentDescriptor {
 public:
  /// Bits of `type` (SDM vol. 3, table 3-1); `executable` distinguishes code from data.
  static constexpr unsigned kAccessed = 1, kWritable = 2, kReadable = 2, kExpandDown = 4,
                            kConforming = 4, kExecutable = 8;

  struct Fields {
    uint32_t base = 0;
    uint32_t limit = 0;  ///< 20 bits, in bytes or pages
    unsigned type = kAccessed | kWritable;
    bool present = true;
    bool available = false;
    bool in_pages = false;  ///< G
  };

  /// No segment.
  constexpr SegmentDescriptor() = default;
  /// As it lies in a table.
  constexpr explicit SegmentDescriptor(uint64_t bits) : bits_(bits) {}
  constexpr explicit SegmentDescriptor(const Fields& fields)
      : bits_((fields.limit & 0xffff) | uint64_t{fields.base & 0xffffff} << 16 |
              uint64_t{fields.type} << 40 | kUserSegment |
              (fields.present ? uint64_t{1} << kPresentBit : 0) |
              uint64_t{fields.limit >> 16 & 0xf} << 48 |
              (fields.available ? uint64_t{1} << kAvailableBit : 0) |
              (fields.in_pages ? uint64_t{1} << kPagesBit : 0) |
              uint64_t{fields.base >> 24} << 56) {}

  /// Whether the table's entry holds a segment, present or not.
  [[nodiscard]] constexpr bool exists() const { return bits_ != 0; }
  [[nodiscard]] constexpr uint64_t bits() const { return bits_; }

  [[nodiscard]] constexpr uint32_t base() const {
    return static_cast<uint32_t>((bits_ >> 16 & 0xffffff) | (bits_ >> 32 & 0xff000000));
  }
  /// In the descriptor's unit.
  [[nodiscard]] constexpr uint32_t scaled_limit() const {
    return static_cast<uint32_t>((bits_ & 0xffff) | (bits_ >> 32 & 0xf0000));
  }
  /// In bytes: the last offset, or the last one below an expand-down segment.
  [[nodiscard]] constexpr uint32_t limit() const {
    return in_pages() ? scaled_limit() << 12 | 0xfff : scaled_limit();
  }
  [[nodiscard]] constexpr unsigned type() const { return bits_ >> 40 & 0xf; }
  [[nodiscard]] constexpr bool present() const { return bit(kPresentBit); }
  [[nodiscard]] constexpr bool available() const { return bit(kAvailableBit); }
  [[nodiscard]] constexpr bool in_pages() const { return bit(kPagesBit); }
  [[nodiscard]] constexpr bool is_code() const { return (type() & kExecutable) != 0; }
  [[nodiscard]] constexpr bool writable() const { return !is_code() && (type() & kWritable) != 0; }
  [[nodiscard]] constexpr bool readable() const { return !is_code() || (type() & kReadable) != 0; }
  [[nodiscard]] constexpr bool expands_down() const {
    return !is_code() && (type() & kExpandDown) != 0;
  }
  /// The second doubleword without its base, as LAR gives it.
  [[nodiscard]] constexpr uint32_t rights() const {
    return static_cast<uint32_t>(bits_ >> 32) & 0x00ffff00;
  }

  /// Whether every access to data is allowed.
  [[nodiscard]] constexpr bool is_open() const {
    return limit() == ~uint32_t{0} && writable() && !expands_down();
  }
  /// Whether `size` bytes from `offset` on lie within the limit.
  [[nodiscard]] constexpr bool covers(uint32_t offset, uint32_t size) const {
    const uint32_t last = offset + (size - 1);
    if (last < offset) return false;
    return expands_down() ? offset > limit() : last <= limit();
  }

 private:
  static constexpr unsigned kPresentBit = 47, kAvailableBit = 52, kPagesBit = 55;
  static constexpr uint64_t kUserSegment = uint64_t{0x40'7000} << 32;  // S, DPL 3, D/B

  [[nodiscard]] constexpr bool bit(unsigned number) const { return (bits_ >> number & 1) != 0; }

  uint64_t bits_ = 0;
};

/// The local descriptor table of a process, one for all its threads. Any thread may read it without
/// a lock, and sees an entry as it was before or after a change; those who write hold a common one.
class LocalDescriptorTable {
 public:
  static constexpr unsigned kEntries = 8192;

  LocalDescriptorTable() = default;
  ~LocalDescriptorTable() { delete[] entries_.load(std::memory_order_relaxed); }
  LocalDescriptorTable(const LocalDescriptorTable&) = delete;
  LocalDescriptorTable& operator=(const LocalDescriptorTable&) = delete;

  /// Whether an entry was ever written: a process begins without a table.
  [[nodiscard]] bool exists() const { return entries_.load(std::memory_order_acquire) != nullptr; }
  /// `index` < kEntries.
  [[nodiscard]] SegmentDescriptor get(unsigned index) const {
    const std::atomic<uint64_t>* const entries = entries_.load(std::memory_order_acquire);
    if (entries == nullptr) return {};
    return SegmentDescriptor(entries[index].load(std::memory_order_relaxed));
  }
  /// Writes an entry, `index` < kEntries. False without memory for the table. Segment registers
  /// keep what they hold.
  [[nodiscard]] bool set(unsigned index, SegmentDescriptor descriptor);
  /// How many entries were written, modulo 2^32.
  [[nodiscard]] uint32_t changes() const { return changes_.load(std::memory_order_acquire); }

 private:
  std::atomic<std::atomic<uint64_t>*> entries_{nullptr};
  std::atomic<uint32_t> changes_{0};
};

}  // namespace ferry::i386
