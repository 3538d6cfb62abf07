#include "linux/elf_loader.hpp"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "linux/address_space.hpp"
#include "linux/errno_map.hpp"
#include "linux/host_syscall.hpp"
#include "linux/i386/abi_types.hpp"

namespace ferry {

namespace {

using i386::host_pointer;
using i386::kGuestBegin;
using i386::kGuestEnd;

constexpr uint32_t kMaxHeaderBytes = 65536;     // of the program header table, as in the kernel
constexpr uint32_t kMaxInterpreterPath = 4096;  // PATH_MAX

template <typename T>
T read_at(std::span<const uint8_t> bytes, uint64_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

ElfProblem check_header(const Elf32_Ehdr& header, uint64_t file_size) {
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return ElfProblem::not_elf;
  if (header.e_ident[EI_CLASS] != ELFCLASS32 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
      header.e_machine != EM_386) {
    return ElfProblem::not_i386;
  }
  if (header.e_type != ET_EXEC && header.e_type != ET_DYN) return ElfProblem::not_executable_type;
  if (header.e_phentsize != sizeof(Elf32_Phdr) || header.e_phnum == 0 ||
      header.e_phnum * sizeof(Elf32_Phdr) > kMaxHeaderBytes) {
    return ElfProblem::bad_header;
  }
  if (header.e_phoff > file_size ||
      header.e_phnum * sizeof(Elf32_Phdr) > file_size - header.e_phoff) {
    return ElfProblem::truncated;
  }
  return ElfProblem::none;
}

ElfProblem add_segment(const Elf32_Phdr& header, uint64_t file_size, ElfImage& image) {
  if (header.p_memsz == 0) return ElfProblem::none;
  if (header.p_filesz > header.p_memsz) return ElfProblem::bad_segment;
  if (header.p_filesz != 0) {
    if (header.p_offset > file_size || header.p_filesz > file_size - header.p_offset) {
      return ElfProblem::truncated;
    }
    if (((header.p_vaddr - header.p_offset) & kGuestPageMask) != 0) return ElfProblem::bad_segment;
  }
  if (header.p_vaddr >= kGuestEnd || header.p_memsz > kGuestEnd - header.p_vaddr) {
    return ElfProblem::bad_segment;
  }
  if (!image.position_independent && header.p_vaddr < kGuestBegin) return ElfProblem::bad_segment;
  if (image.segment_count == kMaxSegments) return ElfProblem::bad_segment;
  if (image.segment_count > 0) {
    // The gABI wants them in ascending order; we also refuse overlap.
    const ElfSegment& previous = image.segments[image.segment_count - 1];
    if (header.p_vaddr < previous.address + previous.memory_size) return ElfProblem::bad_segment;
  }
  uint8_t protection = 0;
  if ((header.p_flags & PF_R) != 0) protection |= kProtRead;
  if ((header.p_flags & PF_W) != 0) protection |= kProtWrite;
  if ((header.p_flags & PF_X) != 0) protection |= kProtExec;
  image.segments[image.segment_count++] = {header.p_vaddr, header.p_offset, header.p_filesz,
                                           header.p_memsz, protection};
  const bool power_of_two = (header.p_align & (header.p_align - 1)) == 0;
  if (power_of_two) image.alignment = std::max(image.alignment, header.p_align);
  return ElfProblem::none;
}

ElfProblem add_header(const Elf32_Phdr& header, uint64_t file_size, ElfImage& image) {
  switch (header.p_type) {
    case PT_LOAD:
      return add_segment(header, file_size, image);
    case PT_INTERP:
      if (header.p_filesz < 2 || header.p_filesz > kMaxInterpreterPath)
        return ElfProblem::bad_header;
      if (header.p_offset > file_size || header.p_filesz > file_size - header.p_offset) {
        return ElfProblem::truncated;
      }
      if (image.interpreter_size == 0) {
        image.interpreter_offset = header.p_offset;
        image.interpreter_size = header.p_filesz - 1;
      }
      return ElfProblem::none;
    case PT_GNU_STACK:
      image.has_stack_header = true;
      image.executable_stack = (header.p_flags & PF_X) != 0;
      return ElfProblem::none;
    default:
      return ElfProblem::none;
  }
}

ElfProblem check_image(const Elf32_Ehdr& header, ElfImage& image) {
  if (image.segment_count == 0) return ElfProblem::bad_segment;
  const ElfSegment& last = image.segments[image.segment_count - 1];
  image.begin = page_floor(image.segments[0].address);
  image.end = page_ceil(last.address + last.memory_size);
  if (image.end > kGuestEnd) return ElfProblem::bad_segment;
  const uint32_t table_size = header.e_phnum * static_cast<uint32_t>(sizeof(Elf32_Phdr));
  bool entry_found = false;
  for (unsigned i = 0; i < image.segment_count; ++i) {
    const ElfSegment& segment = image.segments[i];
    // Without PT_GNU_STACK what is readable is executable too.
    const int executable = image.has_stack_header ? kProtExec : kProtExec | kProtRead;
    entry_found |= (segment.protection & executable) != 0 &&
                   image.entry - segment.address < segment.memory_size;
    if (header.e_phoff >= segment.file_offset && segment.file_size >= table_size &&
        header.e_phoff - segment.file_offset <= segment.file_size - table_size) {
      image.program_headers = segment.address + (header.e_phoff - segment.file_offset);
    }
  }
  return entry_found ? ElfProblem::none : ElfProblem::bad_entry;
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
    case ElfProblem::bad_segment:
      return "ELF file with a bad segment";
    case ElfProblem::bad_entry:
      return "ELF file with an entry point outside its code";
    case ElfProblem::read_error:
      return "cannot be read";
  }
  return "";
}

ElfProblem parse_elf(std::span<const uint8_t> bytes, uint64_t file_size, ElfImage& image) {
  image = ElfImage{};
  if (bytes.size() < SELFMAG || std::memcmp(bytes.data(), ELFMAG, SELFMAG) != 0)
    return ElfProblem::not_elf;
  if (bytes.size() < sizeof(Elf32_Ehdr)) return ElfProblem::truncated;
  const auto header = read_at<Elf32_Ehdr>(bytes, 0);
  ElfProblem problem = check_header(header, file_size);
  if (problem != ElfProblem::none) return problem;
  image.position_independent = header.e_type == ET_DYN;
  image.entry = header.e_entry;
  image.program_header_count = header.e_phnum;
  image.alignment = kGuestPageSize;
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    const uint64_t offset = header.e_phoff + uint64_t{i} * sizeof(Elf32_Phdr);
    if (offset + sizeof(Elf32_Phdr) > bytes.size()) return ElfProblem::truncated;
    problem = add_header(read_at<Elf32_Phdr>(bytes, offset), file_size, image);
    if (problem != ElfProblem::none) return problem;
  }
  return check_image(header, image);
}

ElfProblem parse_elf(int descriptor, ElfImage& image) {
  struct statx status;
  if (host_call(SYS_statx, descriptor, "", AT_EMPTY_PATH, STATX_SIZE, &status) < 0) {
    return ElfProblem::read_error;
  }
  uint8_t start[1024];
  const long count = host_call(SYS_pread64, descriptor, start, sizeof start, 0);
  if (count < 0) return ElfProblem::read_error;
  const auto available = static_cast<size_t>(count);
  if (available >= sizeof(Elf32_Ehdr)) {
    const auto header = read_at<Elf32_Ehdr>({start, available}, 0);
    const uint64_t needed =
        uint64_t{header.e_phoff} + uint64_t{header.e_phnum} * sizeof(Elf32_Phdr);
    if (check_header(header, status.stx_size) == ElfProblem::none && needed > available) {
      // A table behind the first bytes: keep only what the parser looks at, at its own offset.
      std::vector<uint8_t> all(needed);
      const long read = host_call(SYS_pread64, descriptor, all.data(), needed, 0);
      if (read < 0) return ElfProblem::read_error;
      return parse_elf({all.data(), static_cast<size_t>(read)}, status.stx_size, image);
    }
  }
  return parse_elf({start, available}, status.stx_size, image);
}

// --- mapping ------------------------------------------------------------------------------------

namespace {

/// Zeroes [begin, end), the rest of a file page that is bss.
void clear_rest_of_page(AddressSpace& space, uint32_t begin, uint32_t end, uint8_t protection) {
  if (begin == end) return;
  const uint32_t page = page_floor(begin);
  const bool writable = (protection & kProtWrite) != 0;
  if (!writable && space.protect(page, kGuestPageSize, kProtRead | kProtWrite).value != 0) return;
  std::memset(host_pointer(begin), 0, end - begin);
  if (!writable) CHECK(space.protect(page, kGuestPageSize, protection).value == 0);
}

Errno map_segment(AddressSpace& space, int descriptor, const ElfSegment& segment, uint32_t bias) {
  const uint32_t begin = segment.address + bias;
  const uint32_t file_end = begin + segment.file_size;
  const uint32_t end = begin + segment.memory_size;
  MapRequest request;
  request.protection = segment.protection;
  request.placement = MapRequest::Placement::fixed;
  uint32_t anonymous_begin = page_floor(begin);
  if (segment.file_size != 0) {
    request.address = page_floor(begin);
    request.length = page_ceil(file_end) - request.address;
    request.descriptor = descriptor;
    request.offset = page_floor(segment.file_offset);
    const Result<uint32_t> mapped = space.map(request);
    if (!mapped.ok()) return mapped.error();
    anonymous_begin = page_ceil(file_end);
    if (end > file_end) {
      // To the end of the page, as the kernel does: ld.so's first malloc takes what lies behind its
      // bss.
      clear_rest_of_page(space, file_end, anonymous_begin, segment.protection);
    }
  }
  if (page_ceil(end) > anonymous_begin) {
    request.address = anonymous_begin;
    request.length = page_ceil(end) - anonymous_begin;
    request.descriptor = -1;
    request.offset = 0;
    const Result<uint32_t> mapped = space.map(request);
    if (!mapped.ok()) return mapped.error();
  }
  return Errno{0};
}

/// Finds room for a position-independent image and returns the bias.
Result<uint32_t> reserve(AddressSpace& space, const ElfImage& image, uint32_t preferred) {
  const uint32_t alignment = std::max(image.alignment, space.host_page_size());
  const uint32_t link_begin = image.begin & ~(alignment - 1);
  const uint32_t size = image.end - link_begin;
  if (alignment > kGuestEnd / 2 || size > kGuestEnd / 2) return Errno{i386::abi::kENOMEM};
  MapRequest request;
  request.address = preferred;
  request.length = size + alignment;
  const Result<uint32_t> room = space.map(request);
  if (!room.ok()) return room;
  const uint32_t begin = (room.value() + alignment - 1) & ~(alignment - 1);
  const uint32_t end = room.value() + page_ceil(size + alignment);
  if (begin != room.value()) CHECK(space.unmap(room.value(), begin - room.value()).value == 0);
  CHECK(space.unmap(begin + size, end - begin - size).value == 0);
  return begin - link_begin;
}

}  // namespace

Result<LoadedElf> map_elf(AddressSpace& space, int descriptor, const ElfImage& image,
                          uint32_t preferred) {
  LoadedElf loaded;
  if (image.position_independent) {
    const Result<uint32_t> bias = reserve(space, image, preferred);
    if (!bias.ok()) return bias.error();
    loaded.bias = bias.value();
  } else if (!space.mappings().empty() && image.end > image.begin) {
    // An executable at fixed addresses comes first; it may only meet its own segments.
    return Errno{i386::abi::kENOMEM};
  }
  for (unsigned i = 0; i < image.segment_count; ++i) {
    const Errno error = map_segment(space, descriptor, image.segments[i], loaded.bias);
    if (error.value != 0) return error;
  }
  loaded.entry = image.entry + loaded.bias;
  loaded.program_headers = image.program_headers != 0 ? image.program_headers + loaded.bias : 0;
  loaded.end = image.end + loaded.bias;
  return loaded;
}

}  // namespace ferry
