#include "common/address_filter.hpp"

#include <cstdlib>
#include <string>

namespace ferry {

bool AddressFilter::parse(std::string_view text, Range& range) {
  const std::string start(text);
  char* place = nullptr;
  const uint64_t first = std::strtoull(start.c_str(), &place, 0);
  if (place == start.c_str()) return false;
  const char kind = *place++;
  if (kind == '.' && *place++ != '.') return false;
  if ((kind != '.' && kind != '+' && kind != '-') || *place < '0' || *place > '9') return false;
  char* end = nullptr;
  const uint64_t second = std::strtoull(place, &end, 0);
  if (*end != '\0') return false;
  if (kind == '.') {
    range = {first, second};
  } else if (kind == '+') {
    range = {first, first + second - 1};
  } else {
    range = {first - (second - 1), first};
  }
  // A size of 0 and a wrapped sum both end before they begin.
  return range.first <= range.last;
}

bool AddressFilter::add(std::string_view list, std::string_view* wrong) {
  for (bool more = true; more;) {
    const size_t comma = list.find(',');
    const std::string_view text = list.substr(0, comma);
    more = comma != std::string_view::npos;
    list = more ? list.substr(comma + 1) : std::string_view{};
    Range range{};
    if (!parse(text, range)) {
      *wrong = text;
      return false;
    }
    ranges_.push_back(range);
  }
  return true;
}

bool AddressFilter::covers(uint32_t address) const {
  for (const Range& range : ranges_) {
    if (address >= range.first && address <= range.last) return true;
  }
  return ranges_.empty();
}

}  // namespace ferry
