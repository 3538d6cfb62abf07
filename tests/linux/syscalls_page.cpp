// syscalls_page SHOWN_CALLS: writes the table of system calls as a page to the standard output; the
// test linux_syscalls_page compares this output with docs/syscalls.md, which
// `build/native/tests/linux/syscalls_page tests/linux/shown_calls.txt > docs/syscalls.md` brings up
// to date. SHOWN_CALLS: lines with a call's number, a test that shows it, and where that runs
// (shown_calls.py).
#include <array>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

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

using Shown = std::array<std::string, kCallCount>;

/// What the last column says of each call.
Shown read_shown(const char* path) {
  Shown shown;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    uint32_t number = kCallCount;
    std::string test;
    words >> number >> test;
    if (number >= kCallCount) continue;
    std::string& text = shown[number];
    for (std::string place; words >> place;) text += (text.empty() ? "" : ", ") + place;
    text += ": `" + test + "`";
  }
  return shown;
}

}  // namespace

int main(int argument_count, char** arguments) {
  if (argument_count != 2) return 2;
  const Shown shown = read_shown(arguments[1]);
  std::puts(
      "# System calls\n"
      "\n"
      "Made from `src/linux/abi/i386/syscalls.inc`, by `build/native/tests/linux/syscalls_page "
      "tests/linux/shown_calls.txt > docs/syscalls.md`.\n"
      "\n"
      "full: as on an i386 kernel. partial: the note says what is missing or different. no: the "
      "call returns ENOSYS, and `-d unimp` logs it.\n"
      "\n"
      "Shown by: a test of `tests/linux` that makes the call and must print what it prints on an "
      "i386 kernel, and where it runs: natively (ferry interprets, on the kernel that runs the "
      "i386 "
      "program too), below qemu-user, on the machine (a MIPS64 kernel 6.1). A call that the "
      "emulator "
      "or that kernel lacks is shown natively; what a host answers with ENOSYS, the guest gets.\n"
      "\n"
      "| Number | Call | Support | Note | Shown by |\n"
      "|---|---|---|---|---|");
  for (uint32_t number = 0; number < kCallCount; ++number) {
    const SyscallRow* row = syscall_row(number);
    if (row == nullptr) continue;
    std::printf("| %u | %s | %s | %s | %s |\n", number, row->name, text(row->support), row->note,
                shown[number].c_str());
  }
  return 0;
}
