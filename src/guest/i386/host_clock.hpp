// How the guest's kernel page reads the host's clocks: by RDCLOCK, an instruction of ferry's own.
// It exists in that page alone; anywhere else its bytes are an invalid opcode, as on every
// processor.
//
// RDCLOCK: EAX names a clock, ECX says what of it is read. EDX:EAX get seconds, ECX nanoseconds, or
// a negative number if the clock is not read this way: then EDX:EAX are undefined.
#pragma once

#include <cstdint>

namespace ferry::i386 {

struct ClockReading {
  int64_t seconds;
  int64_t nanoseconds;  ///< negative: the clock is not read this way
};

struct HostClock {
  ClockReading (*read)(uint32_t clock, uint32_t what) = nullptr;
  uint32_t begin = 0, end = 0;  ///< RDCLOCK exists at guest addresses in [begin, end)

  [[nodiscard]] bool exists_at(uint32_t address) const { return address >= begin && address < end; }
};

/// Set before any thread runs.
void set_host_clock(const HostClock& clock);
[[nodiscard]] const HostClock& host_clock();

}  // namespace ferry::i386
