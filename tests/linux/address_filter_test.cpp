// -dfilter: which addresses a list of ranges covers, and which lists are refused.
#include "common/address_filter.hpp"

#include "expect.hpp"

namespace {

using ferry::AddressFilter;
using ferry::test::expect;

struct Row {
  const char* list;
  uint32_t inside[2];
  uint32_t outside[2];
};

constexpr Row kRows[] = {
    {"0x8000..0x8fff", {0x8000, 0x8fff}, {0x7fff, 0x9000}},
    {"0x8000+0x200", {0x8000, 0x81ff}, {0x7fff, 0x8200}},
    {"0x8000-0x200", {0x7e01, 0x8000}, {0x7e00, 0x8001}},
    {"4096+1", {0x1000, 0x1000}, {0xfff, 0x1001}},
    {"5..5,0xfffffffe+9", {5, 0xffffffff}, {4, 0xfffffffd}},
    {"0x10+1,0x20-1,0x30..0x31", {0x20, 0x31}, {0x11, 0x32}},
};

constexpr const char* kWrong[] = {"",    "0x8000", "0x8000+", "0x8000..",    "8000.9000", "x..y",
                                  "5+0", "5-0",    "9..5",    "1..2,",       "1..2,,3+1", "1+2x",
                                  "..5", "1+-2",   "5-9",     "0x1000*0x10", "1...2"};

}  // namespace

int main() {
  expect(AddressFilter{}.covers(0));
  expect(AddressFilter{}.covers(0xffffffff));
  for (const Row& row : kRows) {
    AddressFilter filter;
    std::string_view wrong;
    expect(filter.add(row.list, &wrong));
    for (const uint32_t address : row.inside) expect(filter.covers(address));
    for (const uint32_t address : row.outside) expect(!filter.covers(address));
  }
  for (const char* list : kWrong) {
    AddressFilter filter;
    std::string_view wrong;
    expect(!filter.add(list, &wrong));
  }
  AddressFilter filter;
  std::string_view wrong;
  expect(!filter.add("1+1,oops,2+1", &wrong) && wrong == "oops");
  return ferry::test::report();
}
