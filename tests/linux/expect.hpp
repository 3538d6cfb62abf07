// The little that a test needs, for programs that also run on MIPS64, without GoogleTest.
#pragma once

#include <cstdio>
#include <source_location>

namespace ferry::test {

inline int failures = 0;

inline void expect(bool condition, std::source_location where = std::source_location::current()) {
  if (condition) return;
  std::printf("%s:%u: failed\n", where.file_name(), where.line());
  ++failures;
}

template <typename A, typename B>
void expect_equal(A actual, B expected,
                  std::source_location where = std::source_location::current()) {
  if (static_cast<long long>(actual) == static_cast<long long>(expected)) return;
  std::printf("%s:%u: got %lld (%#llx), expected %lld\n", where.file_name(), where.line(),
              static_cast<long long>(actual), static_cast<long long>(actual),
              static_cast<long long>(expected));
  ++failures;
}

inline int report() {
  if (failures == 0) std::printf("ok\n");
  return failures == 0 ? 0 : 1;
}

}  // namespace ferry::test
