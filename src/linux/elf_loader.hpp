// i386 ELF: a pure parsing step that trusts nothing, and mapping of what it found.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "common/result.hpp"

namespace ferry {

class AddressSpace;

inline constexpr unsigned kMaxSegments = 64;

struct ElfSegment {
  uint32_t address = 0;  ///< p_vaddr
  uint32_t file_offset = 0;
  uint32_t file_size = 0;
  uint32_t memory_size = 0;
  uint8_t protection = 0;  ///< kProt*
};

/// Everything the loader needs of an ELF file, checked: segments sorted, inside guest space, not
/// overlapping, inside the file; entry inside an executable segment.
struct ElfImage {
  bool position_independent = false;
  uint32_t entry = 0;
  uint32_t program_headers = 0;  ///< address of the table once mapped (0: not in any segment)
  uint16_t program_header_count = 0;
  unsigned segment_count = 0;
  ElfSegment segments[kMaxSegments];
  uint32_t begin = 0;  ///< page-aligned extent of all segments
  uint32_t end = 0;
  uint32_t alignment = 0;  ///< largest p_align of a PT_LOAD, at least a page
  uint32_t interpreter_offset =
      0;  ///< PT_INTERP: file range of the path, size without its NUL; 0 size: none
  uint32_t interpreter_size = 0;
  bool has_stack_header = false;
  bool executable_stack = false;
};

/// Why a file is not loadable.
enum class ElfProblem : uint8_t {
  none,
  not_elf,
  not_i386,
  not_executable_type,
  truncated,
  bad_header,
  bad_segment,
  bad_entry,
  read_error,
};
[[nodiscard]] const char* elf_problem_text(ElfProblem problem);

/// Parses the start of a file. `bytes`: the file's first bytes, headers included (up to all of it);
/// `file_size`: its full size. No side effects; safe on any input.
[[nodiscard]] ElfProblem parse_elf(std::span<const uint8_t> bytes, uint64_t file_size,
                                   ElfImage& image);

/// The same from a descriptor.
[[nodiscard]] ElfProblem parse_elf(int descriptor, ElfImage& image);

/// Where a mapped image lies.
struct LoadedElf {
  uint32_t bias = 0;
  uint32_t entry = 0;
  uint32_t program_headers = 0;
  uint32_t end = 0;
};

/// Maps `image` of `descriptor` into `space`; position-independent images at a free place or at
/// `preferred`.
[[nodiscard]] Result<LoadedElf> map_elf(AddressSpace& space, int descriptor, const ElfImage& image,
                                        uint32_t preferred);

}  // namespace ferry
