// Writes the table of system calls as a page to the standard output; the test linux_syscalls_page
// compares this output with docs/syscalls.md.
// `build/native/tests/linux/syscalls_page > docs/syscalls.md` brings that file up to date.
#include <cstdio>

#include "linux/syscalls/table.hpp"

using namespace ferry::linux;

namespace {

const char* text(Support support) {
  switch (support) {
    case Support::full:
      return "full";
    case Support::partial:
      return "partial";
    case Support::enosys:
      return "no";
  }
  return "";
}

}  // namespace

int main() {
  std::puts(
      "# System calls\n"
      "\n"
      "Made from `src/linux/abi/i386/syscalls.inc`, by `build/native/tests/linux/syscalls_page > "
      "docs/syscalls.md`.\n"
      "\n"
      "full: as on an i386 kernel. partial: the note says what is missing or different. no: the "
      "call returns ENOSYS, and `-d unimp` logs it.\n"
      "\n"
      "| Number | Call | Support | Note |\n"
      "|---|---|---|---|");
  for (uint32_t number = 0; number < kCallCount; ++number) {
    const SyscallRow* row = syscall_row(number);
    if (row == nullptr) continue;
    std::printf("| %u | %s | %s | %s |\n", number, row->name, text(row->support), row->note);
  }
  return 0;
}
