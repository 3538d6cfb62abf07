#include "engine/address_table.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "common/diagnostics.hpp"

namespace ferry::engine {

namespace {

/// Entries are mapped in units of the host's pages, but at least a piece.
size_t map_unit() {
  static const size_t unit = std::max<size_t>(static_cast<size_t>(sysconf(_SC_PAGESIZE)), 16384);
  return unit;
}

}  // namespace

AddressTable::~AddressTable() { clear_all(); }

uint32_t AddressTable::get(GuestAddress address) const {
  return mapped(address) ? *entry(address) : stub_;
}

void AddressTable::set(GuestAddress address, uint32_t code) {
  CHECK(address < 0x80000000u);
  if (!mapped(address)) map_pieces(address >> kPieceShift);
  *entry(address) = code;
}

void AddressTable::map_pieces(uint32_t piece) {
  const size_t unit = map_unit();
  const size_t piece_bytes = size_t{4} << kPieceShift;
  const uint32_t pieces_per_unit = static_cast<uint32_t>(unit / piece_bytes);
  const uint32_t first = piece / pieces_per_unit * pieces_per_unit;
  void* place = reinterpret_cast<void*>(kBase + first * piece_bytes);
  void* memory = mmap(place, unit, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) die(126, "address table: cannot map %zu bytes: out of memory", unit);
  madvise(memory, unit, MADV_DONTDUMP);
  const uint64_t pattern = uint64_t{stub_} << 32 | stub_;
  auto* words = static_cast<uint64_t*>(memory);
  std::fill(words, words + unit / sizeof(uint64_t), pattern);
  for (uint32_t each = first; each < first + pieces_per_unit; ++each) {
    mapped_[each / 64] |= uint64_t{1} << (each % 64);
    pieces_.push_back(each);
  }
}

void AddressTable::clear_all() {
  const size_t piece_bytes = size_t{4} << kPieceShift;
  const size_t unit = map_unit();
  for (const uint32_t piece : pieces_) {
    const uintptr_t place = kBase + piece * piece_bytes;
    if (place % unit == 0) munmap(reinterpret_cast<void*>(place), unit);
    mapped_[piece / 64] = 0;
  }
  pieces_.clear();
}

}  // namespace ferry::engine
