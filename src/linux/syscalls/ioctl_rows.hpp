// The table of ioctl's requests (abi/i386/ioctls.inc), and what is done with their arguments.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "linux/syscalls/converted_struct.hpp"

namespace ferry::linux {

struct IoctlCall;
using IoctlHandler = CallResult (*)(const IoctlCall&);

struct IoctlRow {
  const char* name;
  uint32_t guest;        ///< the request's number on i386
  unsigned long host;    ///< on the host
  IoctlHandler handler;  ///< HOW
  std::string_view layout;
  uint16_t size;  ///< of the structure on i386
  bool same;      ///< the structure is the same on both, and has no pointers
  bool follows;   ///< more bytes follow the structure
};
/// Requests of one kind with any size.
struct IoctlRange {
  const char* name;
  uint32_t first, last;      ///< the guest's numbers with size 0
  uint32_t direction, type;  ///< as for ioctl_number
  IoctlHandler handler;
};

struct IoctlCall {
  Thread& thread;
  int fd;
  unsigned long host;  ///< the request's number on the host
  uint32_t request, argument;
  const IoctlRow* row;  ///< null for one of a range

  /// The size in the request's number.
  [[nodiscard]] uint32_t coded_size() const { return request >> 16 & 0x3fff; }
  /// Makes the call with a pointer or a number.
  template <typename Word>
  [[nodiscard]] CallResult pass(Word word) const {
    return blocking_call(thread, SYS_ioctl, fd, host, word);
  }
};

/// The rows in the order of the guest's numbers, no two of which are equal.
[[nodiscard]] std::span<const IoctlRow> ioctl_rows();
[[nodiscard]] std::span<const IoctlRange> ioctl_ranges();
/// Null for a request that is not known.
[[nodiscard]] const IoctlRow* ioctl_row(uint32_t request);
[[nodiscard]] const IoctlRange* ioctl_range(uint32_t request);

/// What a row's HOW may be.
namespace how {
#define HOW(NAME) CallResult NAME(const IoctlCall& call);
HOW(none)              ///< there is no argument
HOW(value)             ///< a number
HOW(open_flags)        ///< flags of open(2); the result is a new descriptor
HOW(signal_value)      ///< a signal's number
HOW(descriptor)        ///< a descriptor's number
HOW(in)                ///< pointer to a structure of the row's layout that the kernel reads,
HOW(out)               ///< that it writes,
HOW(both)              ///< that it reads and writes
HOW(out_exact)         ///< EOVERFLOW if a number does not fit
HOW(out_efbig)         ///< EFBIG if it does not fit
HOW(names_descriptor)  ///< in, with a descriptor's number first
HOW(gives_descriptor)  ///< both, with a new descriptor's number at offset 8
HOW(any_in)            ///< in, out, both: of as many bytes as the request's number says
HOW(any_out)
HOW(any_both)
HOW(get_termios)
HOW(set_termios)
HOW(get_termios2)
HOW(set_termios2)
HOW(get_termio)
HOW(set_termio)
HOW(get_console_mode)
HOW(set_console_mode)
HOW(interface_list)
HOW(scsi_command)
HOW(dedupe)
HOW(event_bits)
HOW(control_info)
HOW(control_value)
HOW(samples)
HOW(samples_by_channel)
HOW(sample_settings)
HOW(timer_events)
#undef HOW
}  // namespace how

}  // namespace ferry::linux
