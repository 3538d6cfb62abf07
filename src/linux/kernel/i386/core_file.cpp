#include "linux/kernel/i386/core_file.hpp"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "linux/host/host_syscall.hpp"
#include "linux/kernel/guest_process.hpp"
#include "linux/kernel/i386/core_notes.hpp"
#include "linux/kernel/threads.hpp"

namespace ferry::linux {

namespace {

// --- which memory
// ---------------------------------------------------------------------------------

/// Which pages of this process the kernel keeps for it alone, because it has written them:
/// /proc/self/pagemap (Documentation/admin-guide/mm/pagemap.rst).
class PageMap {
 public:
  PageMap()
      : file_(static_cast<int>(
            host_call(SYS_openat, AT_FDCWD, "/proc/self/pagemap", O_RDONLY | O_CLOEXEC))) {
    // Below an emulator, addresses may not be the host's.
    const uint8_t here = 0;
    const auto address = reinterpret_cast<uintptr_t>(&here);
    if (!any_own(address, address + 1)) close();
  }
  ~PageMap() { close(); }
  PageMap(const PageMap&) = delete;
  PageMap& operator=(const PageMap&) = delete;

  [[nodiscard]] bool is_known() const { return file_ >= 0; }
  /// Whether a page of [begin, end) is such a page.
  [[nodiscard]] bool any_own(uint64_t begin, uint64_t end) const {
    constexpr uint64_t kPresent = uint64_t{1} << 63, kSwapped = uint64_t{1} << 62,
                       kOfFile = uint64_t{1} << 61;
    std::array<uint64_t, 512> entries;
    const uint64_t last = (end - 1) / page_ + 1;
    for (uint64_t page = begin / page_; page < last;) {
      const uint64_t count = std::min<uint64_t>(last - page, entries.size());
      const long bytes = host_call(SYS_pread64, file_, entries.data(), count * sizeof(uint64_t),
                                   page * sizeof(uint64_t));
      if (bytes <= 0) return false;
      const uint64_t got = static_cast<uint64_t>(bytes) / sizeof(uint64_t);
      if (std::any_of(entries.begin(), entries.begin() + got, [](uint64_t entry) {
            return (entry & (kPresent | kSwapped)) != 0 && (entry & kOfFile) == 0;
          }))
        return true;
      page += got;
    }
    return false;
  }

 private:
  void close() {
    if (file_ >= 0) host_call(SYS_close, file_);
    file_ = -1;
  }

  const uint64_t page_ = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  int file_;
};

/// anon_vma of the kernel: whether a private mapping was written to.
bool was_written(const AddressSpace& space, const PageMap& pages, const Mapping& mapping) {
  if (pages.is_known() && space.in_place(mapping.begin, mapping.end - mapping.begin))
    return pages.any_own(mapping.begin, mapping.end);
  return !space.file(mapping.file).has_pages() || (mapping.protection & kProtExec) == 0;
}

/// How many bytes of a mapping are dumped: vma_dump_size of fs/coredump.c (6.1) for the filter that
/// a process begins with.
uint32_t dumped_bytes(AddressSpace& space, const PageMap& pages, const Mapping& mapping) {
  const uint32_t whole = mapping.end - mapping.begin;
  const MappedFile& file = space.file(mapping.file);
  if (file.path == "[vdso]") return whole;
  if (mapping.shared) return file.path.ends_with(" (deleted)") ? whole : 0;
  if (was_written(space, pages, mapping)) return whole;
  std::array<char, SELFMAG> magic{};
  const bool begins_file = file.has_pages() && mapping.offset == 0;
  if (!begins_file || (mapping.protection & kProtRead) == 0 ||
      !space.force_read(magic.data(), mapping.begin, SELFMAG))
    return 0;
  return std::memcmp(magic.data(), ELFMAG, SELFMAG) == 0 ? guest::kPageSize : 0;
}

struct Segment {
  uint32_t begin, size, dumped, flags;
};

std::vector<Segment> segments_of(AddressSpace& space) {
  const PageMap pages;
  std::vector<Segment> segments;
  for (const Mapping& mapping : space.mappings()) {
    const uint32_t flags = ((mapping.protection & kProtRead) != 0 ? PF_R : 0u) |
                           ((mapping.protection & kProtWrite) != 0 ? PF_W : 0u) |
                           ((mapping.protection & kProtExec) != 0 ? PF_X : 0u);
    segments.push_back(
        {mapping.begin, mapping.end - mapping.begin, dumped_bytes(space, pages, mapping), flags});
  }
  return segments;
}

// --- the file
// -------------------------------------------------------------------------------------

/// Writes one piece after the other until one would exceed the limit or fails.
class Output {
 public:
  Output(int file, uint64_t limit) : file_(file), limit_(limit) {}

  void write(const void* bytes, size_t size) {
    failed_ = failed_ || written_ + size > limit_ ||
              host_call(SYS_pwrite64, file_, bytes, size, position_) != static_cast<long>(size);
    if (failed_) return;
    written_ += size;
    position_ += size;
  }
  /// A hole, which does not count.
  void skip(uint64_t size) { position_ += failed_ ? 0 : size; }
  [[nodiscard]] bool failed() const { return failed_; }
  /// The file ends here, even in a hole.
  void finish() const { host_call(SYS_ftruncate, file_, position_); }

 private:
  int file_;
  uint64_t limit_;
  uint64_t written_ = 0, position_ = 0;
  bool failed_ = false;
};

void write_headers(Output& out, const std::vector<Segment>& segments, uint32_t note_bytes,
                   uint32_t first_page) {
  Elf32_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS32;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_CORE;
  header.e_machine = EM_386;
  header.e_version = EV_CURRENT;
  header.e_phoff = header.e_ehsize = sizeof header;
  header.e_phentsize = sizeof(Elf32_Phdr);
  header.e_phnum = static_cast<Elf32_Half>(segments.size() + 1);
  out.write(&header, sizeof header);
  Elf32_Phdr program{};
  program.p_type = PT_NOTE;
  program.p_offset = static_cast<Elf32_Off>(sizeof header + header.e_phnum * sizeof program);
  program.p_filesz = note_bytes;
  program.p_align = 4;
  out.write(&program, sizeof program);
  uint32_t offset = first_page;
  for (const Segment& segment : segments) {
    program = {};
    program.p_type = PT_LOAD;
    program.p_offset = offset;
    program.p_vaddr = segment.begin;
    program.p_filesz = segment.dumped;
    program.p_memsz = segment.size;
    program.p_flags = segment.flags;
    program.p_align = guest::kPageSize;
    out.write(&program, sizeof program);
    offset += segment.dumped;
  }
}

/// Pages of zeroes become holes, as do those the kernel does not have.
void write_memory(Output& out, AddressSpace& space, const Segment& segment) {
  std::array<uint8_t, guest::kPageSize> page;
  for (uint32_t done = 0; done < segment.dumped && !out.failed(); done += guest::kPageSize) {
    const bool filled =
        space.force_read(page.data(), segment.begin + done, guest::kPageSize) &&
        std::any_of(page.begin(), page.end(), [](uint8_t byte) { return byte != 0; });
    if (filled) {
      out.write(page.data(), page.size());
    } else {
      out.skip(page.size());
    }
  }
}

/// do_coredump of the kernel: a file that is there is replaced, and only a plain one that nobody
/// else may read is used.
long open_core(const std::string& name) {
  host_call(SYS_unlinkat, AT_FDCWD, name.c_str(), 0);
  const long file = host_call(SYS_openat, AT_FDCWD, name.c_str(),
                              O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) return file;
  struct stat status {};
  const bool fits = ::fstat(static_cast<int>(file), &status) == 0 && S_ISREG(status.st_mode) &&
                    (status.st_mode & 0677) == 0600;
  if (fits) return file;
  host_call(SYS_close, file);
  return -EPERM;
}

}  // namespace

void write_core_file(const std::string& name, uint64_t limit, std::span<Thread* const> threads,
                     const abi::SigInfo& info) {
  AddressSpace& space = *threads.front()->process->space;
  const MemoryGuard guard(space.lock());
  const long file = open_core(name);
  if (file < 0) return;
  const std::vector<Segment> segments = segments_of(space);
  const std::vector<uint8_t> notes = core_notes(threads, info);
  const auto note_bytes = static_cast<uint32_t>(notes.size());
  const auto note_end = static_cast<uint32_t>(
      sizeof(Elf32_Ehdr) + (segments.size() + 1) * sizeof(Elf32_Phdr) + notes.size());
  const uint32_t first_page = guest::page_ceil(note_end);
  Output out(static_cast<int>(file), limit);
  write_headers(out, segments, note_bytes, first_page);
  out.write(notes.data(), notes.size());
  out.skip(first_page - note_end);
  for (const Segment& segment : segments) write_memory(out, space, segment);
  out.finish();
  host_call(SYS_close, file);
}

}  // namespace ferry::linux
