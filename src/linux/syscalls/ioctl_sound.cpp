// ioctl's requests for sound devices that rows alone do not describe (sound/core/pcm_compat.c,
// control_compat.c).
#include <sound/asound.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <vector>

#include "linux/syscalls/event_devices.hpp"
#include "linux/syscalls/ioctl_rows.hpp"

namespace ferry::linux::how {

namespace {

constexpr uint32_t kIdSize = 64;       // struct snd_ctl_elem_id, the same everywhere
constexpr uint32_t kTypeAt = kIdSize;  // of struct snd_ctl_elem_info

/// The type of a control's values: it says which member of a union there is.
uint32_t type_of(const void* info) {
  uint32_t type;
  std::memcpy(&type, static_cast<const uint8_t*>(info) + kTypeAt, sizeof type);
  return type;
}
bool has_longs(uint32_t type) {
  return type == static_cast<uint32_t>(SNDRV_CTL_ELEM_TYPE_BOOLEAN) ||
         type == static_cast<uint32_t>(SNDRV_CTL_ELEM_TYPE_INTEGER);
}

// struct snd_ctl_elem_info with a union that is the same everywhere, but for the pointer to the
// names that a new enumeration brings along.
constexpr std::string_view kOtherInfo = "4*4 1*44 4 4*4 4 4 1*64 R{#8} 4 1*44 1*64";
// struct snd_ctl_elem_value without longs.
constexpr std::string_view kOtherValue = "1*64 4 (u*0 4*128 +512) 1*128";

}  // namespace

CallResult control_info(const IoctlCall& call) {
  std::array<uint8_t, sizeof(snd_ctl_elem_info)> guest;
  const bool known = copy_in(call.argument, guest);
  const bool asks = (call.request & 0xff) == 0x11;  // ELEM_INFO: the type is an answer
  if (known && !asks && has_longs(type_of(guest.data()))) return both(call);
  ConvertedStruct info(call.thread, kOtherInfo, call.argument);
  const CallResult result = info.store(call.pass(info.host()));
  if (!result.ok() || !has_longs(type_of(info.host()))) return result;
  if (!copy_in(call.argument, guest)) return abi::kEFAULT;
  structure_to_guest(call.row->layout, info.host(), guest.data());
  return copy_out(call.thread, call.argument, guest) ? result : CallResult(abi::kEFAULT);
}

CallResult control_value(const IoctlCall& call) {
  snd_ctl_elem_info info{};
  if (!copy_in(call.argument, info.id)) return call.pass(nowhere());
  const CallResult asked =
      guest_result(host_call(SYS_ioctl, call.fd, SNDRV_CTL_IOCTL_ELEM_INFO, &info));
  if (!asked.ok()) return asked;
  const bool longs = has_longs(static_cast<uint32_t>(info.type));
  ConvertedStruct value(call.thread, longs ? call.row->layout : kOtherValue, call.argument);
  return value.store(call.pass(value.host()));
}

// --- streams -------------------------------------------------------------------------------------

namespace {

/// From one frame's sample of a channel to the next frame's, in bytes; 0 if the stream is not set
/// up or has no such channel.
uint32_t bytes_between_samples(int fd, unsigned channel) {
  snd_pcm_channel_info info{};
  info.channel = channel;
  const long result = host_call(SYS_ioctl, fd, SNDRV_PCM_IOCTL_CHANNEL_INFO, &info);
  return result < 0 ? 0 : info.step / 8;
}

/// Memory for samples, which the guest plays or records.
GuestBuffer sample_buffer(const IoctlCall& call, uint32_t address, uint64_t frames, uint32_t step) {
  const auto length = static_cast<uint32_t>(std::min<uint64_t>(frames * step, UINT32_MAX));
  const bool plays = (call.request >> 30 & abi::kIoWrite) != 0;
  return plays ? readable(call.thread, address, length) : writable(call.thread, address, length);
}

}  // namespace

CallResult samples(const IoctlCall& call) {
  ConvertedStruct transfer(call.thread, call.row->layout, call.argument);
  if (!transfer.loaded()) return call.pass(nowhere());
  auto* const host = static_cast<snd_xferi*>(transfer.host());
  uint32_t address;
  std::memcpy(&address, transfer.guest() + sizeof(uint32_t), sizeof address);
  const GuestBuffer buffer =
      sample_buffer(call, address, host->frames, bytes_between_samples(call.fd, 0));
  if (address != 0) host->buf = buffer.pointer();
  return transfer.store(call.pass(host));
}

CallResult samples_by_channel(const IoctlCall& call) {
  constexpr unsigned kMost = 128;  // the kernel's limit of channels
  ConvertedStruct transfer(call.thread, call.row->layout, call.argument);
  if (!transfer.loaded()) return call.pass(nowhere());
  auto* const host = static_cast<snd_xfern*>(transfer.host());
  uint32_t addresses;
  std::memcpy(&addresses, transfer.guest() + sizeof(uint32_t), sizeof addresses);
  std::vector<GuestBuffer> buffers;
  std::array<void*, kMost> pointers{};
  host->bufs = pointers.data();
  for (unsigned channel = 0; channel < kMost; ++channel) {
    const uint32_t step = bytes_between_samples(call.fd, channel);
    if (step == 0) break;
    uint32_t address;
    const uint32_t at = addresses + channel * static_cast<uint32_t>(sizeof address);
    if (addresses == 0 || !copy_in(at, address)) {
      host->bufs = reinterpret_cast<void**>(nowhere());
      break;
    }
    if (address == 0) continue;
    buffers.push_back(sample_buffer(call, address, host->frames, step));
    pointers[channel] = buffers.back().pointer();
  }
  return transfer.store(call.pass(host));
}

/// The kernel counts frames up to `boundary`, a multiple of the buffer's size, which is smaller
/// where a long is. Programs give it as "never" in the thresholds.
CallResult sample_settings(const IoctlCall& call) {
  constexpr snd_pcm_uframes_t kMost = INT32_MAX;
  ConvertedStruct settings(call.thread, call.row->layout, call.argument);
  if (!settings.loaded()) return call.pass(nowhere());
  auto* const host = static_cast<snd_pcm_sw_params*>(settings.host());
  // Boundaries of i386 are above a quarter of 4 G, no buffer is so long.
  const snd_pcm_uframes_t silence = host->silence_size;
  if (silence > kMost / 4) host->silence_size = LONG_MAX;
  const CallResult result = call.pass(host);
  host->silence_size = silence;
  while (host->boundary > kMost) host->boundary /= 2;
  return settings.store(result);
}

CallResult timer_events(const IoctlCall& call) {
  uint32_t on;
  const CallResult result = in(call);
  if (!result.ok() || !copy_in(call.argument, on)) return result;
  call.thread.process->reads_timer_events = on != 0;
  note_event_device(*call.thread.process, call.fd);
  return result;
}

}  // namespace ferry::linux::how
