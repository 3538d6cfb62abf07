// Sets of guest signals, and what the kernel does with signals by their number.
#pragma once

#include <array>
#include <cstdint>

#include "linux/abi/i386/abi_types.hpp"

namespace ferry::linux {

inline constexpr unsigned kSignalCount = 64;  ///< i386 signals are 1..64

/// Bit (signal - 1).
using SignalSet = uint64_t;
[[nodiscard]] constexpr SignalSet signal_bit(int signal) {
  return SignalSet{1} << (signal - 1);
}
[[nodiscard]] constexpr bool contains(SignalSet set, int signal) {
  return (set & signal_bit(signal)) != 0;
}

/// Signals that faults raise: ferry always handles them and never blocks them on the host.
inline constexpr std::array kFaultSignals = {abi::kSIGILL, abi::kSIGTRAP, abi::kSIGBUS,
                                             abi::kSIGFPE, abi::kSIGSEGV};
inline constexpr SignalSet kFaultSet = [] {
  SignalSet set = 0;
  for (const int signal : kFaultSignals) set |= signal_bit(signal);
  return set;
}();
/// Index of a signal of kFaultSet in kFaultSignals.
[[nodiscard]] constexpr size_t fault_index(int signal) {
  size_t index = 0;
  while (kFaultSignals[index] != signal) ++index;
  return index;
}

inline constexpr SignalSet kUnblockable = signal_bit(abi::kSIGKILL) | signal_bit(abi::kSIGSTOP);
[[nodiscard]] constexpr SignalSet without_unblockable(SignalSet set) {
  return set & ~kUnblockable;
}
inline constexpr SignalSet kIgnoredByDefault =
    signal_bit(abi::kSIGCHLD) | signal_bit(abi::kSIGCONT) | signal_bit(abi::kSIGURG) |
    signal_bit(abi::kSIGWINCH);
/// SIG_KERNEL_COREDUMP_MASK of include/linux/signal.h (6.1).
inline constexpr SignalSet kCoreByDefault = kFaultSet | signal_bit(abi::kSIGQUIT) |
                                            signal_bit(abi::kSIGABRT) | signal_bit(abi::kSIGSYS) |
                                            signal_bit(abi::kSIGXCPU) | signal_bit(abi::kSIGXFSZ);
inline constexpr SignalSet kStopByDefault =
    signal_bit(abi::kSIGTSTP) | signal_bit(abi::kSIGTTIN) | signal_bit(abi::kSIGTTOU);

}  // namespace ferry::linux
