// The guest's memory as /proc/PID/maps and smaps show it, of this process or another one.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "linux/kernel/address_space.hpp"

namespace ferry::linux {

/// A process's mappings at one moment: a copy.
struct MemoryView {
  std::vector<Mapping> mappings;  ///< by address
  std::vector<MappedFile> files;  ///< by Mapping::file
  MemoryTotals totals;
  /// The host's address of guest pages that do not lie at their own addresses. Of other processes
  /// these are not known.
  std::map<uint32_t, uint64_t> places;
  std::string page_map;  ///< the host's path of the process's pagemap
};

/// How much of the guest's memory is of which kind, in bytes. What the host says of the pages is 0
/// where it says nothing.
struct MemorySizes : MemoryTotals {
  uint64_t resident = 0, anonymous = 0, of_files = 0, shared_memory = 0, swapped = 0;
};

/// Text of maps; host paths below `root` are shown as the guest sees them.
[[nodiscard]] std::string maps_text(const MemoryView& memory, std::string_view root);
/// Text of smaps.
[[nodiscard]] std::string smaps_text(const MemoryView& memory, std::string_view root);
/// Text of smaps_rollup.
[[nodiscard]] std::string smaps_rollup_text(const MemoryView& memory);
/// Sizes as statm and status show them.
[[nodiscard]] MemorySizes sizes_of(const MemoryView& memory);

}  // namespace ferry::linux
