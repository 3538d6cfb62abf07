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
  const Result<uint32_t> length = copy_in_string(guest, text, sizeof text);
  if (length.error() == abi::kEFAULT) {
    line.add("%#x", guest);
    return;
  }
  const bool cut = !length.ok();
  line.add("\"");
  for (size_t i = 0; i < (cut ? sizeof text : length.value()); ++i) {
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

void add_arguments(TextLine& line, const Call& call, const Arguments& registers) {
  Arguments arguments = registers;
  if (call.in_memory && !copy_in_arguments(call, registers.words[0], arguments)) {
    add_argument(line, ArgumentKind::pointer, registers.words[0]);
    return;
  }
  for (unsigned i = 0; i < call.count(); ++i) {
    if (i > 0) line.add(",");
    add_argument(line, call.kinds[i], arguments.words[i]);
  }
}

}  // namespace

namespace {

const char* name_of(uint32_t number) {
  const SyscallRow* row = syscall_row(number);
  return row != nullptr ? row->name : "unknown";
}

void add_result(TextLine& line, CallResult result) {
  switch (result.outcome()) {
    case CallResult::Outcome::value:
      line.add(result.value() > 0x10000 ? " = %#x\n" : " = %u\n", result.value());
      break;
    case CallResult::Outcome::error: {
      const char* name = guest_errno_name(result.error());
      line.add(" = -1 %s (%s)\n", name != nullptr ? name : "errno",
               guest_errno_text(result.error()));
      break;
    }
    case CallResult::Outcome::restart_if_handler_allows:
    case CallResult::Outcome::restart_always:
      line.add(" = ? (to be restarted)\n");
      break;
    case CallResult::Outcome::registers_set:
    case CallResult::Outcome::exit_thread:
    case CallResult::Outcome::exit_process:
      line.add(" = ?\n");
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
    add_arguments(line, row->call, arguments);
  }
  line.add(")");
  OpenTrace& open = thread.process->trace;
  const LockGuard guard(open.lock);
  if (open.tid != 0) log_write(" <unfinished ...>\n");
  open.tid = thread.tid;
  log_write(line.text());
}

void trace_result(const Thread& thread, CallResult result) {
  TextLine line;
  OpenTrace& open = thread.process->trace;
  const LockGuard guard(open.lock);
  if (open.tid == thread.tid) {
    open.tid = 0;
  } else {
    if (open.tid != 0) line.add(" <unfinished ...>\n");
    open.tid = 0;
    line.add("%d <... %s resumed>", thread.tid, name_of(thread.syscall_number));
  }
  add_result(line, result);
  log_write(line.text());
}

}  // namespace ferry::linux
