// The address space on hosts of 4 KB and (simulated) 16 and 64 KB pages, against a simple model.
#include "linux/address_space.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "expect.hpp"
#include "guest/i386/memory.hpp"

namespace {

using namespace ferry;
using i386::host_pointer;
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
    space->set_write_watch(begin, end, false);
  }
  AddressSpace* space = nullptr;
  unsigned changes = 0;
  unsigned writes = 0;
  uint32_t shared_bytes = 0;
};

MapRequest fixed(uint32_t address, uint32_t pages, uint8_t protection) {
  MapRequest request;
  request.address = address;
  request.length = pages * kGuestPageSize;
  request.protection = protection;
  request.placement = MapRequest::Placement::fixed;
  return request;
}

/// What each page should hold: -1 unmapped, else the byte it is filled with.
struct Model {
  std::array<int, kPages> content;
  std::array<uint8_t, kPages> protection{};
};

void check(const AddressSpace& space, const Model& model) {
  for (uint32_t i = 0; i < kPages; ++i) {
    const uint32_t address = kBase + i * kGuestPageSize;
    expect_equal(space.prot_at(address), model.content[i] < 0 ? -1 : model.protection[i]);
    if (model.content[i] < 0 || model.protection[i] == 0) continue;
    const auto* bytes = static_cast<const uint8_t*>(host_pointer(address));
    expect_equal(bytes[0], model.content[i]);
    expect_equal(bytes[kGuestPageSize - 1], model.content[i]);
  }
}

void random_changes(uint32_t host_page, int file) {
  AddressSpace space(host_page);
  Model model;
  model.content.fill(-1);
  for (unsigned step = 0; step < 3000; ++step) {
    const uint32_t first = random_number(kPages);
    const uint32_t count = 1 + random_number(kPages - first);
    const uint32_t address = kBase + first * kGuestPageSize;
    const uint32_t kind = random_number(5);
    if (kind == 0) {
      expect_equal(space.unmap(address, count * kGuestPageSize).value, 0);
      for (uint32_t i = first; i < first + count; ++i) model.content[i] = -1;
    } else if (kind == 1) {
      expect(space.map(fixed(address, count, kReadWrite)).ok());
      for (uint32_t i = first; i < first + count; ++i) model.content[i] = 0;
      for (uint32_t i = first; i < first + count; ++i) model.protection[i] = kReadWrite;
    } else if (kind == 2) {
      MapRequest request = fixed(address, count, kReadWrite);
      const uint32_t file_page = random_number(kPages);
      request.descriptor = file;
      request.offset = uint64_t{file_page} * kGuestPageSize;
      expect(space.map(request).ok());
      for (uint32_t i = 0; i < count; ++i) {
        model.content[first + i] = static_cast<int>((file_page + i) % 200 + 1);
        model.protection[first + i] = kReadWrite;
      }
    } else if (kind == 3) {
      bool whole = true;
      for (uint32_t i = first; i < first + count; ++i) whole = whole && model.content[i] >= 0;
      const uint8_t protection = random_number(2) == 0 ? kProtRead : kReadWrite;
      expect_equal(space.protect(address, count * kGuestPageSize, protection).value,
                   whole ? 0 : 12);
      if (whole) {
        for (uint32_t i = first; i < first + count; ++i) model.protection[i] = protection;
      }
    } else {
      for (uint32_t i = first; i < first + count; ++i) {
        if (model.content[i] < 0 || (model.protection[i] & kProtWrite) == 0) continue;
        model.content[i] = static_cast<int>(random_number(200) + 1);
        std::memset(host_pointer(kBase + i * kGuestPageSize), model.content[i], kGuestPageSize);
      }
    }
    if (step % 50 == 0) check(space, model);
  }
  check(space, model);
  expect_equal(space.unmap(kBase, kPages * kGuestPageSize).value, 0);
  expect(space.mappings().empty());
}

void watches(uint32_t host_page) {
  AddressSpace space(host_page);
  Recorder recorder;
  recorder.space = &space;
  space.set_observer(&recorder);
  expect(space.map(fixed(kBase, 32, kReadWrite)).ok());
  expect_equal(recorder.changes, 1);
  space.set_write_watch(kBase + 4 * kGuestPageSize, kBase + 5 * kGuestPageSize, true);
  expect(space.write_watched(kBase + 4 * kGuestPageSize + 8));
  expect_equal(space.write_watched(kBase + 5 * kGuestPageSize), host_page > kGuestPageSize);
  expect(!space.write_watched(kBase + 16 * kGuestPageSize));
  space.prepare_kernel_write(kBase + 16 * kGuestPageSize, 100);
  expect_equal(recorder.writes, 0);
  space.prepare_kernel_write(kBase + 3 * kGuestPageSize, 2 * kGuestPageSize);
  expect_equal(recorder.writes, 1);
  expect(!space.write_watched(kBase + 4 * kGuestPageSize));
  std::memset(host_pointer(kBase), 1, 32 * kGuestPageSize);
  space.set_write_watch(kBase, kBase + 32 * kGuestPageSize, true);
  expect_equal(space.unmap(kBase, 32 * kGuestPageSize).value, 0);
  expect(space.map(fixed(kBase, 32, kReadWrite)).ok());
  expect(!space.write_watched(kBase));
  std::memset(host_pointer(kBase), 1, 32 * kGuestPageSize);
  expect_equal(space.unmap(kBase, 32 * kGuestPageSize).value, 0);
}

void shared_code(uint32_t host_page) {
  AddressSpace space(host_page);
  Recorder recorder;
  space.set_observer(&recorder);
  constexpr uint8_t kAll = kReadWrite | kProtExec;
  expect(space.map(fixed(kBase, 32, kAll)).ok());
  MapRequest shared = fixed(kBase + 8 * kGuestPageSize, 8, kReadWrite);
  shared.shared = true;
  expect(space.map(shared).ok());
  expect_equal(recorder.shared_bytes, 0);
  expect_equal(space.protect(kBase, 12 * kGuestPageSize, kAll).value, 0);
  expect_equal(recorder.shared_bytes, 4 * kGuestPageSize);
  expect_equal(space.unmap(kBase, 32 * kGuestPageSize).value, 0);
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
  space.start_break(kBase);
  expect_equal(space.set_break(0), kBase);
  expect_equal(space.set_break(kBase + 10000), kBase + 10000);
  static_cast<uint8_t*>(host_pointer(kBase))[9999] = 1;
  expect_equal(space.set_break(kBase - 1), kBase + 10000);
  expect_equal(space.set_break(0xffffffff), kBase + 10000);
  expect_equal(space.set_break(kBase), kBase);
  expect(space.mappings().empty());
  MapRequest any;
  any.length = 100;
  const Result<uint32_t> first = space.map(any);
  const Result<uint32_t> second = space.map(any);
  expect(first.ok() && second.ok() && second.value() < first.value());
  expect_equal(space.remap(first.value(), 4096, 8192, 0, 0).ok(), true);
  expect_equal(space.remap(0x30000000, 4096, 8192, 1, 0).error().value, 14);
}

}  // namespace

int main() {
  const int file = memfd_create("pages", 0);
  for (uint32_t i = 0; i < 2 * kPages; ++i) {
    std::array<uint8_t, kGuestPageSize> page;
    page.fill(static_cast<uint8_t>(i % 200 + 1));
    expect_equal(write(file, page.data(), page.size()), page.size());
  }
  const auto host_page = static_cast<uint32_t>(sysconf(_SC_PAGESIZE));
  for (const uint32_t page : {host_page, 16384u, 65536u}) {
    if (page < host_page) continue;
    random_changes(page, file);
    watches(page);
    shared_code(page);
  }
  errors_and_break();
  return ferry::test::report();
}
