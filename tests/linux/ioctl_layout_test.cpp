// ioctl_layout_test PROBED: the rows of ioctl's requests against the kernel's headers. PROBED is
// what ioctl_probe.c finds where it is compiled for i386; for the host it is part of this program.
#include <algorithm>
#include <cstring>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "expect.hpp"
#include "ioctl_probe.h"
#include "linux/abi/i386/device_layouts.hpp"
#include "linux/abi/i386/socket_names.hpp"
#include "linux/syscalls/convert.hpp"
#include "linux/syscalls/ioctl_rows.hpp"

extern const Probed kProbed[];

namespace {

using namespace ferry::linux;
using ferry::test::expect;
using ferry::test::expect_equal;

/// Structures that no request has.
constexpr struct {
  const char* name;
  std::string_view layout;
} kOthers[] = {{"sock_fprog", abi::kFilterProgram},     {"group_req", abi::kGroup},
               {"group_source_req", abi::kGroupSource}, {"group_filter", abi::kGroupFilter},
               {"input_event", abi::kInputEvent},       {"snd_timer_tread", abi::kTimerEvent}};

const IoctlRow* row_named(std::string_view name) {
  for (const IoctlRow& row : ioctl_rows()) {
    if (name == row.name) return &row;
  }
  return nullptr;
}

struct Place {
  uint32_t guest_at, guest_end, host_at, host_end;
};

std::vector<Place> places_of(std::string_view layout) {
  std::vector<Place> places;
  abi::visit_pieces(layout, kHost, 0, 0, [&](const abi::Piece& piece) {
    places.push_back({piece.guest_at, piece.guest_at + piece.guest_size, piece.host_at,
                      piece.host_at + piece.host_size});
  });
  return places;
}

/// How many pieces of the layout a member is made of: the same on both machines, from its first
/// byte on. -1 if they are not.
int pieces_of_member(const std::vector<Place>& places, const Probed& guest, const Probed& host,
                     size_t member) {
  const auto [guest_at, guest_size] = guest.members[member];
  const auto [host_at, host_size] = host.members[member];
  int pieces = 0;
  for (const Place& place : places) {
    const bool in_guest = place.guest_at >= guest_at && place.guest_end <= guest_at + guest_size;
    const bool in_host = place.host_at >= host_at && place.host_end <= host_at + host_size;
    if (in_guest != in_host) return -1;
    if (!in_guest) continue;
    if (pieces++ == 0 && (place.guest_at != guest_at || place.host_at != host_at)) return -1;
  }
  return pieces;
}

void structure(std::string_view layout, const Probed& guest, const Probed& host) {
  const uint32_t guest_size = abi::shape_of(layout, abi::kI386).size;
  const uint32_t host_size = abi::shape_of(layout, kHost).size;
  if (guest_size != guest.size || host_size != host.size) {
    std::printf("%s: %u bytes for %u, %u for %u\n", guest.name, guest_size, guest.size, host_size,
                host.size);
    expect(false);
  }
  const std::vector<Place> places = places_of(layout);
  size_t covered = 0;
  for (size_t i = 0; i < std::size(guest.members) && guest.members[i].size != 0; ++i) {
    const int pieces = pieces_of_member(places, guest, host, i);
    if (pieces <= 0) std::printf("%s: member %zu\n", guest.name, i);
    expect(pieces > 0);
    covered += static_cast<size_t>(pieces);
  }
  if (!abi::is_same(layout, kHost) && covered != places.size()) {
    std::printf("%s: %zu of %zu pieces are members\n", guest.name, covered, places.size());
    expect(false);
  }
}

/// ferry makes these of others (ioctl_terminal.cpp).
bool has_host_number_of_another(std::string_view name) {
  return name.starts_with("TCGETA") || name.starts_with("TCSETA");
}

void number(const IoctlRow& row, const Probed& guest, const Probed& host) {
  if (row.guest != guest.number) std::printf("%s: %#x is %#x\n", row.name, row.guest, guest.number);
  expect(row.guest == guest.number);
  if (has_host_number_of_another(row.name)) return;
  if (row.host != host.number)
    std::printf("%s: host %#lx is %#x\n", row.name, row.host, host.number);
  expect(row.host == host.number);
}

/// Structures of one number need no description: their size says all.
bool needs_structure(const IoctlRow& row) {
  return !row.same || places_of(row.layout).size() > 4;
}

/// A structure without a request, or an option of a socket.
bool other_probed(const Probed& guest, const Probed& host) {
  for (const auto& [name, layout] : kOthers) {
    if (guest.name != std::string_view(name)) continue;
    structure(layout, guest, host);
    return true;
  }
  for (const abi::NamedValue& option : abi::kSocketOptions.rows) {
    if (guest.name != std::string_view(option.name)) continue;
    expect_equal(option.value, guest.number);
    expect_equal(socket_option_to_host(static_cast<int>(guest.number)), host.number);
    return true;
  }
  return false;
}

void all_probed(const std::vector<Probed>& guest) {
  std::vector<std::string_view> described;
  size_t numbers = 0, others = 0;
  for (size_t i = 0; guest[i].name[0] != '\0'; ++i) {
    const Probed& host = kProbed[i];
    const IoctlRow* const row = row_named(guest[i].name);
    expect(std::strcmp(guest[i].name, host.name) == 0);
    if (row == nullptr) {
      expect(other_probed(guest[i], host));
      ++others;
    } else if (guest[i].size != 0) {
      structure(row->layout, guest[i], host);
      described.emplace_back(row->name);
    } else {
      number(*row, guest[i], host);
      ++numbers;
    }
  }
  expect_equal(numbers, ioctl_rows().size());
  expect_equal(others, std::size(kOthers) + abi::kSocketOptions.rows.size());
  for (const IoctlRow& row : ioctl_rows()) {
    const bool is_described = std::ranges::find(described, row.name) != described.end();
    // An array of bytes or of equal numbers, the screen's maps and colours
    const bool plain = row.layout.find(' ') == std::string_view::npos && row.same;
    if (!is_described && needs_structure(row) && !plain)
      std::printf("%s: no structure in ioctl_structures.inc\n", row.name);
    expect(is_described || !needs_structure(row) || plain);
  }
}

// --- conversions ---------------------------------------------------------------------------------

void there_and_back(std::mt19937& random) {
  for (const IoctlRow& row : ioctl_rows()) {
    std::vector<uint8_t> guest(row.size), back(row.size);
    for (uint8_t& byte : guest) byte = static_cast<uint8_t>(random());
    std::vector<uint8_t> host(abi::shape_of(row.layout, kHost).size + 8, 0x5a);
    structure_to_host(row.layout, guest.data(), host.data());
    expect(structure_to_guest(row.layout, host.data(), back.data()));
    abi::visit_pieces(row.layout, kHost, 0, 0, [&](const abi::Piece& piece) {
      const uint8_t* const returned = back.data() + piece.guest_at;
      if (abi::is_pointer(piece.member.kind)) return;
      expect(std::memcmp(guest.data() + piece.guest_at, returned, piece.guest_size) == 0);
    });
    for (size_t i = host.size() - 8; i < host.size(); ++i) expect(host[i] == 0x5a);
  }
}

void words() {
  const uint32_t guest[4] = {0x80000000, 0x80000000, 7, 8};
  uint64_t host[3] = {};
  structure_to_host("l u (4 4)", guest, host);
  expect_equal(host[0], 0xffffffff80000000);
  expect_equal(host[1], 0x80000000);
  expect_equal(host[2], 0x0000000800000007);
  uint32_t back[4] = {};
  expect(structure_to_guest("l u (4 4)", host, back));
  expect(std::memcmp(guest, back, sizeof guest) == 0);
  host[1] = 0x100000002;
  expect(!structure_to_guest("l u (4 4)", host, back));
  expect_equal(back[1], 2);
  host[1] = 2;
  host[0] = 0x80000000;  // as a long of 64 bits it is positive
  expect(!structure_to_guest("l u (4 4)", host, back));
}

void behind() {
  const uint32_t entropy[2] = {64, 8}, large[2] = {0, 0xffffffff};
  expect_equal(bytes_behind("4 4 ~{#1}", entropy), 8);
  expect_equal(bytes_behind("4 4 ~{#1*6}", entropy), 48);
  expect_equal(bytes_behind("4 4 ~{#0*#1*2}", entropy), 1024);
  expect_equal(bytes_behind("4 4 ~{#1*6}", large), UINT32_MAX);
  expect_equal(bytes_behind("4 4", entropy), 0);
}

void look_up() {
  for (const IoctlRow& row : ioctl_rows()) expect(ioctl_row(row.guest) == &row);
  expect(ioctl_row(0x12345678) == nullptr && ioctl_range(0x12345678) == nullptr);
  // EVIOCGNAME(256), EVIOCGBIT(EV_KEY, 96), EVIOCGBIT(EV_MAX, 4), one past EVIOCGABS.
  expect_equal(ioctl_range(0x81004506)->first, 0x80004506);
  expect_equal(ioctl_range(0x80604521)->first, 0x80004520);
  expect_equal(ioctl_range(0x8004453f)->first, 0x80004520);
  expect(ioctl_range(0x80184580) == nullptr);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 2;
  std::ifstream file(arguments[1], std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::vector<Probed> guest(bytes.size() / sizeof(Probed) + 1);
  std::memcpy(guest.data(), bytes.data(), bytes.size() / sizeof(Probed) * sizeof(Probed));
  expect(bytes.size() % sizeof(Probed) == 0 && guest.size() > 100);
  all_probed(guest);
  std::mt19937 random(1);
  there_and_back(random);
  words();
  behind();
  look_up();
  return ferry::test::report();
}
