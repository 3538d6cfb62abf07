// ioctl's requests for network interfaces, disks, files and input devices that rows alone do not
// describe.
#include <errno.h>
#include <linux/input.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "linux/syscalls/ioctl_rows.hpp"

namespace ferry::linux::how {

// --- SIOCGIFCONF: an array of struct ifreq, whose union is longer on the host
// ---------------------

CallResult interface_list(const IoctlCall& call) {
  struct {
    int32_t length;
    uint32_t buffer;
  } guest;
  if (!copy_in(call.argument, guest)) return call.pass(nowhere());
  struct ifconf host {};
  // net/core/dev_ioctl.c, dev_ifconf: without a buffer the kernel says how much there is.
  CallResult result = call.pass(&host);
  if (!result.ok()) return result;
  constexpr auto kSize = static_cast<uint32_t>(sizeof(abi::IfReq));
  const size_t room =
      guest.buffer != 0 ? static_cast<uint32_t>(std::max(guest.length, 0)) / kSize : size_t{0};
  size_t count = static_cast<size_t>(host.ifc_len) / sizeof(struct ifreq);
  if (guest.buffer != 0) {
    std::vector<struct ifreq> entries(std::min(count, room));
    host.ifc_len = static_cast<int>(entries.size() * sizeof(struct ifreq));
    host.ifc_req = entries.data();
    if (!entries.empty()) result = call.pass(&host);
    if (!result.ok()) return result;
    count = entries.empty() ? 0 : static_cast<size_t>(host.ifc_len) / sizeof(struct ifreq);
    for (size_t i = 0; i < count; ++i) {
      const auto at = guest.buffer + static_cast<uint32_t>(i) * kSize;
      if (!copy_out_bytes(call.thread, at, &entries[i], kSize)) return abi::kEFAULT;
    }
  }
  guest.length = static_cast<int32_t>(count * kSize);
  return copy_out(call.thread, call.argument, guest) ? kOk : abi::kEFAULT;
}

// --- SG_IO ---------------------------------------------------------------------------------------

CallResult scsi_command(const IoctlCall& call) {
  ConvertedStruct command(call.thread, call.row->layout, call.argument);
  constexpr uint32_t kVectorCount = 10;  // offset of iovec_count
  uint16_t vectors;
  std::memcpy(&vectors, command.guest() + kVectorCount, sizeof vectors);
  if (vectors != 0) {
    log_printf(LogChannel::unimp, "SG_IO with several buffers is not implemented\n");
    return abi::kEINVAL;
  }
  return command.store(call.pass(command.host()));
}

// --- FIDEDUPERANGE: the same structures, but with a status that may be an error
// -------------------

CallResult dedupe(const IoctlCall& call) {
  const CallResult result = both(call);
  constexpr uint32_t kCount = 16, kFirst = 24, kEach = 32, kStatus = 24;  // offsets and a size
  uint16_t count;
  if (!result.ok() || !copy_in(call.argument + kCount, count)) return result;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t at = call.argument + kFirst + i * kEach + kStatus;
    int32_t status;
    if (!copy_in(at, status) || status >= 0) continue;
    status = -errno_to_guest(-status);
    if (!copy_out(call.thread, at, status)) return abi::kEFAULT;
  }
  return result;
}

// --- bits of input devices -----------------------------------------------------------------------

namespace {

/// How many bits a set of events has (linux/input-event-codes.h), by type.
uint32_t event_count(uint32_t type) {
  switch (type) {
    case 0:  // of types
      return EV_CNT;
    case EV_KEY:
      return KEY_CNT;
    case EV_REL:
      return REL_CNT;
    case EV_ABS:
      return ABS_CNT;
    case EV_MSC:
      return MSC_CNT;
    case EV_SW:
      return SW_CNT;
    case EV_LED:
      return LED_CNT;
    case EV_SND:
      return SND_CNT;
    case EV_FF:
      return FF_CNT;
    default:
      return 0;
  }
}

/// The type of events of which a request reads a set of bits, by the request's number.
uint32_t bits_asked(uint32_t number) {
  switch (number) {
    case 0x09:
      return INPUT_PROP_CNT;
    case 0x18:
      return KEY_CNT;
    case 0x19:
      return LED_CNT;
    case 0x1a:
      return SND_CNT;
    case 0x1b:
      return SW_CNT;
    default:
      return event_count(number - 0x20);
  }
}

}  // namespace

/// drivers/input/evdev.c, bits_to_user: a set is rounded up to words, of 4 bytes for the guest. The
/// result is how many bytes were written.
CallResult event_bits(const IoctlCall& call) {
  const uint32_t bits = bits_asked(call.request & 0xff);
  const uint32_t words = (bits + 31) / 32 * 4;
  std::array<uint8_t, 1024> bytes{};
  const uint32_t size = std::min(call.coded_size(), static_cast<uint32_t>(sizeof bytes));
  const unsigned long host = ioctl_number(abi::kIoRead, 'E', call.request & 0xff, size);
  const CallResult result = guest_result(host_call(SYS_ioctl, call.fd, host, bytes.data()));
  if (!result.ok()) return result;
  const uint32_t given = std::min(result.value(), bits != 0 ? words : size);
  return copy_out_bytes(call.thread, call.argument, bytes.data(), given) ? CallResult(given)
                                                                         : abi::kEFAULT;
}

}  // namespace ferry::linux::how
