// Writes the rows of the table of system calls that have pointers, as C text for pointers.c:
//   ROW(number, "name", "kinds")
// The kinds are a letter for each argument word: p for a pointer, n for a number.
#include <cstdio>
#include <string>

#include "linux/syscalls/table.hpp"

using namespace ferry::linux;

int main() {
  for (uint32_t number = 0; number < kCallCount; ++number) {
    const SyscallRow* row = syscall_row(number);
    if (row == nullptr || row->support == Support::enosys || row->call.in_memory) continue;
    std::string kinds;
    for (unsigned i = 0; i < row->call.count(); ++i) {
      const ArgumentKind kind = row->call.kinds[i];
      const bool pointer = kind == ArgumentKind::pointer || kind == ArgumentKind::string ||
                           kind == ArgumentKind::path;
      kinds += pointer ? 'p' : 'n';
    }
    if (kinds.find('p') != std::string::npos)
      std::printf("ROW(%u, \"%s\", \"%s\")\n", number, row->name, kinds.c_str());
  }
  return 0;
}
