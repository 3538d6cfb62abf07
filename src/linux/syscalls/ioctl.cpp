// ioctl: what is done with the arguments of most requests, and the call itself. Handlers for
// single groups are in ioctl_terminal.cpp, ioctl_devices.cpp and ioctl_sound.cpp. The rules are
// those that a 64-bit kernel has for 32-bit programs (fs/ioctl.c, compat_sys_ioctl, and the
// compat_ioctl of each driver).
#include <fcntl.h>

#include <algorithm>
#include <cstring>

#include "linux/syscalls/convert.hpp"
#include "linux/syscalls/handlers.hpp"
#include "linux/syscalls/ioctl_rows.hpp"

namespace ferry::linux {

namespace {

enum class Direction : uint8_t { in, out };

/// A structure that is the same on both machines: the kernel gets the guest's own.
CallResult pass_in_place(const IoctlCall& call, uint32_t size, Direction direction) {
  const GuestBuffer buffer = direction == Direction::in
                                 ? readable(call.thread, call.argument, size)
                                 : writable(call.thread, call.argument, size);
  return call.pass(buffer.pointer());
}

/// The bytes of a structure and of what follows it.
uint32_t whole_size(const IoctlCall& call) {
  const IoctlRow& row = *call.row;
  std::array<uint8_t, ConvertedStruct::kMaxSize> bytes;
  if (!row.follows || !copy_in_bytes(call.argument, bytes.data(), row.size)) return row.size;
  const uint64_t size = uint64_t{row.size} + bytes_behind(row.layout, bytes.data());
  return static_cast<uint32_t>(std::min<uint64_t>(size, UINT32_MAX));
}

CallResult pass_structure(const IoctlCall& call, Direction direction) {
  if (call.row->same) return pass_in_place(call, whole_size(call), direction);
  ConvertedStruct structure(call.thread, call.row->layout, call.argument);
  const CallResult result = call.pass(structure.host());
  return direction == Direction::in ? result : structure.store(result);
}

CallResult pass_out_exact(const IoctlCall& call, Errno too_large) {
  ConvertedStruct structure(call.thread, call.row->layout, call.argument);
  const CallResult result = structure.store(call.pass(structure.host()), true);
  return result.error() == abi::kEOVERFLOW ? CallResult(too_large) : result;
}

bool is_hidden(const IoctlCall& call, uint32_t descriptor) {
  return call.thread.process->descriptor_hidden(static_cast<int>(descriptor));
}

}  // namespace

namespace how {

CallResult none(const IoctlCall& call) {
  return call.pass(static_cast<unsigned long>(call.argument));
}
CallResult value(const IoctlCall& call) {
  return call.pass(static_cast<unsigned long>(call.argument));
}

CallResult open_flags(const IoctlCall& call) {
  const CallResult result =
      call.pass(static_cast<unsigned long>(open_flags_to_host(call.argument)));
  if (result.ok()) call.thread.process->hidden.guest_got(static_cast<int>(result.value()));
  return result;
}

CallResult descriptor(const IoctlCall& call) {
  if (is_hidden(call, call.argument)) return abi::kEBADF;
  return call.pass(static_cast<unsigned long>(call.argument));
}

CallResult in(const IoctlCall& call) {
  return pass_structure(call, Direction::in);
}
CallResult out(const IoctlCall& call) {
  return pass_structure(call, Direction::out);
}
CallResult both(const IoctlCall& call) {
  return pass_structure(call, Direction::out);
}
CallResult out_exact(const IoctlCall& call) {
  return pass_out_exact(call, abi::kEOVERFLOW);
}
CallResult out_efbig(const IoctlCall& call) {
  return pass_out_exact(call, abi::kEFBIG);
}

CallResult names_descriptor(const IoctlCall& call) {
  uint32_t descriptor;
  if (copy_in(call.argument, descriptor) && is_hidden(call, descriptor)) return abi::kEBADF;
  return in(call);
}

CallResult gives_descriptor(const IoctlCall& call) {
  const CallResult result = both(call);
  int32_t descriptor;
  if (result.ok() && copy_in(call.argument + 8, descriptor))
    call.thread.process->hidden.guest_got(descriptor);
  return result;
}

CallResult any_in(const IoctlCall& call) {
  return pass_in_place(call, call.coded_size(), Direction::in);
}
CallResult any_out(const IoctlCall& call) {
  return pass_in_place(call, call.coded_size(), Direction::out);
}
CallResult any_both(const IoctlCall& call) {
  return pass_in_place(call, call.coded_size(), Direction::out);
}

}  // namespace how

CallResult sys_ioctl(Thread& t, Fd fd, Word request, Word argument) {
  if (const IoctlRow* const row = ioctl_row(request); row != nullptr)
    return row->handler({t, fd, row->host, request, argument, row});
  if (const IoctlRange* const range = ioctl_range(request); range != nullptr) {
    constexpr uint32_t kMostOnMips = 0x1fff;  // there the size has 13 bits
    const uint32_t size = std::min(request >> 16 & 0x3fff, kMostOnMips);
    const unsigned long host = ioctl_number(range->direction, range->type, request & 0xff, size);
    return range->handler({t, fd, host, request, argument, nullptr});
  }
  // fs/ioctl.c, compat_sys_ioctl: the descriptor comes first.
  const long flags = host_call(SYS_fcntl, fd, F_GETFL);
  if (flags < 0 || (flags & O_PATH) != 0) return abi::kEBADF;
  log_printf(LogChannel::unimp, "ioctl %#x is not implemented\n", request.number);
  return abi::kENOTTY;
}

}  // namespace ferry::linux
