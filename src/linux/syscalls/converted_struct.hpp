// Structures whose layout (abi/i386/layout.hpp) is not the same on i386 and on the host.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "host_abi.hpp"
#include "linux/abi/i386/layout.hpp"
#include "linux/syscalls/calls.hpp"

namespace ferry::linux {

inline constexpr abi::Machine kHost{8, 8, kHostOldDevice};

/// The integers of a structure; pointers and bytes between members of the target stay as they are.
void structure_to_host(std::string_view layout, const void* guest, void* host);
/// False if a number of the host's does not fit. What fits of it is stored all the same, as the
/// kernel does for most structures.
bool structure_to_guest(std::string_view layout, const void* host, void* guest);

/// A structure in the guest's memory as the host's kernel is given it for one call, with the
/// buffers that it points to.
class ConvertedStruct {
 public:
  /// Of either machine.
  static constexpr uint32_t kMaxSize = 2048;

  ConvertedStruct(Thread& thread, std::string_view layout, uint32_t guest);

  /// The structure, or an address that no process has where the guest does not have all of it: what
  /// else the host finds wrong comes first.
  [[nodiscard]] void* host() { return loaded_ ? host_.data() : static_cast<void*>(nowhere()); }
  /// The structure as the guest had it; zeroes if it does not have all of it.
  [[nodiscard]] const uint8_t* guest() const { return guest_.data(); }
  [[nodiscard]] bool loaded() const { return loaded_; }
  /// Gives the guest what the kernel left; pointers stay as they were. `result`: of the call.
  /// EOVERFLOW if `exact` and a number does not fit.
  [[nodiscard]] CallResult store(CallResult result, bool exact = false);

 private:
  void load_pointer(const abi::Piece& piece);
  [[nodiscard]] void* buffer_of(const abi::Member& member, uint32_t address);

  Thread& thread_;
  std::string_view layout_;
  uint32_t address_;
  uint32_t size_;
  bool loaded_ = false;
  alignas(8) std::array<uint8_t, kMaxSize> guest_{};
  alignas(8) std::array<uint8_t, kMaxSize> host_{};
  std::vector<GuestBuffer> buffers_;
  std::vector<std::unique_ptr<uint8_t[]>> structures_;
};

/// The bytes that follow a structure (~), as `guest`, a structure of i386, says.
[[nodiscard]] uint32_t bytes_behind(std::string_view layout, const void* guest);

}  // namespace ferry::linux
