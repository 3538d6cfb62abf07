// The table in which indirect jumps of translated code look up their targets.
#include "translate/i386_to_mips64/run/address_table.hpp"

#include <gtest/gtest.h>
#include <setjmp.h>
#include <signal.h>

#include <atomic>
#include <thread>
#include <vector>

namespace ferry::translate::run {
namespace {

constexpr uint32_t kStub = 0x9000'0040, kCode = 0x9000'1000;

const uint32_t* host(uint32_t address) {
  return reinterpret_cast<const uint32_t*>(uintptr_t{address});
}

const uint32_t* entry_of(GuestAddress address) {
  return reinterpret_cast<const uint32_t*>(AddressTable::kBase) + address;
}

TEST(AddressTable, APieceThatIsMissedTwiceIsMapped) {
  constexpr GuestAddress kAddress = 0x0804'8123;
  AddressTable table(host(kStub));
  const uint32_t* entry = entry_of(kAddress);
  table.missed(kAddress);
  table.missed(kAddress ^ 1);
  EXPECT_EQ(*entry, kStub);  // this load faults if the piece is not mapped
  EXPECT_EQ(table.get(kAddress), nullptr);
  table.missed(kAddress);
  table.set(kAddress, host(kCode));
  EXPECT_EQ(*entry, kCode);
  table.clear(kAddress);
  table.release(kAddress);
  // One miss, then a translation: a count of misses must not be taken for a published entry.
  table.missed(kAddress);
  table.set(kAddress, host(kCode));
  EXPECT_EQ(table.get(kAddress), host(kCode));
  table.clear(kAddress);
  EXPECT_EQ(*entry, kStub);
  table.release(kAddress);
  table.missed(AddressTable::kEnd);  // beyond the table: no guest code is there
  table.missed(0xffff'ffff);
  EXPECT_EQ(table.get(0xffff'ffff), nullptr);
}

thread_local sigjmp_buf after_fault;

void on_fault(int) {
  siglongjmp(after_fault, 1);
}

/// What a jump through the entry loads; the stub if that load faults.
uint32_t load_as_code_does(GuestAddress address) {
  if (sigsetjmp(after_fault, 1) != 0) return kStub;
  return *static_cast<const volatile uint32_t*>(entry_of(address));
}

// A piece that is being mapped is never seen empty: a jump through an empty entry would go to
// address 0.
TEST(AddressTable, JumpsThroughAPieceThatIsBeingMapped) {
  struct sigaction action {
  }, before{};
  action.sa_handler = on_fault;
  action.sa_flags = SA_NODEFER;
  ASSERT_EQ(sigaction(SIGSEGV, &action, &before), 0);
  constexpr GuestAddress kFirst = 0x0804'8000;
  constexpr unsigned kPieces = 400, kPieceBytes = 16384;
  AddressTable table(host(kStub));
  std::atomic<unsigned> piece{0};
  std::atomic<unsigned> wrong{0};
  std::vector<std::thread> jumpers;
  for (unsigned i = 0; i < 2; ++i) {
    jumpers.emplace_back([&, i] {
      for (unsigned at; (at = piece.load()) < kPieces;) {
        const uint32_t loaded = load_as_code_does(kFirst + at * kPieceBytes + i);
        if (loaded != kStub && loaded != kCode) ++wrong;
      }
    });
  }
  for (unsigned at = 0; at < kPieces; ++at) {
    piece = at;
    for (volatile unsigned wait = 0; wait < 2000;) wait = wait + 1;
    table.set(kFirst + at * kPieceBytes, host(kCode));
    for (volatile unsigned wait = 0; wait < 2000;) wait = wait + 1;
  }
  piece = kPieces;
  for (std::thread& jumper : jumpers) jumper.join();
  EXPECT_EQ(wrong, 0u);
  ASSERT_EQ(sigaction(SIGSEGV, &before, nullptr), 0);
}

}  // namespace
}  // namespace ferry::translate::run
