// PageStates against an array: random changes and every question about them.
#include "linux/kernel/page_states.hpp"

#include <array>
#include <random>

#include "expect.hpp"

namespace {

using namespace ferry;
using linux::PageStates;
using test::expect_equal;

constexpr uint32_t kPages = 100;
// The last pages the guest has: what lies past them is nothing.
constexpr uint32_t kBase = guest::kGuestEnd - kPages * guest::kPageSize;

struct Page {
  int protection = -1;
  bool watched = false, split = false;
};

uint32_t address(uint32_t page) {
  return kBase + page * guest::kPageSize;
}

class Model {
 public:
  void change(std::mt19937& random) {
    const uint32_t begin = random() % kPages;
    const uint32_t end = begin + random() % (kPages + 1 - begin);
    const bool on = random() % 2 == 0;
    const auto protection = static_cast<uint8_t>(random() % 8);
    const auto each = [&](auto what) {
      for (uint32_t i = begin; i < end; ++i) what(pages_[i]);
    };
    switch (random() % 5) {
      case 0:
      case 1:  // mostly executable
        states_.map(address(begin), address(end), protection | linux::kProtExec);
        return each([&](Page& page) { page.protection = protection | linux::kProtExec; });
      case 2:
        if (on) {
          states_.map(address(begin), address(end), protection);
        } else {
          states_.unmap(address(begin), address(end));
        }
        return each([&](Page& page) { page.protection = on ? protection : -1; });
      case 3:
        states_.watch(address(begin), address(end), on);
        return each([&](Page& page) { page.watched = on; });
      default:
        states_.split(address(begin), address(end), on);
        return each([&](Page& page) { page.split = on; });
    }
  }

  void check(std::mt19937& random) const {
    bool any = false;
    for (uint32_t i = 0; i < kPages; ++i) {
      expect_equal(states_.protection(address(i) + random() % guest::kPageSize),
                   pages_[i].protection);
      expect_equal(states_.executable_until(address(i) + 5, PageStates::Run::any),
                   run_end(i, false));
      expect_equal(states_.executable_until(address(i) + 5, PageStates::Run::direct),
                   run_end(i, true));
      any = any || pages_[i].watched;
    }
    expect_equal(states_.any_watch(), any);
    const uint32_t begin = random() % kPages;
    const uint32_t end = begin + random() % (kPages + 1 - begin);
    bool watched = false;
    for (uint32_t i = begin; i < end; ++i) watched = watched || pages_[i].watched;
    expect_equal(states_.any_watch_in(address(begin), address(end)), watched);
    expect_equal(states_.protection(guest::kGuestEnd), -1);
    expect_equal(states_.protection(0xffff'ffff), -1);
  }

 private:
  /// Where the run that begins in page `i`, at its byte 5, ends.
  [[nodiscard]] uint32_t run_end(uint32_t i, bool direct) const {
    uint32_t end = i;
    while (end < kPages && pages_[end].protection >= 0 &&
           (pages_[end].protection & linux::kProtExec) != 0 && !(direct && pages_[end].split)) {
      ++end;
    }
    return end == i ? address(i) + 5 : address(end);
  }

  PageStates states_{guest::kPageSize};
  std::array<Page, kPages> pages_{};
};

}  // namespace

int main() {
  std::mt19937 random(1);
  Model model;
  for (unsigned i = 0; i < 3000; ++i) {
    model.change(random);
    model.check(random);
  }
  return test::report();
}
