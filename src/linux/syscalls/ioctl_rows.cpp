#include "linux/syscalls/ioctl_rows.hpp"

#include <asm/ioctls.h>
#include <asm/sockios.h>
#include <asm/termios.h>
#include <linux/serial.h>

#include <algorithm>
#include <array>

#include "linux/host/termios.hpp"

namespace ferry::linux {

namespace {

using abi::kIoBoth, abi::kIoNone, abi::kIoRead, abi::kIoWrite;

consteval IoctlRow make_row(const char* name, uint32_t guest, unsigned long host,
                            IoctlHandler handler, std::string_view layout) {
  const auto size = static_cast<uint16_t>(abi::shape_of(layout, abi::kI386).size);
  const bool follows = layout.find('~') != std::string_view::npos;
  return {name, guest, host, handler, layout, size, abi::is_same(layout, kHost), follows};
}

consteval auto sorted(auto rows) {
  std::ranges::sort(rows, {}, &IoctlRow::guest);
  return rows;
}

constexpr auto kRows = sorted(std::to_array<IoctlRow>({
#define IOCTL_CODED(TEXT, NAME, DIRECTION, TYPE, NUMBER, GUEST_SIZE, HOST_SIZE, HOW, LAYOUT) \
  make_row(TEXT, abi::ioctl_number_i386(DIRECTION, TYPE, NUMBER, GUEST_SIZE),                \
           ioctl_number(DIRECTION, TYPE, NUMBER, HOST_SIZE), how::HOW, LAYOUT),
#define IOCTL_OLD(NAME, GUEST, HOST, HOW, LAYOUT) make_row(#NAME, GUEST, HOST, how::HOW, LAYOUT),
#define IOCTL_RANGE(NAME, DIRECTION, TYPE, FIRST, LAST, HOW)
#include "linux/abi/i386/ioctls.inc"
}));

static_assert(std::ranges::adjacent_find(kRows, {}, &IoctlRow::guest) == kRows.end(),
              "two rows have the same number");
static_assert(std::ranges::all_of(kRows, [](const IoctlRow& row) {
  return row.same || abi::shape_of(row.layout, kHost).size <= ConvertedStruct::kMaxSize;
}));

constexpr IoctlRange kRanges[] = {
#define IOCTL_CODED(TEXT, NAME, DIRECTION, TYPE, NUMBER, GUEST_SIZE, HOST_SIZE, HOW, LAYOUT)
#define IOCTL_OLD(NAME, GUEST, HOST, HOW, LAYOUT)
#define IOCTL_RANGE(NAME, DIRECTION, TYPE, FIRST, LAST, HOW) \
  {#NAME,                                                    \
   abi::ioctl_number_i386(DIRECTION, TYPE, FIRST, 0),        \
   abi::ioctl_number_i386(DIRECTION, TYPE, LAST, 0),         \
   DIRECTION,                                                \
   TYPE,                                                     \
   how::HOW},
#include "linux/abi/i386/ioctls.inc"
};

}  // namespace

std::span<const IoctlRow> ioctl_rows() {
  return kRows;
}

std::span<const IoctlRange> ioctl_ranges() {
  return kRanges;
}

const IoctlRow* ioctl_row(uint32_t request) {
  const auto* const found = std::ranges::lower_bound(kRows, request, {}, &IoctlRow::guest);
  return found != kRows.end() && found->guest == request ? &*found : nullptr;
}

const IoctlRange* ioctl_range(uint32_t request) {
  const uint32_t without_size = request & 0xc000ffff;
  for (const IoctlRange& range : kRanges) {
    if (range.first <= without_size && without_size <= range.last) return &range;
  }
  return nullptr;
}

}  // namespace ferry::linux
