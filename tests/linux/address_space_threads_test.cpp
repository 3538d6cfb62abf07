// Four threads that change the address space at once, each in a range of its own, while each looks
// at the ranges of all. ThreadSanitizer sees whether they touch anything without the lock.
#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <random>
#include <thread>
#include <vector>

#include "expect.hpp"
#include "guest/memory/memory.hpp"
#include "linux/kernel/address_space.hpp"
#include "linux/kernel/memory_view.hpp"

namespace {

using namespace ferry;
using namespace ferry::linux;
using test::expect_equal;

constexpr uint32_t kBase = 0x20000000;
constexpr uint32_t kPages = 16;  ///< of a range: whole host pages, whatever their size
constexpr unsigned kThreads = 4, kTurns = 6000;
constexpr uint64_t kNoStack = 0;

/// As the engine, which ends watches of what changes.
struct Observer final : MappingObserver {
  explicit Observer(AddressSpace& observed) : space(observed) {}
  void range_changed(uint32_t, uint32_t) override { ++changes; }
  void range_shared(uint32_t, uint32_t) override {}
  void kernel_write(uint32_t begin, uint32_t end) override { space.end_write_watch(begin, end); }
  void memory_shared() override {}
  AddressSpace& space;
  unsigned changes = 0;  ///< under the lock
};

class Worker {
 public:
  Worker(AddressSpace& space, unsigned number)
      : space_(space), random_(number), first_(number * kPages) {}

  void run() {
    for (unsigned i = 0; i < kTurns; ++i) {
      change();
      look();
    }
    check();
  }

 private:
  struct Page {
    bool mapped = false;
    uint8_t protection = 0, content = 0;
  };

  [[nodiscard]] uint32_t address(uint32_t page) const {
    return kBase + (first_ + page) * guest::kPageSize;
  }

  void change() {
    const uint32_t begin = random_() % kPages;
    const uint32_t end = begin + 1 + random_() % (kPages - begin);
    const uint32_t bytes = (end - begin) * guest::kPageSize;
    const auto protection = static_cast<uint8_t>(random_() % 8);
    switch (random_() % 9) {
      case 0:
      case 1: {
        MapRequest request;
        request.address = address(begin);
        request.length = bytes;
        request.protection = protection;
        request.placement = MapRequest::Placement::fixed;
        expect_equal(space_.map(request).ok(), true);
        for (uint32_t i = begin; i < end; ++i) pages_[i] = {true, protection, 0};
        return;
      }
      case 2:
        expect_equal(space_.unmap(address(begin), bytes).value, 0);
        for (uint32_t i = begin; i < end; ++i) pages_[i] = {};
        return;
      case 3:
        for (uint32_t i = begin; i < end; ++i) {
          if (!pages_[i].mapped) continue;
          expect_equal(space_.protect(address(i), guest::kPageSize, protection).value, 0);
          pages_[i].protection = protection;
        }
        return;
      case 4: {
        const MemoryGuard guard(space_.lock());  // as the engine calls it
        return static_cast<void>(space_.begin_write_watch(address(begin), address(end)));
      }
      case 5:
        return advise(begin, end);
      case 6: {
        const bool all = all_mapped(begin, end);
        const Errno error = space_.lock_pages(address(begin), bytes, random_() % 2 ? kLocked : 0);
        // Without the right to lock, and of pages that may not be read, it fails too.
        if (!all) expect_equal(error == kOk, false);
        return;
      }
      case 7:
        return move(begin, end);
      default:
        for (uint32_t i = begin; i < end; ++i) write(i);
    }
  }

  [[nodiscard]] bool all_mapped(uint32_t begin, uint32_t end) const {
    return std::all_of(pages_ + begin, pages_ + end, [](const Page& page) { return page.mapped; });
  }

  void advise(uint32_t begin, uint32_t end) {
    constexpr int kAdvice[] = {MADV_DONTNEED,   MADV_RANDOM, MADV_WIPEONFORK,
                               MADV_KEEPONFORK, MADV_NORMAL, MADV_COLD};
    // What is locked refuses some advice; a hole ends an munlock.
    for (uint32_t i = begin; i < end; ++i)
      static_cast<void>(space_.lock_pages(address(i), guest::kPageSize, 0));
    const int advice = kAdvice[random_() % std::size(kAdvice)];
    const Errno error = space_.advise(address(begin), address(end), advice);
    expect_equal(error.value, all_mapped(begin, end) ? 0 : abi::kENOMEM.value);
    for (uint32_t i = begin; i < end && advice == MADV_DONTNEED; ++i) pages_[i].content = 0;
  }

  /// To where it was, and a part of it stays.
  void move(uint32_t begin, uint32_t end) {
    constexpr uint32_t kKeepAndMove = MREMAP_MAYMOVE | 4;  // MREMAP_DONTUNMAP
    const uint32_t bytes = (end - begin) * guest::kPageSize;
    const auto moved = space_.remap(address(begin), bytes, bytes, kKeepAndMove, 0);
    if (!moved.ok()) return;
    const auto back =
        space_.remap(moved.value(), bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, address(begin));
    expect_equal(back.ok(), true);
  }

  void write(uint32_t page) {
    space_.prepare_kernel_write(address(page), guest::kPageSize);
    void* const bytes = space_.reach(address(page), true, kNoStack);
    expect_equal(bytes != nullptr,
                 pages_[page].mapped && (pages_[page].protection & kProtWrite) != 0);
    if (bytes == nullptr) return;
    pages_[page].content = static_cast<uint8_t>(random_() | 1);
    std::memset(bytes, pages_[page].content, guest::kPageSize);
  }

  /// Asks what handlers and other threads ask, about pages of everyone.
  void look() {
    const uint32_t any = kBase + random_() % (kThreads * kPages) * guest::kPageSize;
    expect_equal(space_.prot_at(any) <= 7, true);
    static_cast<void>(space_.write_watched(any));
    expect_equal(space_.fetch_end(any) >= any, true);
    static_cast<void>(space_.accessible(any, guest::kPageSize, kProtRead));
    uint8_t residency[4];
    static_cast<void>(space_.residency(any, 4, residency));
    if (random_() % 100 != 0) return;
    expect_equal(maps_text(space_.view(), "").size() < 1 << 20, true);
    expect_equal(smaps_text(space_.view(), "").empty(), false);
    const MemorySizes sizes = sizes_of(space_.view());
    expect_equal(sizes.mapped <= sizes.most_mapped, true);
  }

  void check() {
    for (uint32_t i = 0; i < kPages; ++i) {
      const Page& page = pages_[i];
      expect_equal(space_.prot_at(address(i)), page.mapped ? page.protection : -1);
      const auto* bytes = static_cast<const uint8_t*>(space_.reach(address(i), false, kNoStack));
      expect_equal(bytes != nullptr, page.mapped && page.protection != 0);
      if (bytes == nullptr) continue;
      expect_equal(bytes[0], page.content);
      expect_equal(bytes[guest::kPageSize - 1], page.content);
    }
  }

  AddressSpace& space_;
  std::mt19937 random_;
  const uint32_t first_;
  Page pages_[kPages];
};

}  // namespace

int main() {
  for (const uint32_t host_page : {4096u, 16384u}) {
    AddressSpace space(host_page);
    Observer observer(space);
    space.set_observer(&observer);
    // FERRY_TEST_PLANT_RACE: a test of this test, which must fail without the lock.
    if (std::getenv("FERRY_TEST_PLANT_RACE") == nullptr) space.lock().enable();
    std::vector<Worker> workers;
    for (unsigned i = 0; i < kThreads; ++i) workers.emplace_back(space, i);
    std::vector<std::thread> threads;
    for (Worker& worker : workers) threads.emplace_back([&worker] { worker.run(); });
    for (std::thread& thread : threads) thread.join();
    test::expect(observer.changes > kTurns);
    test::expect(space.unmap(kBase, kThreads * kPages * guest::kPageSize) == kOk);
  }
  return test::report();
}
