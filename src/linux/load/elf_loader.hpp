// i386 ELF files as fs/binfmt_elf.c of the kernel loads them: a parser without side effects, which
// trusts nothing, and the mapping of what the parser found. Where kernels differ, the rules are
// those of 6.7 and later (elf_load): bss belongs to its segment and is cleared where the segment
// ends, and a segment that is not writable keeps what the file has after its end. Linux 6.1 kills a
// program whose last segment is of the latter kind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "linux/abi/i386/errno.hpp"

namespace ferry::linux {

class AddressSpace;

/// A PT_LOAD as it stands in the file. Nothing is checked: it may overlap others, wrap, or lie past
/// the file's end.
struct ElfSegment {
  uint32_t address = 0;  ///< p_vaddr
  uint32_t file_offset = 0;
  uint32_t file_size = 0;
  uint32_t memory_size = 0;
  uint32_t alignment = 0;  ///< p_align
  uint8_t protection = 0;  ///< kProt*
};

/// What the loader needs of an ELF file. The kernel refuses little before the point of no return:
/// errors in segments show when the segments are mapped.
struct ElfImage {
  bool executable_type = false;       ///< ET_EXEC or ET_DYN
  bool position_independent = false;  ///< ET_DYN
  uint32_t entry = 0;
  uint32_t program_header_offset = 0;
  uint16_t program_header_count = 0;
  std::vector<ElfSegment> segments;
  bool has_interpreter = false;     ///< the first PT_INTERP:
  uint32_t interpreter_offset = 0;  ///< file range of the path with its NUL
  uint32_t interpreter_size = 0;
  bool has_stack_header = false;  ///< the last PT_GNU_STACK
  bool executable_stack = false;
};

/// A file is the program, or the interpreter that the program names. At first the kernel checks
/// less of an interpreter.
enum class ElfRole : uint8_t { program, interpreter };

/// Why a file is not loadable.
enum class ElfProblem : uint8_t {
  none,
  not_elf,
  not_i386,
  not_executable_type,
  truncated,
  bad_header,
  read_error,
};
[[nodiscard]] const char* elf_problem_text(ElfProblem problem);

/// Parses a file that begins with `bytes`; everything after them counts as missing. No side
/// effects; safe on any input.
[[nodiscard]] ElfProblem parse_elf(std::span<const uint8_t> bytes, ElfRole role, ElfImage& image);

/// The same from a descriptor.
[[nodiscard]] ElfProblem parse_elf(int descriptor, ElfRole role, ElfImage& image);

/// Where a mapped image lies. Addresses as in struct mm_struct of the kernel.
struct LoadedElf {
  uint32_t bias = 0;  ///< what is added to the file's addresses
  uint32_t entry = 0;
  uint32_t program_headers = 0;
  uint32_t start_code = 0, end_code = 0, start_data = 0, end_data = 0;
  uint32_t end = 0;  ///< of all segments: the heap's start
};

/// Maps the program `image` of `descriptor` into `space`. A position-independent program with an
/// interpreter goes to `preferred`. An error means that the kernel would have killed the process
/// with SIGSEGV.
[[nodiscard]] Result<LoadedElf> map_program(AddressSpace& space, int descriptor,
                                            const ElfImage& image, uint32_t preferred);

/// Maps the interpreter of a program that is mapped already. `program_moves`: that program is
/// position-independent.
[[nodiscard]] Result<LoadedElf> map_interpreter(AddressSpace& space, int descriptor,
                                                const ElfImage& image, bool program_moves);

}  // namespace ferry::linux
