// Guest address -> host code, flat: one 4-byte entry per guest address, so an indirect jump is a
// shift, an add, a load and a jump, with no hash, no compare and no miss path.
//
// An entry is the host address of the code (the code cache lies below 4 GB, where no guest access
// reaches, so 32 bits hold it); untranslated addresses hold the address of the 'not translated'
// stub. Only pieces that hold a translation are mapped, or that were missed again and again. A jump
// into any other piece faults on the table load, which fault recovery recognises and treats like
// the stub; so are guest addresses of 2 GB and up, which index below the table.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "engine/code_index.hpp"

namespace ferry::translate::run {

class AddressTable final : public engine::CodeIndex {
 public:
  /// Host address of the entry of guest address 0; [kBase - 8 GB, kBase + 8 GB) is the table's
  /// alone. Far above any program break and far below the region where kernels place mappings.
  static constexpr uintptr_t kBase = 0x20'0000'0000;
  /// Blocks lie below this guest address: above it entries would not fit.
  static constexpr GuestAddress kEnd = 0x8000'0000;

  /// `stub` is the 32-bit host address of the 'not translated' stub.
  explicit AddressTable(const uint32_t* stub);
  ~AddressTable();
  AddressTable(const AddressTable&) = delete;
  AddressTable& operator=(const AddressTable&) = delete;

  [[nodiscard]] const uint32_t* get(GuestAddress address) const override;
  /// Maps the piece on first use. Stops ferry if memory is exhausted.
  void set(GuestAddress address, const uint32_t* code) override;
  void clear(GuestAddress address) override;
  /// Where the piece of `address` is not mapped the jump was a fault: after the second the piece is
  /// mapped, whether or not anything there is translated.
  void missed(GuestAddress address) override;
  /// Gives back the memory around the entry of `address` if it holds no code's address any more.
  void release(GuestAddress address) override;

 private:
  static constexpr unsigned kPieceShift =
      10;  ///< guest bytes of a piece: 1 KB, one 4 KB page of entries
  static constexpr uint32_t kPieces = kEnd >> kPieceShift;
  static constexpr uint16_t kFaultsToMap = 2;
  static constexpr size_t kPieceBytes = size_t{4} << kPieceShift;

  [[nodiscard]] bool mapped(GuestAddress address) const {
    const uint32_t piece = address >> kPieceShift;
    return piece < kPieces && ((mapped_[piece / 64] >> (piece % 64)) & 1) != 0;
  }
  [[nodiscard]] static uint32_t* place(GuestAddress address) {
    return reinterpret_cast<uint32_t*>(kBase + uintptr_t{address} * 4);
  }
  /// Code reads entries while they change: it finds the old or the new one.
  [[nodiscard]] static std::atomic_ref<uint32_t> entry(GuestAddress address) {
    return std::atomic_ref<uint32_t>(*place(address));
  }
  [[nodiscard]] uint32_t first_of_unit(uint32_t piece) const {
    return piece & ~(pieces_per_unit_ - 1);
  }
  void count_fault(uint32_t piece);
  [[gnu::noinline]] void map_pieces(uint32_t piece);
  void unmap_pieces(uint32_t first);

  uint32_t stub_;
  // Entries are mapped in units of the host's pages, each at least a piece.
  size_t unit_bytes_;
  uint32_t pieces_per_unit_;
  // From calloc, as most of their pages stay untouched.
  uint64_t* mapped_;  ///< a bit per piece
  /// Per piece: entries that are not the stub; of a unit that is not mapped, in its first: faults.
  uint16_t* published_;
};

}  // namespace ferry::translate::run
