// The memory of a case as the rules of either_rules.cpp need it: which accesses an instruction
// makes, which of them fault and how, what memory holds before, and the description of changes.
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
/// Bit 0 of a page fault's error code, which only the owner of the address space knows.
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

/// A fault as a Result tells it; a page fault's address is one of first_address to last_address.
struct Fault {
  uint32_t vector;
  uint32_t error_code;
  uint32_t first_address;
  uint32_t last_address;
};

/// Whether linear `address` lies in a page that the arena maps, writable if `written`.
[[nodiscard]] bool accessible(uint32_t address, bool written);

/// The accesses of `instruction` with the registers `gpr`. Of a repeated string instruction: those
/// of one iteration. None for instructions whose accesses the rules have no use for (BT of a bit
/// string).
[[nodiscard]] std::vector<Access> accesses(const i386::Instruction& instruction, const Case& test,
                                           const uint32_t (&gpr)[8]);

/// Every fault that this access alone can end with: one for each page that is missing, and the
/// limit of the segment. Empty if it cannot fault.
[[nodiscard]] std::vector<Fault> faults(const Case& test, const Access& access);

/// Linear address of an access.
[[nodiscard]] uint32_t linear_address(const Case& test, const Access& access);

/// Bytes of an x87 environment, state or FXSAVE image; 0 for other instructions.
[[nodiscard]] uint32_t image_size(const i386::Instruction& instruction);

/// The bits of a selector that an error code holds.
constexpr uint16_t kSelectorIndex = 0xfffc;

/// Whether loading `selector` into the segment register faults, as the kernel's GDT has it. Only
/// selectors that are surely bad count.
[[nodiscard]] bool is_bad_selector(uint16_t selector, i386::SegmentRegister segment);

/// The data region before a case, and after stores of the caller's.
class MemoryImage {
 public:
  explicit MemoryImage(const Case& test);

  /// `size` bytes (1 to 4) at a linear address of the data region or the read-only one.
  [[nodiscard]] std::optional<uint32_t> read(uint32_t address, uint32_t size) const;
  /// Stores those of the bytes that lie in the data region.
  void store(uint32_t address, uint32_t value, uint32_t size);
  /// Fills in the fields of `result` that describe memory.
  void describe(const Case& test, Result& result) const;

 private:
  std::array<uint8_t, kRegionSize> before_{};
  std::array<uint8_t, kRegionSize> now_{};
};

}  // namespace ferry::semantics
