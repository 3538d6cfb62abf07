#include "linux/kernel/errno_map.hpp"

#include <errno.h>
#include <string.h>

#include <array>

namespace ferry::linux {

namespace {

struct Row {
  int host;
  int guest;
  const char* name;
};

constexpr Row kRows[] = {
#define ERRNO(name, number) {name, number, #name},
#include "linux/abi/i386/errno.inc"
#undef ERRNO
};

// The numbers of MIPS go up to EDQUOT 1133 (arch/mips/include/uapi/asm/errno.h).
constexpr int kHostLimit = 1134;

constexpr auto kToGuest = [] {
  std::array<uint8_t, kHostLimit> table{};
  for (int i = 0; i < kHostLimit; ++i)
    table[static_cast<size_t>(i)] = i < 256 ? static_cast<uint8_t>(i) : 5;
  for (const Row& row : kRows)
    table[static_cast<size_t>(row.host)] = static_cast<uint8_t>(row.guest);
  return table;
}();

const Row* find_guest(Errno guest) {
  for (const Row& row : kRows) {
    if (row.guest == guest.value) return &row;
  }
  return nullptr;
}

}  // namespace

int32_t errno_to_guest(int host) {
  return host > 0 && host < kHostLimit ? kToGuest[static_cast<size_t>(host)] : host;
}

int errno_to_host(int32_t guest) {
  const Row* row = find_guest(Errno{guest});
  return row != nullptr ? row->host : 0;
}

const char* guest_errno_name(Errno guest) {
  const Row* row = find_guest(guest);
  return row != nullptr ? row->name : nullptr;
}

const char* guest_errno_text(Errno guest) {
  const Row* row = find_guest(guest);
  return row != nullptr ? strerror(row->host) : "unknown error";
}

}  // namespace ferry::linux
