// The address space with host pages of 4 KB and (simulated) 16 and 64 KB, against a simple model.
#include "linux/kernel/address_space.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "expect.hpp"
#include "guest/memory/memory.hpp"
#include "linux/kernel/shared_memory.hpp"

namespace {

using namespace ferry;
using namespace ferry::linux;
using test::expect;
using test::expect_equal;

constexpr uint32_t kBase = 0x20000000;
constexpr uint32_t kPages = 64;
constexpr uint8_t kReadWrite = kProtRead | kProtWrite;

uint32_t random_state = 12345;
uint32_t random_number(uint32_t limit) {
  random_state = random_state * 1103515245 + 12345;
  return (random_state >> 8) % limit;
}

struct Recorder final : MappingObserver {
  void range_changed(uint32_t, uint32_t) override { ++changes; }
  void range_shared(uint32_t begin, uint32_t end) override { shared_bytes += end - begin; }
  void kernel_write(uint32_t begin, uint32_t end) override {
    ++writes;
    space->end_write_watch(begin, end);
  }
  void memory_shared() override { ++shared; }
  AddressSpace* space = nullptr;
  unsigned changes = 0;
  unsigned shared = 0;
  unsigned writes = 0;
  uint32_t shared_bytes = 0;
};

MapRequest fixed(uint32_t address, uint32_t pages, uint8_t protection) {
  MapRequest request;
  request.address = address;
  request.length = pages * guest::kPageSize;
  request.protection = protection;
  request.placement = MapRequest::Placement::fixed;
  return request;
}

constexpr uint64_t kNoStack = 0;

/// What each guest page should be.
struct Page {
  bool mapped = false;
  uint8_t protection = 0;
  int content = 0;       ///< of private memory: the byte it is filled with
  int shared_page = -1;  ///< of the shared file; -1: private
};

/// Whether mremap with an old size of 0 makes a second mapping of shared memory, as a kernel does
/// but not qemu-user. Without that a shared page cannot be moved to another position in a host
/// page.
bool can_duplicate() {
  static const bool can = [] {
    void* const page = mmap(nullptr, 65536, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return mremap(page, 0, 65536, MREMAP_MAYMOVE) != MAP_FAILED;
  }();
  return can;
}

/// Makes random changes to a range of guest pages and to a file that is mapped shared, and keeps
/// what memory and file should hold.
class Model {
 public:
  Model(uint32_t host_page, int private_file, int shared_file)
      : space_(host_page), private_file_(private_file), shared_file_(shared_file) {
    for (uint32_t i = 0; i < 2 * kPages; ++i) write_file(i, 0);
  }

  void change() {
    const uint32_t first = random_number(kPages);
    const uint32_t count = 1 + random_number(kPages - first);
    switch (random_number(7)) {
      case 0:
        expect_equal(space_.unmap(address(first), count * guest::kPageSize).value, 0);
        for (uint32_t i = first; i < first + count; ++i) pages_[i] = {};
        break;
      case 1:
        expect(space_.map(fixed(address(first), count, kReadWrite)).ok());
        for (uint32_t i = first; i < first + count; ++i) pages_[i] = {true, kReadWrite, 0, -1};
        break;
      case 2:
        map_file(first, count);
        break;
      case 3:
        map_shared(first, count);
        break;
      case 4:
        protect(first, count);
        break;
      case 5:
        move(first, count);
        break;
      default:
        write(first, count);
    }
  }

  void check() {
    for (uint32_t i = 0; i < kPages; ++i) {
      const Page& page = pages_[i];
      expect_equal(space_.prot_at(address(i)), page.mapped ? page.protection : -1);
      const bool readable = page.mapped && page.protection != 0;
      const auto* bytes = static_cast<uint8_t*>(space_.reach(address(i), false, kNoStack));
      expect_equal(bytes != nullptr, readable);
      expect_equal(space_.reach(address(i), true, kNoStack) != nullptr,
                   readable && (page.protection & kProtWrite) != 0);
      if (bytes == nullptr) continue;
      const int content = page.shared_page < 0 ? page.content : file_[page.shared_page];
      expect_equal(bytes[0], content);
      expect_equal(bytes[guest::kPageSize - 1], content);
    }
    for (uint32_t i = 0; i < 2 * kPages; ++i) {
      uint8_t byte = 0;
      expect_equal(pread(shared_file_, &byte, 1, i * guest::kPageSize + 17), 1);
      expect_equal(byte, file_[i]);
    }
  }

  void end() {
    expect_equal(space_.unmap(kBase, kPages * guest::kPageSize).value, 0);
    expect(space_.mappings().empty());
  }

 private:
  static uint32_t address(uint32_t page) { return kBase + page * guest::kPageSize; }

  void write_file(uint32_t page, int content) {
    std::array<uint8_t, guest::kPageSize> bytes;
    bytes.fill(static_cast<uint8_t>(content));
    expect_equal(pwrite(shared_file_, bytes.data(), bytes.size(), page * guest::kPageSize),
                 guest::kPageSize);
    file_[page] = content;
  }

  void map_file(uint32_t first, uint32_t count) {
    MapRequest request = fixed(address(first), count, kReadWrite);
    const uint32_t file_page = random_number(kPages);
    request.descriptor = private_file_;
    request.offset = uint64_t{file_page} * guest::kPageSize;
    expect(space_.map(request).ok());
    for (uint32_t i = 0; i < count; ++i)
      pages_[first + i] = {true, kReadWrite, static_cast<int>((file_page + i) % 200 + 1), -1};
  }

  void map_shared(uint32_t first, uint32_t count) {
    if (random_number(2) == 0) count = 1 + count % 6;
    if (first + count > kPages) return;
    MapRequest request = fixed(address(first), count, kReadWrite);
    const uint32_t file_page = random_number(kPages);
    request.shared = true;
    request.descriptor = shared_file_;
    request.offset = uint64_t{file_page} * guest::kPageSize;
    expect(space_.map(request).ok());
    for (uint32_t i = 0; i < count; ++i)
      pages_[first + i] = {true, kReadWrite, 0, static_cast<int>(file_page + i)};
  }

  /// Protection stops at a hole with an error, but the pages before the hole are changed.
  void protect(uint32_t first, uint32_t count) {
    constexpr uint8_t kKinds[] = {kProtRead, kReadWrite, 0};
    const uint8_t protection = kKinds[random_number(3)];
    uint32_t end = first;
    while (end < first + count && pages_[end].mapped) pages_[end++].protection = protection;
    expect_equal(space_.protect(address(first), count * guest::kPageSize, protection).value,
                 end == first + count ? 0 : 12);
  }

  void move(uint32_t first, uint32_t count) {
    count = 1 + count % 6;
    const uint32_t to = random_number(kPages - 6);
    if (first + count > kPages || (to < first + count && first < to + count)) return;
    constexpr uint32_t kMayMove = 1, kFixed = 2;
    const linux::Result<uint32_t> moved =
        space_.remap(address(first), count * guest::kPageSize, count * guest::kPageSize,
                     kMayMove | kFixed, address(to));
    if (!moved.ok() && !can_duplicate() && moved.error().value == 12) {
      for (uint32_t i = 0; i < count; ++i) pages_[to + i] = {};
      return;
    }
    if (!moved.ok()) {  // the range covers several mappings, or none
      expect_equal(moved.error().value, 14);
      return;
    }
    for (uint32_t i = 0; i < count; ++i) {
      pages_[to + i] = pages_[first + i];
      pages_[first + i] = {};
    }
  }

  void write(uint32_t first, uint32_t count) {
    for (uint32_t i = first; i < first + count; ++i) {
      Page& page = pages_[i];
      if (!page.mapped || (page.protection & kProtWrite) == 0) continue;
      const int content = static_cast<int>(random_number(200) + 1);
      (page.shared_page < 0 ? page.content : file_[page.shared_page]) = content;
      void* const bytes = space_.reach(address(i), true, kNoStack);
      expect(bytes != nullptr);
      if (bytes != nullptr) std::memset(bytes, content, guest::kPageSize);
    }
    if (random_number(4) == 0)
      write_file(random_number(2 * kPages), static_cast<int>(random_number(200) + 1));
  }

  AddressSpace space_;
  int private_file_;
  int shared_file_;
  std::array<Page, kPages> pages_{};
  std::array<int, 2 * kPages> file_{};
};

void random_changes(uint32_t host_page, int private_file) {
  Model model(host_page, private_file, memfd_create("shared", 0));
  for (unsigned step = 0; step < 6000; ++step) {
    model.change();
    if (step % 20 == 0) model.check();
  }
  model.check();
  model.end();
}

/// The stack grows to its limit, keeps a gap below it, and mappings keep away from it.
void growth(uint32_t host_page) {
  AddressSpace space(host_page);
  MapRequest stack = fixed(kBase, 16, kReadWrite);
  stack.grows_down = true;
  expect(space.map(stack).ok());
  constexpr uint64_t kLimit = 1 << 20;
  const uint32_t top = kBase + 16 * guest::kPageSize;
  expect(space.reach(top - kLimit - 1, true, kLimit) == nullptr);
  expect(space.reach(top - kLimit, true, kLimit) != nullptr);
  expect_equal(space.find(top - 1)->begin, top - kLimit);
  expect(space.reach(top - kLimit - host_page, true, 2 * kLimit) != nullptr);
  // A mapped page stops the stack 1 MB above it, but a page without access does not.
  const uint32_t below = top - 8 * static_cast<uint32_t>(kLimit);
  expect(space.map(fixed(below, 16, kProtRead)).ok());
  const uint32_t first = below + 16 * guest::kPageSize;
  expect(space.reach(first + kLimit - host_page, true, 8 * kLimit) == nullptr);
  expect(space.reach(first + kLimit, true, 8 * kLimit) != nullptr);
  expect_equal(space.protect(below, 16 * guest::kPageSize, 0).value, 0);
  expect(space.reach(first, true, 8 * kLimit) != nullptr);
  expect_equal(space.unmap(below, 8 * static_cast<uint32_t>(kLimit)).value, 0);
  space.place_below_stack(0x7f000000, 8 << 20);
  MapRequest any;
  any.length = guest::kPageSize;
  expect_equal(space.map(any).value(), 0x7f000000 - (128 << 20) - host_page);
  space.place_below_stack(0x7f000000, UINT64_MAX);
  expect(space.map(any).value() < 0x7f000000 / 6 + 0x10000);
}

void watches(uint32_t host_page) {
  AddressSpace space(host_page);
  Recorder recorder;
  recorder.space = &space;
  space.set_observer(&recorder);
  expect(space.map(fixed(kBase, 32, kReadWrite)).ok());
  expect_equal(recorder.changes, 1);
  expect(space.begin_write_watch(kBase + 4 * guest::kPageSize, kBase + 5 * guest::kPageSize));
  expect(space.write_watched(kBase + 4 * guest::kPageSize + 8));
  expect_equal(space.write_watched(kBase + 5 * guest::kPageSize), host_page > guest::kPageSize);
  expect(!space.write_watched(kBase + 16 * guest::kPageSize));
  space.prepare_kernel_write(kBase + 16 * guest::kPageSize, 100);
  expect_equal(recorder.writes, 0);
  space.prepare_kernel_write(kBase + 3 * guest::kPageSize, 2 * guest::kPageSize);
  expect_equal(recorder.writes, 1);
  expect(!space.write_watched(kBase + 4 * guest::kPageSize));
  std::memset(guest::host_pointer(kBase), 1, 32 * guest::kPageSize);
  expect(space.begin_write_watch(kBase, kBase + 32 * guest::kPageSize));
  expect_equal(space.unmap(kBase, 32 * guest::kPageSize).value, 0);
  expect(space.map(fixed(kBase, 32, kReadWrite)).ok());
  expect(!space.write_watched(kBase));
  std::memset(guest::host_pointer(kBase), 1, 32 * guest::kPageSize);
  expect_equal(space.unmap(kBase, 32 * guest::kPageSize).value, 0);
}

// recv into a page of code failed at times: another thread protected the page first and asked then
// whether a kernel was writing there.
void watch_beside_kernel_write(uint32_t host_page) {
  AddressSpace space(host_page);
  expect(space.map(fixed(kBase, 32, kReadWrite)).ok());
  KernelWrites writes;
  space.add_kernel_writes(writes);
  constexpr uint32_t kPage = kBase + 16 * guest::kPageSize;
  const unsigned place = writes.add(kPage + 100, kPage + 104);
  expect(!space.begin_write_watch(kPage, kPage + guest::kPageSize));
  expect(!space.write_watched(kPage));
  expect(space.begin_write_watch(kBase, kBase + guest::kPageSize));
  std::memset(guest::host_pointer(kPage), 1, guest::kPageSize);
  writes.remove(place);
  expect(space.begin_write_watch(kPage, kPage + guest::kPageSize));
  expect(space.write_watched(kPage));
  space.remove_kernel_writes(writes);
  expect_equal(space.unmap(kBase, 32 * guest::kPageSize).value, 0);
}

void shared_code(uint32_t host_page) {
  AddressSpace space(host_page);
  Recorder recorder;
  space.set_observer(&recorder);
  constexpr uint8_t kAll = kReadWrite | kProtExec;
  expect(space.map(fixed(kBase, 32, kAll)).ok());
  MapRequest shared = fixed(kBase + 8 * guest::kPageSize, 8, kReadWrite);
  shared.shared = true;
  expect(space.map(shared).ok());
  expect_equal(recorder.shared_bytes, 0);
  expect_equal(space.protect(kBase, 12 * guest::kPageSize, kAll).value, 0);
  expect_equal(recorder.shared_bytes, 4 * guest::kPageSize);
  expect_equal(space.unmap(kBase, 32 * guest::kPageSize).value, 0);
}

void errors_and_break() {
  AddressSpace space(static_cast<uint32_t>(sysconf(_SC_PAGESIZE)));
  expect_equal(space.map(fixed(0x1000, 1, 0)).error().value, 1);
  expect_equal(space.map(fixed(0x7fff0000, 1, 0)).error().value, 12);
  expect_equal(space.map(fixed(kBase + 1, 1, 0)).error().value, 22);
  expect_equal(space.unmap(0xfffff000, 0x2000).value, 22);
  expect_equal(space.protect(kBase, 0xffffffff, 1).value, 12);
  MapRequest huge;
  huge.length = 0xfffff001;
  expect_equal(space.map(huge).error().value, 12);
  space.start_break(kBase, 0);
  expect_equal(space.set_break(0), kBase);
  expect_equal(space.set_break(kBase + 10000), kBase + 10000);
  static_cast<uint8_t*>(guest::host_pointer(kBase))[9999] = 1;
  expect_equal(space.set_break(kBase - 1), kBase + 10000);
  expect_equal(space.set_break(0xffffffff), kBase + 10000);
  expect_equal(space.set_break(kBase), kBase);
  expect(space.mappings().empty());
  space.place_below_stack(0x7f000000, 0);
  MapRequest any;
  any.length = 100;
  const linux::Result<uint32_t> first = space.map(any);
  const linux::Result<uint32_t> second = space.map(any);
  expect(first.ok() && second.ok() && second.value() < first.value());
  expect_equal(space.remap(first.value(), 4096, 8192, 0, 0).ok(), true);
  expect_equal(space.remap(0x30000000, 4096, 8192, 1, 0).error().value, 14);
}

/// Which mappings make the order of accesses matter.
void seen_mappings(int memory_file) {
  MapRequest request = fixed(0x30000000, 1, kProtRead);
  expect(!seen_by_others(request));
  request.protection = kReadWrite;
  expect(!seen_by_others(request));
  request.shared = true;
  expect(seen_by_others(request));
  request.protection = kProtRead;
  expect(seen_by_others(request));  // mprotect may make it writable
  request.descriptor = memory_file;
  expect(seen_by_others(request));
  request.descriptor = open("/proc/self/exe", O_RDONLY);
  expect(!seen_by_others(request));
  close(request.descriptor);
  request.descriptor = open("/dev/zero", O_RDONLY);
  expect(seen_by_others(request));
  close(request.descriptor);
}

void order_begins_once() {
  AddressSpace space(static_cast<uint32_t>(sysconf(_SC_PAGESIZE)));
  Recorder recorder;
  space.set_observer(&recorder);
  i386::CpuState first, second;
  space.order_memory(first);
  expect_equal(recorder.shared, 0u);
  expect_equal(first.guards, 0u);
  space.set_order_when_shared(true);
  space.order_memory(first);
  space.order_memory(second);
  expect_equal(recorder.shared, 1u);
  expect_equal(first.guards, i386::CpuState::kOrdered);
  expect_equal(second.guards, i386::CpuState::kOrdered);
}

}  // namespace

int main() {
  const int file = memfd_create("pages", 0);
  for (uint32_t i = 0; i < 2 * kPages; ++i) {
    std::array<uint8_t, guest::kPageSize> page;
    page.fill(static_cast<uint8_t>(i % 200 + 1));
    expect_equal(write(file, page.data(), page.size()), page.size());
  }
  const auto host_page = static_cast<uint32_t>(sysconf(_SC_PAGESIZE));
  for (const uint32_t page : {host_page, 16384u, 65536u}) {
    if (page < host_page) continue;
    random_changes(page, file);
    watches(page);
    watch_beside_kernel_write(page);
    growth(page);
    shared_code(page);
  }
  errors_and_break();
  seen_mappings(file);
  order_begins_once();
  return ferry::test::report();
}
