// The memory of a case as the rules of either_rules.cpp need it: which accesses an instruction
// makes, which of them fault and how, what memory holds before the case, and a description of its
// changes.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "case.hpp"
#include "guest/i386/decode/instruction.hpp"
#include "guest/memory/address.hpp"

namespace ferry::semantics {

constexpr uint32_t kBoundRange = 5, kSegmentNotPresent = 11, kStackFault = 12,
                   kGeneralProtection = 13, kPageFault = 14;
/// Bit 0 of a page fault's error code (page present), which only a kernel knows and ferry does not.
constexpr uint32_t kPresent = 1;

/// One access to memory: `width` bytes at segment:offset.
struct Access {
  i386::SegmentRegister segment;
  uint32_t offset;
  uint32_t width;
  bool read;
  bool written;
  bool in_pieces = false;  ///< x87 images and ten-byte operands: any byte may be the first to fault
};

/// A fault as a Result describes it. The address of a page fault may be any from first_address to
/// last_address.
struct Fault {
  uint32_t vector;
  uint32_t error_code;
  uint32_t first_address;
  uint32_t last_address;
};

/// Whether linear `address` lies in a page that the arena maps, writable if `written`.
[[nodiscard]] bool accessible(uint32_t address, bool written);

/// The accesses of `instruction` with the registers `gpr`; for a repeated string instruction, those
/// of one iteration. None for instructions whose accesses no rule needs (BT of a bit string).
[[nodiscard]] std::vector<Access> accesses(const i386::Instruction& instruction, const Case& test,
                                           const uint32_t (&gpr)[8]);

/// Every fault that this access by itself can raise: one for each page that is missing, and one for
/// the segment's limit. Empty if the access cannot fault.
[[nodiscard]] std::vector<Fault> faults(const Case& test, const Access& access);

/// Linear address of an access.
[[nodiscard]] uint32_t linear_address(const Case& test, const Access& access);

/// Bytes of an x87 environment, state or FXSAVE image; 0 for other instructions.
[[nodiscard]] uint32_t image_size(const i386::Instruction& instruction);

/// The bits of a selector that an error code holds.
constexpr uint16_t kSelectorIndex = 0xfffc;

/// Whether loading `selector` into the segment register faults with the kernel's GDT. True only for
/// selectors that certainly fault.
[[nodiscard]] bool is_bad_selector(uint16_t selector, i386::SegmentRegister segment);

/// The data region as it is before a case, and as it is after stores that the caller makes.
class MemoryImage {
 public:
  explicit MemoryImage(const Case& test);

  /// `size` bytes (1 to 4) at a linear address of the data region or the read-only one.
  [[nodiscard]] std::optional<uint32_t> read(uint32_t address, uint32_t size) const;
  /// Stores the bytes of `value`, except those that lie outside the data region.
  void store(uint32_t address, uint32_t value, uint32_t size);
  /// Fills in the fields of `result` that describe memory.
  void describe(const Case& test, Result& result) const;

 private:
  std::array<uint8_t, kRegionSize> before_{};
  std::array<uint8_t, kRegionSize> now_{};
};

}  // namespace ferry::semantics
