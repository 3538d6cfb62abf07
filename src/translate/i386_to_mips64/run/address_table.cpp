#include "translate/i386_to_mips64/run/address_table.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

#include "common/diagnostics.hpp"

namespace ferry::translate::run {

namespace {

/// Makes every entry of the unit at `memory` `entry`. This runs at start-up: the compiler unrolls
/// the inner loop.
void fill(void* memory, size_t bytes, uint32_t entry) {
  constexpr unsigned kRound = 64;
  const uint64_t pair = uint64_t{entry} << 32 | entry;
  auto* words = static_cast<uint64_t*>(memory);
  for (const uint64_t* end = words + bytes / sizeof(uint64_t); words != end; words += kRound) {
#pragma GCC unroll 64
    for (unsigned i = 0; i < kRound; ++i) words[i] = pair;
  }
}

}  // namespace

AddressTable::AddressTable(const uint32_t* stub)
    : stub_(static_cast<uint32_t>(reinterpret_cast<uintptr_t>(stub))),
      unit_bytes_(static_cast<size_t>(sysconf(_SC_PAGESIZE))),
      pieces_per_unit_(static_cast<uint32_t>(unit_bytes_ / kPieceBytes)),
      mapped_(static_cast<uint64_t*>(std::calloc(kPieces / 64, sizeof(uint64_t)))),
      published_(static_cast<uint16_t*>(std::calloc(kPieces, sizeof(uint16_t)))) {
  if (mapped_ == nullptr || published_ == nullptr) die(126, "address table: out of memory");
}

AddressTable::~AddressTable() {
  for (uint32_t piece = 0; piece < kPieces; piece += pieces_per_unit_) {
    if (mapped(piece << kPieceShift)) unmap_pieces(piece);
  }
  std::free(mapped_);
  std::free(published_);
}

const uint32_t* AddressTable::get(GuestAddress address) const {
  if (!mapped(address)) return nullptr;
  const uint32_t code = entry(address).load(std::memory_order_relaxed);
  return code != stub_ ? reinterpret_cast<const uint32_t*>(uintptr_t{code}) : nullptr;
}

void AddressTable::set(GuestAddress address, const uint32_t* code) {
  CHECK(address < kEnd);
  if (!mapped(address)) map_pieces(address >> kPieceShift);
  published_[address >> kPieceShift] += entry(address).load(std::memory_order_relaxed) == stub_;
  const auto value = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(code));
  // The engine has synchronised the code, with a full fence.
  entry(address).store(value, std::memory_order_relaxed);
}

void AddressTable::clear(GuestAddress address) {
  if (get(address) == nullptr) return;
  entry(address).store(stub_, std::memory_order_relaxed);
  --published_[address >> kPieceShift];
}

void AddressTable::missed(GuestAddress address) {
  if (address < kEnd && !mapped(address)) count_fault(address >> kPieceShift);
}

void AddressTable::release(GuestAddress address) {
  if (!mapped(address)) return;
  const uint32_t first = first_of_unit(address >> kPieceShift);
  for (uint32_t piece = first; piece < first + pieces_per_unit_; ++piece) {
    if (published_[piece] != 0) return;
  }
  unmap_pieces(first);
}

void AddressTable::count_fault(uint32_t piece) {
  if (++published_[first_of_unit(piece)] >= kFaultsToMap) map_pieces(piece);
}

/// Filled elsewhere and then moved into place, so that a jump through it meets a fault or the stub,
/// never an entry of 0.
void AddressTable::map_pieces(uint32_t piece) {
  const size_t unit = unit_bytes_;
  const uint32_t first = first_of_unit(piece);
  void* const filled = mmap(nullptr, unit, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (filled == MAP_FAILED) die(126, "address table: cannot map %zu bytes: out of memory", unit);
  madvise(filled, unit, MADV_DONTDUMP);
  fill(filled, unit, stub_);
  void* const wanted = place(first << kPieceShift);
  if (mremap(filled, unit, unit, MREMAP_MAYMOVE | MREMAP_FIXED, wanted) != wanted) {
    die(126, "address table: cannot move %zu bytes into place: out of memory", unit);
  }
  published_[first] = 0;
  for (uint32_t each = first; each < first + pieces_per_unit_; ++each) {
    mapped_[each / 64] |= uint64_t{1} << (each % 64);
  }
}

void AddressTable::unmap_pieces(uint32_t first) {
  for (uint32_t piece = first; piece < first + pieces_per_unit_; ++piece) {
    mapped_[piece / 64] &= ~(uint64_t{1} << (piece % 64));
  }
  munmap(place(first << kPieceShift), unit_bytes_);
}

}  // namespace ferry::translate::run
