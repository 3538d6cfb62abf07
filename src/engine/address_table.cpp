#include "engine/address_table.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

#include "common/diagnostics.hpp"

namespace ferry::engine {

namespace {

/// Every entry of the unit at `memory` becomes `entry`. Sixteen stores a round: this runs at
/// start-up.
void fill(void* memory, size_t bytes, uint32_t entry) {
  const uint64_t pair = uint64_t{entry} << 32 | entry;
  auto* words = static_cast<uint64_t*>(memory);
  for (const uint64_t* end = words + bytes / sizeof(uint64_t); words != end; words += 16) {
    words[0] = words[1] = words[2] = words[3] = pair;
    words[4] = words[5] = words[6] = words[7] = pair;
    words[8] = words[9] = words[10] = words[11] = pair;
    words[12] = words[13] = words[14] = words[15] = pair;
  }
}

}  // namespace

AddressTable::AddressTable(uint32_t stub)
    : stub_(stub),
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

uint32_t AddressTable::get(GuestAddress address) const {
  return mapped(address) ? *entry(address) : stub_;
}

void AddressTable::set(GuestAddress address, uint32_t code) {
  CHECK(address < 0x80000000u);
  if (!mapped(address)) map_pieces(address >> kPieceShift);
  published_[address >> kPieceShift] += *entry(address) == stub_;
  *entry(address) = code;
}

void AddressTable::clear(GuestAddress address) {
  if (get(address) == stub_) return;
  *entry(address) = stub_;
  --published_[address >> kPieceShift];
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

void AddressTable::map_pieces(uint32_t piece) {
  const size_t unit = unit_bytes_;
  const uint32_t first = first_of_unit(piece);
  void* place = entry(first << kPieceShift);
  void* memory = mmap(place, unit, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) die(126, "address table: cannot map %zu bytes: out of memory", unit);
  madvise(memory, unit, MADV_DONTDUMP);
  fill(memory, unit, stub_);
  published_[first] = 0;
  for (uint32_t each = first; each < first + pieces_per_unit_; ++each) {
    mapped_[each / 64] |= uint64_t{1} << (each % 64);
  }
}

void AddressTable::unmap_pieces(uint32_t first) {
  for (uint32_t piece = first; piece < first + pieces_per_unit_; ++piece) {
    mapped_[piece / 64] &= ~(uint64_t{1} << (piece % 64));
  }
  munmap(entry(first << kPieceShift), unit_bytes_);
}

}  // namespace ferry::engine
