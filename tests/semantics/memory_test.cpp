// Guest memory accessors: values, alignment, page ends, faults, and atomicity between threads. A
// plain program without GoogleTest, because it also runs on MIPS64, where the interesting paths
// are.
#include "guest/memory/memory.hpp"

#include <sys/mman.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

#include "common/diagnostics.hpp"
#include "guest_arena.hpp"

namespace ferry::semantics {
namespace {

using namespace i386;

uint8_t* host(uint32_t address) {
  return static_cast<uint8_t*>(guest::host_pointer(address));
}

template <typename T>
constexpr T pattern() {
  return static_cast<T>(0x8877665544332211u);
}

template <typename T>
void every_alignment() {
  for (uint32_t offset = 0; offset < 17; ++offset) {
    const uint32_t address = kWindow + 0x100 + offset;
    CHECK(guest::store<T>(address, pattern<T>()));
    T value = 0;
    CHECK(guest::load(address, value) && value == pattern<T>());
    T expected = 1;
    bool exchanged = true;
    CHECK(guest::compare_exchange<T>(address, expected, 0, exchanged));
    CHECK(!exchanged && expected == pattern<T>());
    CHECK(guest::compare_exchange<T>(address, expected, static_cast<T>(~expected), exchanged));
    CHECK(exchanged && guest::load(address, value) && value == static_cast<T>(~pattern<T>()));
  }
}

/// Only the bytes of the operand change, in every position.
template <typename T>
void neighbours_stay() {
  for (uint32_t offset = 8; offset < 24; ++offset) {
    std::memset(host(kWindow), 0xa5, 64);
    T expected = static_cast<T>(0xa5a5a5a5a5a5a5a5u);
    bool exchanged = false;
    CHECK(guest::compare_exchange<T>(kWindow + offset, expected, 0, exchanged) && exchanged);
    for (uint32_t i = 0; i < 64; ++i) {
      const bool inside = i >= offset && i < offset + sizeof(T);
      CHECK(*host(kWindow + i) == (inside ? 0 : 0xa5));
    }
  }
}

/// At every distance from a region's end: an access that fits succeeds, another changes nothing.
template <typename T>
void region_end(uint32_t end, bool writable) {
  for (uint32_t distance = 0; distance <= 2 * sizeof(T); ++distance) {
    const uint32_t address = end - distance;
    const bool fits = distance >= sizeof(T);
    std::array<uint8_t, 16> before{};
    std::memcpy(before.data(), host(end - 16), 16);
    T value = 0;
    CHECK(guest::load(address, value) == fits);
    CHECK(guest::store<T>(address, pattern<T>()) == (fits && writable));
    if (fits && writable) std::memcpy(host(end - 16), before.data(), 16);
    T expected = static_cast<T>(~value);  // the comparison fails, but must require a writable page
    bool exchanged = false;
    CHECK(guest::compare_exchange<T>(address, expected, 0, exchanged) == (fits && writable));
    CHECK(!(fits && writable) || !exchanged);
    CHECK(std::memcmp(before.data(), host(end - 16), 16) == 0);
  }
}

void nowhere() {
  static constexpr uint32_t kAddresses[] = {0,          1,          0xfff,      0x30000000,
                                            0x7ffeffff, 0x7fff0000, 0x80000000, 0xc0000001,
                                            0xfffffffc, 0xffffffff};
  for (const uint32_t address : kAddresses) {
    uint8_t byte = 0;
    uint32_t word = 0;
    uint64_t quad = 0;
    bool exchanged = false;
    CHECK(!guest::load(address, byte) && !guest::load(address, word) &&
          !guest::load(address, quad));
    CHECK(!guest::store<uint8_t>(address, 0) && !guest::store<uint32_t>(address, 0));
    CHECK(!guest::compare_exchange<uint32_t>(address, word, 0, exchanged));
    std::array<uint8_t, 64> buffer{};
    CHECK(!guest::copy_from_guest(buffer.data(), address, 64));
    CHECK(!guest::copy_to_guest(address, buffer.data(), 64));
    CHECK(guest::copy_from_guest(buffer.data(), address, 0) &&
          guest::copy_to_guest(address, buffer.data(), 0));
  }
}

void copies() {
  std::array<uint8_t, 512> source{};
  std::array<uint8_t, 512> back{};
  for (size_t i = 0; i < source.size(); ++i) source[i] = static_cast<uint8_t>(i * 7 + 1);
  for (uint32_t guest_offset = 0; guest_offset < 9; ++guest_offset) {
    for (uint32_t host_offset = 0; host_offset < 9; ++host_offset) {
      for (const uint32_t size : {0u, 1u, 7u, 8u, 9u, 31u, 64u, 333u}) {
        std::memset(host(kWindow), 0, 512);
        CHECK(guest::copy_to_guest(kWindow + guest_offset, source.data() + host_offset, size));
        CHECK(std::memcmp(host(kWindow + guest_offset), source.data() + host_offset, size) == 0);
        CHECK(*host(kWindow + guest_offset + size) == 0);
        back.fill(0);
        CHECK(guest::copy_from_guest(back.data() + host_offset, kWindow + guest_offset, size));
        CHECK(std::memcmp(back.data() + host_offset, source.data() + host_offset, size) == 0);
        CHECK(back[host_offset + size] == 0);
      }
    }
  }
  for (uint32_t size = 1; size < 40; ++size) {
    CHECK(guest::copy_from_guest(back.data(), kDataEnd - size, size));
    CHECK(!guest::copy_from_guest(back.data(), kDataEnd - size, size + 1));
    CHECK(!guest::copy_to_guest(kDataEnd - size, source.data(), size + 9));
    CHECK(!guest::copy_to_guest(kReadOnlyEnd - size, source.data(), size));
  }
}

/// These threads touch nothing else, so it is enough that one of them is in there.
class OneAtATime final : public guest::ExclusiveAccess {
 public:
  void begin() override { mutex_.lock(); }
  void end() override { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

/// Increments by compare-and-exchange from several threads; none may be lost.
template <typename T>
void increments(uint32_t address) {
  constexpr unsigned kThreads = 4;
  constexpr unsigned kRounds = 20000;
  CHECK(guest::store<T>(address, 0));
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < kThreads; ++i) {
    threads.emplace_back([=] {
      for (unsigned round = 0; round < kRounds; ++round) {
        T expected = 0;
        bool exchanged = false;
        CHECK(guest::load(address, expected));
        while (!exchanged) {
          CHECK(guest::compare_exchange<T>(address, expected, static_cast<T>(expected + 1),
                                           exchanged));
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  T total = 0;
  CHECK(guest::load(address, total) && total == static_cast<T>(kThreads * kRounds));
}

template <typename T>
void all_of() {
  every_alignment<T>();
  neighbours_stay<T>();
  region_end<T>(kDataEnd, true);
  region_end<T>(kReadOnlyEnd, false);
  increments<T>(kWindow + 0x200);
  increments<T>(kWindow + 0x201);
  increments<T>(kWindow + 0x207);  // operands of two bytes or more cross a doubleword
}

int main() {
  OneAtATime alone;
  guest::set_exclusive_access(&alone);
  const GuestArena arena;
  CHECK(guest::fault_landing_pad(0) == 0);
  all_of<uint8_t>();
  all_of<uint16_t>();
  all_of<uint32_t>();
  all_of<uint64_t>();
  nowhere();
  copies();
  std::puts("memory_test: passed");
  return 0;
}

}  // namespace
}  // namespace ferry::semantics

int main() {
  return ferry::semantics::main();
}
