// One test case for comparison with a real processor: an instruction and the state before it, and
// the state after it.
//
// semantics_test (any host) and native_runner (i386, freestanding) exchange arrays of these
// structures through pipes: fixed sizes, little-endian, no padding.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ferry::semantics {

// Guest addresses. Regions are 16 KB each, the size of a host's largest page, with nothing mapped
// around them. The contents that a case asks for fill the last 4 KB of a region, so that accesses
// past the end fault.
constexpr uint32_t kRegionSize = 0x4000;
constexpr uint32_t kWindowSize = 0x1000;
constexpr uint32_t kDataRegion = 0x20000000;
constexpr uint32_t kWindow = kDataRegion + kRegionSize - kWindowSize;
constexpr uint32_t kDataEnd = kDataRegion + kRegionSize;
constexpr uint32_t kReadOnlyRegion = 0x20010000;
constexpr uint32_t kReadOnlyEnd = kReadOnlyRegion + kRegionSize;
constexpr uint32_t kReadOnlySeed = 1;
constexpr uint32_t kCodeRegion = 0x40000000;
constexpr uint32_t kCodeAddress = kCodeRegion + 0x800;

constexpr unsigned kMaxCodeLength = 15;
constexpr unsigned kMaxPatchLength = 16;

/// Case::options.
constexpr uint8_t kSingleStep = 1;  ///< run under TF; otherwise an INT3 after the code stops it
constexpr uint8_t kTlsInFs = 2;  ///< FS names a TLS segment based at kWindow; otherwise FS is null
constexpr uint8_t kX87 = 16;     ///< Case::x87 is loaded before and stored after; no kSingleStep

/// x87 state as FSAVE stores it with a 32-bit operand size (SDM vol. 1, figures 8-9 and 8-13).
struct X87Image {
  uint16_t control, unused0, status, unused1, tags, unused2;
  uint32_t instruction_pointer;
  uint16_t instruction_selector, opcode;
  uint32_t data_pointer;
  uint16_t data_selector, unused3;
  uint8_t registers[8][10];  ///< ST(0) to ST(7)
};
static_assert(sizeof(X87Image) == 108);

/// Changes of these bytes of the data region do not count.
struct IgnoredBytes {
  uint16_t offset;
  uint16_t length;
};

struct Case {
  uint32_t gpr[8];
  uint32_t eflags;
  uint32_t window_seed;  ///< fill_window gives the window's contents
  uint8_t length;
  uint8_t code[kMaxCodeLength];
  uint16_t patch_offset;  ///< these bytes of the window are replaced after filling
  uint8_t patch_length;
  uint8_t options;
  uint8_t patch[kMaxPatchLength];
  X87Image x87;
  IgnoredBytes ignored[2];
};
static_assert(sizeof(Case) == 192);

/// Result::vector of an instruction that completed.
constexpr uint32_t kCompleted = 256;

/// Stands for the TLS selector in Result::selector, whichever number the system gave it.
constexpr uint16_t kTlsSelector = 0x33;

struct Result {
  uint32_t gpr[8];
  uint32_t eip;
  uint32_t eflags;
  uint16_t selector[6];
  uint32_t vector;
  uint32_t error_code;
  uint32_t address;        ///< CR2 of a page fault
  uint32_t changed_bytes;  ///< of the data region
  uint32_t first_changed;  ///< offset in the data region
  uint32_t memory_hash;    ///< of all changed bytes and their offsets
  uint8_t changed[16];     ///< new values of the first changed bytes, for the report
  X87Image x87;            ///< if the case has kX87
};
static_assert(sizeof(Result) == 200);

/// Random contents with runs of equal bytes (so that string comparisons go on for a while).
inline void fill_window(uint32_t seed, uint64_t* words) {
  uint64_t state = seed * 0x9e3779b97f4a7c15u + 0x632be59bd9b4e019u;
  for (uint32_t i = 0; i < kWindowSize / 8; ++i) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    uint64_t word = state;
    if ((state >> 60) < 3) word = 0 - (state & 1);
    if ((state >> 60) == 3) word = (state & 0xff) * 0x0101010101010101u;
    words[i] = word;
  }
}

inline void apply_patch(const Case& test, uint8_t* window) {
  for (unsigned i = 0; i < test.patch_length; ++i) window[test.patch_offset + i] = test.patch[i];
}

/// Describes how `now` differs from `before` (both kRegionSize bytes). Undoes changes that do not
/// count.
inline void describe_changes(const Case& test, const uint8_t* before, uint8_t* now,
                             Result& result) {
  for (const IgnoredBytes& ignored : test.ignored) {
    for (uint32_t i = ignored.offset; i < uint32_t{ignored.offset} + ignored.length; ++i) {
      now[i] = before[i];
    }
  }
  result.changed_bytes = 0;
  result.first_changed = 0;
  uint32_t hash = 0x811c9dc5;
  for (uint32_t i = 0; i < kRegionSize; i += 8) {
    // __builtin_memcpy, because the freestanding build has no memcmp; it compiles to one load.
    uint64_t old_word = 0;
    uint64_t new_word = 0;
    __builtin_memcpy(&old_word, before + i, 8);
    __builtin_memcpy(&new_word, now + i, 8);
    if (old_word == new_word) continue;
    for (uint32_t j = i; j < i + 8; ++j) {
      if (before[j] == now[j]) continue;
      if (result.changed_bytes == 0) result.first_changed = j;
      if (result.changed_bytes < sizeof result.changed)
        result.changed[result.changed_bytes] = now[j];
      ++result.changed_bytes;
      hash = (hash ^ (j << 8 | now[j])) * 0x01000193;
    }
  }
  result.memory_hash = result.changed_bytes == 0 ? 0 : hash;
}

}  // namespace ferry::semantics
