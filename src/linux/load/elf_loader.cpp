#include "linux/load/elf_loader.hpp"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "linux/abi/i386/abi_types.hpp"
#include "linux/host/host_syscall.hpp"
#include "linux/kernel/address_space.hpp"
#include "linux/kernel/errno_map.hpp"

namespace ferry::linux {

namespace {

constexpr uint32_t kMaxInterpreterPath = 4096;  // PATH_MAX
constexpr uint16_t kMachine486 = 6;
constexpr unsigned kMaxHeaders = 65536 / sizeof(Elf32_Phdr);  // load_elf_phdrs

template <typename T>
T read_at(std::span<const uint8_t> bytes, uint64_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

ElfProblem check_header(const Elf32_Ehdr& header, ElfRole role) {
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return ElfProblem::not_elf;
  if (role == ElfRole::program && header.e_type != ET_EXEC && header.e_type != ET_DYN)
    return ElfProblem::not_executable_type;
  // The kernel ignores the rest of e_ident, e_version, e_flags and e_ehsize.
  if (header.e_machine != EM_386 && header.e_machine != kMachine486) return ElfProblem::not_i386;
  if (header.e_phentsize != sizeof(Elf32_Phdr) || header.e_phnum == 0 ||
      header.e_phnum > kMaxHeaders) {
    return ElfProblem::bad_header;
  }
  return ElfProblem::none;
}

void add_segment(const Elf32_Phdr& header, ElfImage& image) {
  uint8_t protection = 0;
  if ((header.p_flags & PF_R) != 0) protection |= kProtRead;
  if ((header.p_flags & PF_W) != 0) protection |= kProtWrite;
  if ((header.p_flags & PF_X) != 0) protection |= kProtExec;
  image.segments.push_back({header.p_vaddr, header.p_offset, header.p_filesz, header.p_memsz,
                            header.p_align, protection});
}

ElfProblem add_header(const Elf32_Phdr& header, ElfImage& image) {
  switch (header.p_type) {
    case PT_LOAD:
      add_segment(header, image);
      return ElfProblem::none;
    case PT_INTERP:
      if (image.has_interpreter) return ElfProblem::none;
      if (header.p_filesz < 2 || header.p_filesz > kMaxInterpreterPath)
        return ElfProblem::bad_header;
      image.has_interpreter = true;
      image.interpreter_offset = header.p_offset;
      image.interpreter_size = header.p_filesz;
      return ElfProblem::none;
    case PT_GNU_STACK:
      image.has_stack_header = true;
      image.executable_stack = (header.p_flags & PF_X) != 0;
      return ElfProblem::none;
    default:  // x86 kernels ignore PT_GNU_PROPERTY
      return ElfProblem::none;
  }
}

}  // namespace

const char* elf_problem_text(ElfProblem problem) {
  switch (problem) {
    case ElfProblem::none:
      return "no problem";
    case ElfProblem::not_elf:
      return "not an ELF file";
    case ElfProblem::not_i386:
      return "not an i386 program";
    case ElfProblem::not_executable_type:
      return "an ELF file, but not an executable";
    case ElfProblem::truncated:
      return "ELF file is cut short";
    case ElfProblem::bad_header:
      return "ELF file with a bad header";
    case ElfProblem::read_error:
      return "cannot be read";
  }
  return "";
}

ElfProblem parse_elf(std::span<const uint8_t> bytes, ElfRole role, ElfImage& image) {
  image = ElfImage{};
  Elf32_Ehdr header{};
  std::memcpy(&header, bytes.data(), std::min(bytes.size(), sizeof header));
  ElfProblem problem = check_header(header, role);
  if (problem != ElfProblem::none) {
    const bool cut = problem != ElfProblem::not_elf && bytes.size() < sizeof header;
    return cut ? ElfProblem::truncated : problem;
  }
  image.executable_type = header.e_type == ET_EXEC || header.e_type == ET_DYN;
  image.position_independent = header.e_type == ET_DYN;
  image.entry = header.e_entry;
  image.program_header_offset = header.e_phoff;
  image.program_header_count = header.e_phnum;
  if (uint64_t{header.e_phoff} + header.e_phnum * sizeof(Elf32_Phdr) > bytes.size())
    return ElfProblem::truncated;
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    problem = add_header(
        read_at<Elf32_Phdr>(bytes, header.e_phoff + uint64_t{i} * sizeof(Elf32_Phdr)), image);
    // The kernel ignores an interpreter's own PT_INTERP.
    if (problem != ElfProblem::none && role == ElfRole::program) return problem;
  }
  return ElfProblem::none;
}

ElfProblem parse_elf(int descriptor, ElfRole role, ElfImage& image) {
  // The header, and the program header table where most files have it.
  uint8_t start[1024];
  const long count = host_call(SYS_pread64, descriptor, start, sizeof start, 0);
  if (count < 0) return ElfProblem::read_error;
  const std::span<const uint8_t> head(start, static_cast<size_t>(count));
  const ElfProblem problem = parse_elf(head, role, image);
  if (problem != ElfProblem::truncated || head.size() < sizeof start) return problem;
  // The table lies further on: move it to the place after the header.
  std::vector<uint8_t> moved(start, start + sizeof(Elf32_Ehdr));
  auto header = read_at<Elf32_Ehdr>(head, 0);
  const size_t size = header.e_phnum * sizeof(Elf32_Phdr);
  moved.resize(sizeof header + size);
  if (host_call(SYS_pread64, descriptor, moved.data() + sizeof header, size, header.e_phoff) !=
      static_cast<long>(size)) {
    return ElfProblem::truncated;
  }
  const uint32_t offset = header.e_phoff;
  header.e_phoff = sizeof header;
  std::memcpy(moved.data(), &header, sizeof header);
  const ElfProblem found = parse_elf(moved, role, image);
  image.program_header_offset = offset;
  return found;
}

// --- mapping ------------------------------------------------------------------------------------

namespace {

/// Zeroes from `begin`, where the file's part of `segment` ends, to the end of the page (padzero).
/// False if that would fault: not writable, or past the file's last page.
bool clear_rest_of_page(int descriptor, const ElfSegment& segment, uint32_t begin) {
  const uint32_t size = guest::page_ceil(begin) - begin;
  if (size == 0) return true;
  if ((segment.protection & kProtWrite) == 0) return false;
  struct statx status;
  const long result = host_call(SYS_statx, descriptor, "", AT_EMPTY_PATH, STATX_SIZE, &status);
  const uint64_t file_end = uint64_t{segment.file_offset} + segment.file_size;
  if (result < 0 || (file_end & ~uint64_t{guest::kPageMask}) >= status.stx_size) return false;
  std::memset(guest::host_pointer(begin), 0, size);
  return true;
}

MapRequest file_request(const ElfSegment& segment, int descriptor) {
  MapRequest request;
  request.protection = segment.protection;
  request.descriptor = descriptor;
  request.length = guest::page_ceil(segment.file_size + (segment.address & guest::kPageMask));
  request.offset = uint64_t{segment.file_offset} - (segment.address & guest::kPageMask);
  return request;
}

/// Maps one segment whose address becomes `address` (elf_load, elf_map).
Errno map_segment(AddressSpace& space, int descriptor, const ElfSegment& segment, uint32_t address,
                  MapRequest::Placement placement) {
  uint32_t zero_begin = guest::page_floor(address);
  if (segment.file_size != 0) {
    MapRequest request = file_request(segment, descriptor);
    request.address = guest::page_floor(address);
    request.placement = placement;
    // vm_mmap refuses an offset that is not page-aligned, as when offset and address differ within
    // the page.
    if ((request.offset & guest::kPageMask) != 0) return abi::kEINVAL;
    if (request.length != 0) {
      const Result<uint32_t> mapped = space.map(request);
      if (!mapped.ok()) return mapped.error();
    }
    zero_begin = address + segment.file_size;
  }
  if (segment.memory_size <= segment.file_size) return kOk;
  const uint32_t zero_end = address + segment.memory_size;
  if (segment.file_size != 0 && !clear_rest_of_page(descriptor, segment, zero_begin) &&
      (segment.protection & kProtWrite) != 0) {
    return abi::kEFAULT;
  }
  MapRequest bss;
  bss.address = guest::page_ceil(zero_begin);
  bss.length = guest::page_ceil(zero_end) - bss.address;
  bss.protection = kProtRead | kProtWrite | (segment.protection & kProtExec);
  bss.placement = MapRequest::Placement::fixed;
  if (bss.length == 0) return kOk;
  const Result<uint32_t> mapped = space.map(bss);
  return mapped.ok() ? kOk : mapped.error();
}

/// From the lowest segment's page to the end of the highest (total_mapping_size).
uint32_t total_size(const ElfImage& image) {
  if (image.segments.empty()) return 0;
  uint32_t lowest = UINT32_MAX;
  uint32_t highest = 0;
  for (const ElfSegment& segment : image.segments) {
    lowest = std::min(lowest, guest::page_floor(segment.address));
    highest = std::max(highest, segment.address + segment.memory_size);
  }
  return highest - lowest;
}

/// The largest p_align that is a power of two, at least a host page (maximum_alignment).
uint32_t largest_alignment(const AddressSpace& space, const ElfImage& image) {
  uint32_t alignment = space.host_page_size();
  for (const ElfSegment& segment : image.segments) {
    const uint32_t each = segment.alignment;
    if ((each & (each - 1)) == 0) alignment = std::max(alignment, each);
  }
  return alignment;
}

/// Finds room for a position-independent image, near `hint` unless that is 0. Returns the address
/// for the page of the first segment.
Result<uint32_t> free_place(AddressSpace& space, const ElfImage& image, uint32_t hint,
                            uint32_t alignment) {
  const uint32_t size = total_size(image);
  if (size == 0) return abi::kEINVAL;
  if (alignment > guest::kGuestEnd / 2 || size > guest::kGuestEnd / 2) return abi::kENOMEM;
  MapRequest request;
  request.address = hint & ~(alignment - 1);
  request.length = size + alignment;
  const Result<uint32_t> room = space.map(request);
  if (!room.ok()) return room;
  CHECK(space.unmap(room.value(), guest::page_ceil(request.length)).value == 0);
  return (room.value() + alignment - 1) & ~(alignment - 1);
}

/// Whether a segment would not fit into any address space.
bool too_large(const ElfSegment& segment, uint32_t address) {
  return address >= guest::kGuestEnd || segment.file_size > segment.memory_size ||
         segment.memory_size > guest::kGuestEnd - address;
}

/// Maps all segments, the first as `placement` says.
Errno map_segments(AddressSpace& space, int descriptor, const ElfImage& image, uint32_t bias,
                   MapRequest::Placement placement) {
  for (const ElfSegment& segment : image.segments) {
    const Errno error = map_segment(space, descriptor, segment, segment.address + bias, placement);
    if (error != kOk) return error;
    if (too_large(segment, segment.address + bias)) return abi::kEINVAL;
    placement = MapRequest::Placement::fixed;
  }
  return kOk;
}

/// The addresses that load_elf_binary finds on its way through the segments.
LoadedElf addresses_of(const ElfImage& image, uint32_t bias) {
  LoadedElf loaded;
  uint32_t start_code = UINT32_MAX;
  uint32_t end = 0;
  for (const ElfSegment& segment : image.segments) {
    const uint32_t file_end = segment.address + segment.file_size;
    if (segment.file_offset <= image.program_header_offset &&
        image.program_header_offset < segment.file_offset + segment.file_size) {
      loaded.program_headers = image.program_header_offset - segment.file_offset + segment.address;
    }
    if ((segment.protection & kProtExec) != 0) {
      start_code = std::min(start_code, segment.address);
      loaded.end_code = std::max(loaded.end_code, file_end);
    }
    loaded.start_data = std::max(loaded.start_data, segment.address);
    loaded.end_data = std::max(loaded.end_data, file_end);
    end = std::max(end, segment.address + segment.memory_size);
  }
  loaded.bias = bias;
  loaded.entry = image.entry + bias;
  loaded.program_headers += bias;
  loaded.start_code = start_code + bias;
  loaded.end_code += bias;
  loaded.start_data += bias;
  loaded.end_data += bias;
  loaded.end = guest::page_ceil(end + bias);
  return loaded;
}

}  // namespace

Result<LoadedElf> map_program(AddressSpace& space, int descriptor, const ElfImage& image,
                              uint32_t preferred) {
  uint32_t bias = 0;
  if (image.position_independent) {
    const uint32_t alignment = largest_alignment(space, image);
    const uint32_t first = image.segments[0].address;
    if (total_size(image) == 0) return abi::kEINVAL;
    if (image.has_interpreter) {
      bias = guest::page_floor((preferred & ~(alignment - 1)) - first);
    } else {
      // mmap chooses the place when the kernel maps the first segment's part of the file. Without
      // such a part the kernel has nothing to map, and fails.
      if (image.segments[0].file_size == 0) return abi::kEPERM;
      const Result<uint32_t> place = free_place(space, image, 0, alignment);
      if (!place.ok()) return place.error();
      bias = place.value() - guest::page_floor(first);
    }
  }
  const Errno error =
      map_segments(space, descriptor, image, bias, MapRequest::Placement::fixed_no_replace);
  if (error != kOk) return error;
  return addresses_of(image, bias);
}

Result<LoadedElf> map_interpreter(AddressSpace& space, int descriptor, const ElfImage& image,
                                  bool program_moves) {
  if (!image.executable_type || total_size(image) == 0) return abi::kEINVAL;
  uint32_t bias = 0;
  if (image.position_independent) {
    // The interpreter keeps its own addresses if they are free and the program does not move.
    const uint32_t hint = program_moves ? 0 : guest::page_floor(image.segments[0].address);
    // If the first segment has no part of the file, the kernel maps nothing that could move, and
    // the hint is the place.
    const Result<uint32_t> place = image.segments[0].file_size != 0
                                       ? free_place(space, image, hint, space.host_page_size())
                                       : Result<uint32_t>(hint);
    if (!place.ok()) return place.error();
    bias = place.value() - guest::page_floor(image.segments[0].address);
  } else if (image.segments[0].file_size != 0) {
    // The kernel first maps the whole range and then unmaps what the first segment does not need
    // (elf_map). This also unmaps pages of the program between the interpreter's segments.
    const Errno error =
        space.unmap(guest::page_floor(image.segments[0].address), total_size(image));
    if (error != kOk) return error;
  }
  const Errno error = map_segments(space, descriptor, image, bias, MapRequest::Placement::fixed);
  if (error != kOk) return error;
  return addresses_of(image, bias);
}

}  // namespace ferry::linux
