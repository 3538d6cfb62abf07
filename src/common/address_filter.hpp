// Which guest addresses the log is about: -dfilter.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace ferry {

/// A set of ranges of guest addresses; without any it covers every address.
class AddressFilter {
 public:
  /// Adds the ranges of `list`, separated by commas: START..END (END included), START+SIZE, or
  /// START-SIZE (the SIZE bytes that end with START). Numbers as in C. Returns false and names the
  /// wrong range in `*wrong`.
  bool add(std::string_view list, std::string_view* wrong);
  [[nodiscard]] bool covers(uint32_t address) const;

 private:
  struct Range {
    uint64_t first, last;
  };
  static bool parse(std::string_view text, Range& range);

  std::vector<Range> ranges_;
};

}  // namespace ferry
