#include "linux/syscalls/strace.hpp"

#include "linux/syscalls/table.hpp"

namespace ferry::linux {

namespace {

const strace::Format& plain_format(ArgumentKind kind) {
  switch (kind) {
    case ArgumentKind::string:
      return strace::str;
    case ArgumentKind::path:
      return strace::path;
    case ArgumentKind::pointer:
      return strace::ptr;
    case ArgumentKind::bits:
      return strace::hex;
    case ArgumentKind::mode:
      return strace::mode;
    case ArgumentKind::unsigned_number:
      return strace::unum;
    case ArgumentKind::directory:
      return strace::at_fd;
    case ArgumentKind::signal:
      return strace::sig;
    default:
      return strace::num;
  }
}

/// Formats for all calls, by the types of their handlers' arguments.
const strace::CallFormat* plain_formats() {
  static const auto* const formats = [] {
    auto* made = new std::array<strace::CallFormat, kCallCount>;
    for (uint32_t number = 0; number < kCallCount; ++number) {
      const SyscallRow* row = syscall_row(number);
      if (row == nullptr) continue;
      strace::CallFormat& format = (*made)[number];
      format.name = row->name;
      for (unsigned i = 0; i < row->call.count(); ++i)
        format.formats[i] = plain_format(row->call.kinds[i]);
    }
    return made->data();
  }();
  return formats;
}

}  // namespace

strace::ShownCall shown_call(uint32_t number, Arguments registers) {
  strace::ShownCall call{strace::call_format(number), registers.words()};
  if (number == strace::kNr_socketcall || number == strace::kNr_ipc) {
    const strace::ShownCall made =
        number == strace::kNr_ipc ? strace::ipc_call(call.words) : strace::socket_call(call.words);
    if (made.format != nullptr) return made;
  }
  const SyscallRow* row = syscall_row(number);
  if (row == nullptr) return call;
  if (call.format == nullptr) call.format = &plain_formats()[number];
  Arguments::Words words{};
  if (!row->call.in_memory) return call;
  if (copy_in_arguments(row->call, registers[0], words)) {
    call.words = words;
  } else {
    static constexpr strace::CallFormat kUnreadable{"mmap", {strace::ptr}};
    static constexpr strace::CallFormat kUnreadableSelect{"select", {strace::ptr}};
    call.format = number == strace::kNr_mmap ? &kUnreadable : &kUnreadableSelect;
  }
  return call;
}

}  // namespace ferry::linux
