#include "linux/syscalls/strace.hpp"

#include <fcntl.h>

#include "common/diagnostics.hpp"
#include "common/text_line.hpp"
#include "linux/kernel/errno_map.hpp"
#include "linux/syscalls/table.hpp"

namespace ferry::linux {

namespace {

void add_string(TextLine& line, uint32_t guest) {
  char text[64];
  const int32_t length = copy_in_string(guest, text, sizeof text);
  if (length == -abi::kEFAULT) {
    line.add("%#x", guest);
    return;
  }
  const bool cut = length < 0;
  line.add("\"");
  for (size_t i = 0; i < (cut ? sizeof text : static_cast<size_t>(length)); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 32 || c > 126 || c == '"' || c == '\\') {
      line.add("\\%03o", c);
    } else {
      line.add("%c", c);
    }
  }
  line.add(cut ? "\"..." : "\"");
}

void add_argument(TextLine& line, ArgumentKind kind, uint32_t value) {
  switch (kind) {
    case ArgumentKind::string:
    case ArgumentKind::path:
      value == 0 ? line.add("NULL") : add_string(line, value);
      break;
    case ArgumentKind::pointer:
      value == 0 ? line.add("NULL") : line.add("%#x", value);
      break;
    case ArgumentKind::bits:
      line.add("%#x", value);
      break;
    case ArgumentKind::mode:
      line.add("0%o", value);
      break;
    case ArgumentKind::unsigned_number:
      line.add("%u", value);
      break;
    case ArgumentKind::directory:
      if (static_cast<int32_t>(value) == AT_FDCWD) {
        line.add("AT_FDCWD");
        break;
      }
      [[fallthrough]];
    default:
      line.add("%d", static_cast<int32_t>(value));
      break;
  }
}

}  // namespace

void trace_call(const Thread& thread, uint32_t number, const Arguments& arguments) {
  TextLine line;
  const SyscallRow* row = syscall_row(number);
  line.add("%d ", thread.tid);
  if (row == nullptr) {
    line.add("syscall_%u(", number);
  } else {
    line.add("%s(", row->name);
    for (unsigned i = 0; i < row->call.count(); ++i) {
      if (i > 0) line.add(",");
      add_argument(line, row->call.kinds[i], arguments.words[i]);
    }
  }
  line.add(")");
  log_write(line.text());
}

void trace_result(int32_t result) {
  TextLine line;
  if (result == kRegistersSet || result == kExitProcess) {
    line.add(" = ?\n");
  } else if (result == -kErestartSys || result == -kErestartNoIntr) {
    line.add(" = ? (to be restarted)\n");
  } else if (result < 0 && result >= -4095) {
    const char* name = guest_errno_name(-result);
    line.add(" = -1 %s (%s)\n", name != nullptr ? name : "errno", guest_errno_text(-result));
  } else {
    line.add(static_cast<uint32_t>(result) > 0x10000 ? " = %#x\n" : " = %d\n", result);
  }
  log_write(line.text());
}

}  // namespace ferry::linux
