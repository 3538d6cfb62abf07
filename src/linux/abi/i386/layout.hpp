// Layouts: a text says what a structure of the kernel's interface is made of, and from it follow
// its size and the offset of each member, on i386 and on a 64-bit host. A layout is a list of
// members, with a space between them:
//
//   1 2 4 8      an integer of so many bytes. i386 aligns 8 bytes to 4
//   a            8 bytes that every machine aligns to 8 (__aligned_u64)
//   l u          long; unsigned long, size_t or what else has a word's width
//   d            __kernel_old_dev_t
//   p            pointer whose memory is not known
//   r{S} w{S}    pointer to S bytes that the kernel reads; that it writes, or reads and writes
//   r[LAYOUT]    pointer to one structure that the kernel reads
//   P R{S} W{S}  the same in an integer of 8 bytes
//   (LAYOUT)     a structure
//   +N -N        N bytes that only the host has; that only i386 has
//   ~{S}         at the end: S bytes follow the structure
//
// *N behind a member repeats it, as an array; *0 only aligns. S is a product of numbers and of
// members, counted from 0 in this list: w{#1*4} is memory for as many words of 4 bytes as member 1
// says.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace ferry::linux::abi {

/// What structures depend on.
struct Machine {
  uint32_t word;        ///< bytes of a long and of a pointer
  uint32_t align8;      ///< alignment of an integer of 8 bytes
  uint32_t old_device;  ///< bytes of __kernel_old_dev_t
};
inline constexpr Machine kI386{4, 4, 2};

/// Size and alignment of a structure.
struct Shape {
  uint32_t size = 0;
  uint32_t alignment = 1;
};

/// One member as the text has it.
struct Member {
  char kind;
  uint32_t count;          ///< of an array; bytes of + and -
  std::string_view inner;  ///< what stands between the brackets
  bool nested;             ///< the brackets are []
};

constexpr uint32_t read_number(std::string_view& text) {
  uint32_t number = 0;
  for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1))
    number = number * 10 + static_cast<uint32_t>(text[0] - '0');
  return number;
}

/// Takes the first member off the text, which has one.
constexpr Member next_member(std::string_view& text) {
  Member member{text[0], 1, {}, false};
  if (member.kind != '(') text.remove_prefix(1);
  if (member.kind == '+' || member.kind == '-') {
    member.count = read_number(text);
  } else if (!text.empty() && (text[0] == '(' || text[0] == '{' || text[0] == '[')) {
    member.nested = text[0] == '[';
    size_t end = 0;
    for (int depth = 0; end == 0 || depth > 0; ++end) {
      const char letter = text[end];
      depth += letter == '(' || letter == '{' || letter == '[' ? 1 : 0;
      depth -= letter == ')' || letter == '}' || letter == ']' ? 1 : 0;
    }
    member.inner = text.substr(1, end - 2);
    text.remove_prefix(end);
  }
  if (!text.empty() && text[0] == '*') {
    text.remove_prefix(1);
    member.count = read_number(text);
  }
  while (!text.empty() && text[0] == ' ') text.remove_prefix(1);
  return member;
}

constexpr bool is_pointer(char kind) {
  return kind == 'p' || kind == 'r' || kind == 'w' || kind == 'P' || kind == 'R' || kind == 'W';
}

constexpr Shape shape_of(std::string_view layout, const Machine& machine);

/// Of one element of a member.
constexpr Shape shape_of(const Member& member, const Machine& machine) {
  const bool is_i386 = machine.word == kI386.word;
  switch (member.kind) {
    case '(':
      return shape_of(member.inner, machine);
    case '1':
    case '2':
    case '4': {
      const auto size = static_cast<uint32_t>(member.kind - '0');
      return {size, size};
    }
    case 'a':
      return {8, 8};
    case '8':
    case 'P':
    case 'R':
    case 'W':
      return {8, machine.align8};
    case 'd':
      return {machine.old_device, machine.old_device};
    case '+':
      return {is_i386 ? 0u : 1u, 1};
    case '-':
      return {is_i386 ? 1u : 0u, 1};
    case '~':
      return {0, 1};
    default:  // l u p r w
      return {machine.word, machine.word};
  }
}

constexpr uint32_t align_up(uint32_t offset, uint32_t alignment) {
  return (offset + alignment - 1) & ~(alignment - 1);
}

constexpr Shape shape_of(std::string_view layout, const Machine& machine) {
  Shape whole;
  while (!layout.empty()) {
    const Member member = next_member(layout);
    const Shape one = shape_of(member, machine);
    whole.size = align_up(whole.size, one.alignment) + member.count * one.size;
    whole.alignment = std::max(whole.alignment, one.alignment);
  }
  whole.size = align_up(whole.size, whole.alignment);
  return whole;
}

/// One integer or pointer, wherever it stands in the structure.
struct Piece {
  const Member& member;
  uint32_t index;  ///< of the member in the outermost list
  uint32_t guest_at, guest_size;
  uint32_t host_at, host_size;
};

/// Calls `visit(Piece)` for each integer and pointer of a structure that starts at these offsets.
template <typename Visit>
constexpr void visit_pieces(std::string_view layout, const Machine& host, uint32_t guest_at,
                            uint32_t host_at, Visit&& visit, int32_t outer = -1) {
  for (uint32_t index = 0; !layout.empty(); ++index) {
    const Member member = next_member(layout);
    const Shape guest_shape = shape_of(member, kI386), host_shape = shape_of(member, host);
    guest_at = align_up(guest_at, guest_shape.alignment);
    host_at = align_up(host_at, host_shape.alignment);
    const bool pads = member.kind == '+' || member.kind == '-' || member.kind == '~';
    const uint32_t number = outer < 0 ? index : static_cast<uint32_t>(outer);
    for (uint32_t i = 0; i < member.count; ++i) {
      if (member.kind == '(') {
        visit_pieces(member.inner, host, guest_at, host_at, visit, static_cast<int32_t>(number));
      } else if (!pads) {
        visit(Piece{member, number, guest_at, guest_shape.size, host_at, host_shape.size});
      }
      guest_at += guest_shape.size;
      host_at += host_shape.size;
    }
  }
}

/// Whether a structure is the same on both machines, and has no pointers.
constexpr bool is_same(std::string_view layout, const Machine& host) {
  const Shape guest_shape = shape_of(layout, kI386), host_shape = shape_of(layout, host);
  bool same = guest_shape.size == host_shape.size;
  visit_pieces(layout, host, 0, 0, [&](const Piece& piece) {
    same = same && piece.guest_at == piece.host_at && piece.guest_size == piece.host_size &&
           !is_pointer(piece.member.kind);
  });
  return same;
}

// _IOC of i386 (include/uapi/asm-generic/ioctl.h). Directions as for ioctl_number of the host.
inline constexpr uint32_t kIoNone = 0, kIoWrite = 1, kIoRead = 2, kIoBoth = 3;
constexpr uint32_t ioctl_number_i386(uint32_t direction, uint32_t type, uint32_t number,
                                     uint32_t size) {
  return direction << 30 | size << 16 | type << 8 | number;
}

}  // namespace ferry::linux::abi
