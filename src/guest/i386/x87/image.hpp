// The memory images of the x87 state: the environment and the registers FSAVE writes, and the 512
// bytes of FXSAVE (SDM vol. 1, 8.1.10 and 10.5.1). For the instructions and for signal frames.
#pragma once

#include <cstdint>

#include "guest/i386/cpu_state.hpp"
#include "guest/i386/x87/float80.hpp"

namespace ferry::i386 {

inline constexpr unsigned kRegisterImageSize = 80;
inline constexpr unsigned kFxsaveImageSize = 512;
/// What FXSAVE writes; the rest is the program's.
inline constexpr unsigned kFxsaveWritten = 288;
/// Bits MXCSR has: all SSE2 processors' (SDM vol. 1, 11.6.6).
inline constexpr uint32_t kMxcsrMask = 0xffff;

/// Bytes of an environment for an operand size of 2 or 4 bytes.
[[nodiscard]] constexpr unsigned environment_size(unsigned operand_size) {
  return operand_size == 2 ? 14 : 28;
}

/// The status word with TOP in it.
[[nodiscard]] uint16_t status_word(const X87State& x87);
void set_status_word(X87State& x87, uint16_t status);

/// Two bits a physical register: valid, zero, special, empty.
[[nodiscard]] uint16_t tag_word(const X87State& x87);
void set_tag_word(X87State& x87, uint16_t tags);

/// ES and B follow from the flags and the masks.
inline void update_summary(X87State& x87) {
  using namespace x87_status;
  const bool pending = (x87.status & ~x87.control & kExceptions) != 0;
  x87.status = static_cast<uint16_t>((x87.status & ~(x87_status::ES | B)) |
                                     (pending ? x87_status::ES | B : 0));
}

/// Keeps the bits that exist, and lets ES and B follow.
void set_control_word(X87State& x87, uint16_t control);

/// As FNINIT leaves it; the registers keep their contents.
void initialize(X87State& x87);

void store_environment(const X87State& x87, unsigned operand_size, uint8_t* image);
void load_environment(X87State& x87, unsigned operand_size, const uint8_t* image);
/// ST(0) to ST(7), ten bytes each.
void store_registers(const X87State& x87, uint8_t* image);
void load_registers(X87State& x87, const uint8_t* image);

/// Whether an FXSAVE image shows the last operation's pointers and opcode. AMD processors store
/// them only while an exception is pending.
enum class ImagePointers : uint8_t { while_pending, always };

/// Writes the first kFxsaveWritten bytes.
void store_fxsave_image(const CpuState& cpu, uint8_t* image, ImagePointers pointers);
/// The image's MXCSR must have been checked.
void load_fxsave_image(CpuState& cpu, const uint8_t* image);
[[nodiscard]] uint32_t fxsave_image_mxcsr(const uint8_t* image);

}  // namespace ferry::i386
