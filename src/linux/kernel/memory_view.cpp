// How the host uses the pages of the guest's memory is read from pagemap in /proc
// (Documentation/admin-guide/mm/pagemap.rst), for each guest page where it lies: the host's own
// smaps would show ferry, and other borders.
#include "linux/kernel/memory_view.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "linux/host/host_syscall.hpp"
#include "linux/kernel/hidden_descriptors.hpp"

namespace ferry::linux {

namespace {

/// Bytes of guest memory by what the host did with their pages.
struct PageUse {
  uint64_t resident = 0;
  uint64_t anonymous = 0;  ///< resident, and no longer a file's
  uint64_t exclusive = 0;  ///< resident, and mapped by nobody else
  uint64_t exclusive_anonymous = 0;
  uint64_t swapped = 0;
};

/// A process's pagemap, open while this lives. Without it nothing counts as resident.
class PageMap {
 public:
  explicit PageMap(const std::string& path)
      : descriptor_(static_cast<int>(make_own_descriptor([&] {
          return host_call(SYS_openat, AT_FDCWD, path.c_str(), O_RDONLY | O_CLOEXEC);
        }))) {}
  ~PageMap() {
    if (descriptor_ >= 0) host_call(SYS_close, descriptor_);
  }
  PageMap(const PageMap&) = delete;
  PageMap& operator=(const PageMap&) = delete;

  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

/// Bits of an entry of pagemap.
constexpr uint64_t kPresent = uint64_t{1} << 63, kSwapped = uint64_t{1} << 62,
                   kOfFile = uint64_t{1} << 61, kExclusive = uint64_t{1} << 56;

void add(PageUse& sum, uint64_t entry) {
  if ((entry & kSwapped) != 0) sum.swapped += guest::kPageSize;
  if ((entry & kPresent) == 0) return;
  const bool anonymous = (entry & kOfFile) == 0;
  const bool exclusive = (entry & kExclusive) != 0;
  sum.resident += guest::kPageSize;
  if (anonymous) sum.anonymous += guest::kPageSize;
  if (exclusive) sum.exclusive += guest::kPageSize;
  if (exclusive && anonymous) sum.exclusive_anonymous += guest::kPageSize;
}

void add(PageUse& sum, const PageUse& more) {
  sum.resident += more.resident;
  sum.anonymous += more.anonymous;
  sum.exclusive += more.exclusive;
  sum.exclusive_anonymous += more.exclusive_anonymous;
  sum.swapped += more.swapped;
}

void append_kilobytes(std::string& text, const char* name, uint64_t bytes) {
  char line[64];
  const int length = std::snprintf(line, sizeof line, "%-16s%8llu kB\n", name,
                                   static_cast<unsigned long long>(bytes / 1024));
  text.append(line, static_cast<size_t>(length));
}

/// A page that others map too counts half: how many they are, the host does not tell.
uint64_t proportional(const PageUse& use) {
  return use.exclusive + (use.resident - use.exclusive) / 2;
}
uint64_t proportional_anonymous(const PageUse& use) {
  return use.exclusive_anonymous + (use.anonymous - use.exclusive_anonymous) / 2;
}

/// The lines that smaps and smaps_rollup share (fs/proc/task_mmu.c, __show_smap). Anonymous pages
/// count as dirty, pages of files as clean.
void append_use(std::string& text, const PageUse& use, uint64_t locked, bool rollup) {
  const uint64_t shared = use.resident - use.exclusive;
  const uint64_t shared_anonymous = use.anonymous - use.exclusive_anonymous;
  append_kilobytes(text, "Rss:", use.resident);
  append_kilobytes(text, "Pss:", proportional(use));
  append_kilobytes(text, "Pss_Dirty:", proportional_anonymous(use));
  if (rollup) {
    append_kilobytes(text, "Pss_Anon:", proportional_anonymous(use));
    append_kilobytes(text, "Pss_File:", proportional(use) - proportional_anonymous(use));
    append_kilobytes(text, "Pss_Shmem:", 0);
  }
  append_kilobytes(text, "Shared_Clean:", shared - shared_anonymous);
  append_kilobytes(text, "Shared_Dirty:", shared_anonymous);
  append_kilobytes(text, "Private_Clean:", use.exclusive - use.exclusive_anonymous);
  append_kilobytes(text, "Private_Dirty:", use.exclusive_anonymous);
  append_kilobytes(text, "Referenced:", use.resident);
  append_kilobytes(text, "Anonymous:", use.anonymous);
  for (const char* const name : {"LazyFree:", "AnonHugePages:", "ShmemPmdMapped:", "FilePmdMapped:",
                                 "Shared_Hugetlb:", "Private_Hugetlb:"}) {
    append_kilobytes(text, name, 0);
  }
  append_kilobytes(text, "Swap:", use.swapped);
  append_kilobytes(text, "SwapPss:", use.swapped);
  append_kilobytes(text, "Locked:", locked);
}

/// fs/proc/task_mmu.c, show_smap_vma_flags.
void append_flags(std::string& text, const Mapping& mapping) {
  struct Flag {
    bool set;
    const char* name;
  };
  const auto has = [&](uint16_t trait) { return (mapping.traits & trait) != 0; };
  const Flag flags[] = {
      {(mapping.protection & kProtRead) != 0, "rd"},
      {(mapping.protection & kProtWrite) != 0, "wr"},
      {(mapping.protection & kProtExec) != 0, "ex"},
      {mapping.shared, "sh"},
      {true, "mr mw me"},
      {mapping.shared, "ms"},
      {mapping.grows_down, "gd"},
      {has(kLocked), "lo"},
      {has(kSequential), "sr"},
      {has(kRandom), "rr"},
      {has(kDontFork), "dc"},
      {has(kLockOnFault), "lf"},
      {has(kAccounted), "ac"},
      {has(kNoReserve), "nr"},
      {has(kWipeOnFork), "wf"},
      {has(kDontDump), "dd"},
      {has(kHugePage), "hg"},
      {has(kNoHugePage), "nh"},
      {has(kMergeable), "mg"},
  };
  text += "VmFlags: ";
  for (const Flag& flag : flags) {
    if (flag.set) text.append(flag.name).append(" ");
  }
  text += '\n';
}

/// What the host did with the pages of `mapping`, by the open `page_map`.
PageUse use_of(const MemoryView& memory, const Mapping& mapping, int page_map) {
  static const auto host_page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  PageUse use;
  // Entries of neighbouring host pages are read together.
  std::array<uint64_t, 512> entries;
  uint64_t first = 0;
  uint64_t count = 0;
  for (uint32_t page = mapping.begin; page < mapping.end; page += guest::kPageSize) {
    const auto moved = memory.places.find(page);
    const uint64_t place = moved != memory.places.end()
                               ? moved->second
                               : reinterpret_cast<uint64_t>(guest::host_pointer(page));
    const uint64_t number = place / host_page;
    if (number - first >= count) {
      first = number;
      const uint64_t left = (mapping.end - page + host_page - 1) / host_page;
      const long read = host_call(SYS_pread64, page_map, entries.data(),
                                  std::min(left, uint64_t{entries.size()}) * 8, number * 8);
      if (read < 8) return use;
      count = static_cast<uint64_t>(read) / 8;
    }
    add(use, entries[number - first]);
  }
  return use;
}

void append_maps_line(std::string& text, const MemoryView& memory, const Mapping& mapping,
                      std::string_view root) {
  const MappedFile& name = memory.files[mapping.file];
  std::string_view path = name.path;
  if (!root.empty() && path.starts_with(root) && path.size() > root.size() &&
      path[root.size()] == '/') {
    path.remove_prefix(root.size());
  }
  char line[128];
  int length = std::snprintf(
      line, sizeof line, "%08x-%08x %c%c%c%c %08x %02x:%02x %llu", mapping.begin, mapping.end,
      (mapping.protection & kProtRead) != 0 ? 'r' : '-',
      (mapping.protection & kProtWrite) != 0 ? 'w' : '-',
      (mapping.protection & kProtExec) != 0 ? 'x' : '-', mapping.shared ? 's' : 'p',
      name.has_pages() ? static_cast<uint32_t>(mapping.offset) : 0, name.id.device_major,
      name.id.device_minor, static_cast<unsigned long long>(name.id.inode));
  text.append(line, static_cast<size_t>(length));
  text += ' ';
  if (!path.empty()) {
    while (length++ < 72) text += ' ';  // the kernel pads to column 73
    text += path;
  }
  text += '\n';
}

}  // namespace

std::string maps_text(const MemoryView& memory, std::string_view root) {
  std::string text;
  for (const Mapping& mapping : memory.mappings) append_maps_line(text, memory, mapping, root);
  return text;
}

std::string smaps_text(const MemoryView& memory, std::string_view root) {
  const PageMap page_map(memory.page_map);
  std::string text;
  for (const Mapping& mapping : memory.mappings) {
    append_maps_line(text, memory, mapping, root);
    append_kilobytes(text, "Size:", mapping.end - mapping.begin);
    append_kilobytes(text, "KernelPageSize:", guest::kPageSize);
    append_kilobytes(text, "MMUPageSize:", guest::kPageSize);
    const PageUse use = use_of(memory, mapping, page_map.descriptor());
    append_use(text, use, (mapping.traits & kLocked) != 0 ? proportional(use) : 0, false);
    text += "THPeligible:           0\n";
    append_flags(text, mapping);
  }
  return text;
}

std::string smaps_rollup_text(const MemoryView& memory) {
  if (memory.mappings.empty()) return {};
  const PageMap page_map(memory.page_map);
  PageUse sum;
  uint64_t locked = 0;
  for (const Mapping& mapping : memory.mappings) {
    const PageUse use = use_of(memory, mapping, page_map.descriptor());
    add(sum, use);
    if ((mapping.traits & kLocked) != 0) locked += proportional(use);
  }
  char line[96];
  const int length =
      std::snprintf(line, sizeof line, "%08x-%08x ---p 00000000 00:00 0%*s[rollup]\n",
                    memory.mappings.front().begin, memory.mappings.back().end, 34, "");
  std::string text(line, static_cast<size_t>(length));
  append_use(text, sum, locked, true);
  return text;
}

MemorySizes sizes_of(const MemoryView& memory) {
  const PageMap page_map(memory.page_map);
  MemorySizes sizes{memory.totals};
  for (const Mapping& mapping : memory.mappings) {
    const PageUse use = use_of(memory, mapping, page_map.descriptor());
    const std::string& path = memory.files[mapping.file].path;
    const bool of_memory = path.starts_with("/dev/zero") || path.starts_with("/dev/shm/") ||
                           path.starts_with("/memfd:") || path.starts_with("/SYSV");
    sizes.resident += use.resident;
    sizes.anonymous += use.anonymous;
    (of_memory ? sizes.shared_memory : sizes.of_files) += use.resident - use.anonymous;
    sizes.swapped += use.swapped;
  }
  return sizes;
}

}  // namespace ferry::linux
