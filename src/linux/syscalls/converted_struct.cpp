#include "linux/syscalls/converted_struct.hpp"

#include <algorithm>
#include <cstring>

namespace ferry::linux {

using abi::Member;
using abi::Piece;

namespace {

uint64_t load_bytes(const void* from, uint32_t at, uint32_t size) {
  uint64_t number = 0;  // both machines are little-endian
  std::memcpy(&number, static_cast<const uint8_t*>(from) + at, size);
  return number;
}

/// The value of an integer or a pointer of i386 as 64 bits.
uint64_t guest_value(const Piece& piece, const void* guest) {
  const uint64_t number = load_bytes(guest, piece.guest_at, piece.guest_size);
  if (piece.member.kind != 'l') return number;
  return static_cast<uint64_t>(int64_t{static_cast<int32_t>(static_cast<uint32_t>(number))});
}

/// The value of the first integer of a member of the outermost list.
uint64_t member_value(std::string_view layout, const void* guest, uint32_t index) {
  uint64_t value = 0;
  bool found = false;
  abi::visit_pieces(layout, kHost, 0, 0, [&](const Piece& piece) {
    if (piece.index != index || found) return;
    value = guest_value(piece, guest);
    found = true;
  });
  return value;
}

/// A product like #1*4, with the members of `guest`.
uint32_t product(std::string_view text, std::string_view layout, const void* guest) {
  uint64_t product = 1;
  while (!text.empty()) {
    const bool of_member = text[0] == '#';
    if (of_member) text.remove_prefix(1);
    const uint32_t number = abi::read_number(text);
    const uint64_t factor = of_member ? member_value(layout, guest, number) : number;
    product = std::min<uint64_t>(product, UINT32_MAX) * std::min<uint64_t>(factor, UINT32_MAX);
    if (!text.empty()) text.remove_prefix(1);  // the star
  }
  return static_cast<uint32_t>(std::min<uint64_t>(product, UINT32_MAX));
}

}  // namespace

void structure_to_host(std::string_view layout, const void* guest, void* host) {
  abi::visit_pieces(layout, kHost, 0, 0, [&](const Piece& piece) {
    if (abi::is_pointer(piece.member.kind)) return;
    const uint64_t value = guest_value(piece, guest);
    std::memcpy(static_cast<uint8_t*>(host) + piece.host_at, &value, piece.host_size);
  });
}

bool structure_to_guest(std::string_view layout, const void* host, void* guest) {
  bool exact = true;
  abi::visit_pieces(layout, kHost, 0, 0, [&](const Piece& piece) {
    if (abi::is_pointer(piece.member.kind)) return;
    const uint64_t value = load_bytes(host, piece.host_at, piece.host_size);
    std::memcpy(static_cast<uint8_t*>(guest) + piece.guest_at, &value, piece.guest_size);
    exact = exact && guest_value(piece, guest) == value;
  });
  return exact;
}

uint32_t bytes_behind(std::string_view layout, const void* guest) {
  for (std::string_view rest = layout; !rest.empty();) {
    const Member member = abi::next_member(rest);
    if (member.kind == '~') return product(member.inner, layout, guest);
  }
  return 0;
}

ConvertedStruct::ConvertedStruct(Thread& thread, std::string_view layout, uint32_t guest)
    : thread_(thread),
      layout_(layout),
      address_(guest),
      size_(abi::shape_of(layout, abi::kI386).size) {
  CHECK(size_ <= kMaxSize && abi::shape_of(layout, kHost).size <= kMaxSize);
  loaded_ = copy_in_bytes(guest, guest_.data(), size_);
  if (!loaded_) return;
  structure_to_host(layout, guest_.data(), host_.data());
  abi::visit_pieces(layout, kHost, 0, 0, [this](const Piece& piece) {
    if (abi::is_pointer(piece.member.kind)) load_pointer(piece);
  });
}

void ConvertedStruct::load_pointer(const Piece& piece) {
  const uint64_t address = guest_value(piece, guest_.data());
  void* pointer = nullptr;
  if (address > UINT32_MAX) {
    pointer = nowhere();
  } else if (address != 0) {
    pointer = buffer_of(piece.member, static_cast<uint32_t>(address));
  }
  const auto value = reinterpret_cast<uint64_t>(pointer);
  std::memcpy(host_.data() + piece.host_at, &value, sizeof value);
}

void* ConvertedStruct::buffer_of(const Member& member, uint32_t address) {
  if (member.kind == 'p' || member.kind == 'P') return guest::host_pointer(address);
  if (member.nested) {
    const uint32_t size = abi::shape_of(member.inner, abi::kI386).size;
    std::array<uint8_t, kMaxSize> bytes;
    if (!copy_in_bytes(address, bytes.data(), size)) return nowhere();
    structures_.push_back(std::make_unique<uint8_t[]>(abi::shape_of(member.inner, kHost).size));
    structure_to_host(member.inner, bytes.data(), structures_.back().get());
    return structures_.back().get();
  }
  const bool reads = member.kind == 'r' || member.kind == 'R';
  const uint32_t length = product(member.inner, layout_, guest_.data());
  buffers_.push_back(reads ? readable(thread_, address, length)
                           : writable(thread_, address, length));
  return buffers_.back().pointer();
}

CallResult ConvertedStruct::store(CallResult result, bool exact) {
  if (!loaded_) return result;
  // What the call left in a failure is the guest's to see, too.
  const bool fits = structure_to_guest(layout_, host_.data(), guest_.data());
  if (exact && !fits && result.ok()) return abi::kEOVERFLOW;
  const bool stored = copy_out_bytes(thread_, address_, guest_.data(), size_);
  return stored || !result.ok() ? result : CallResult(abi::kEFAULT);
}

}  // namespace ferry::linux
