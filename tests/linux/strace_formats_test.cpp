// Every row of strace/call_formats.inc stands for as many words as its call's handler takes.
#include <cstdio>

#include "linux/strace/call_formats.hpp"
#include "linux/syscalls/table.hpp"

int main() {
  using namespace ferry::linux;
  int wrong = 0;
  unsigned rows = 0, calls = 0;
  for (uint32_t number = 0; number < kCallCount; ++number) {
    const SyscallRow* row = syscall_row(number);
    if (row == nullptr || row->call.handler == nullptr) continue;
    ++calls;
    const strace::CallFormat* format = strace::call_format(number);
    if (format == nullptr) {
      std::printf("without a row: %s\n", row->name);
      continue;
    }
    ++rows;
    if (format->words() == row->call.count()) continue;
    std::printf("%s: the row stands for %u words, the handler takes %u\n", row->name,
                format->words(), row->call.count());
    ++wrong;
  }
  std::printf("%u of %u calls have a row\n", rows, calls);
  return wrong == 0 ? 0 : 1;
}
