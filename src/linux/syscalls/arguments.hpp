// What the arguments and results of system calls are: a handler's C++ signature is made of these
// types, and says everything about how a call is unpacked, checked and shown (call_traits.hpp).
#pragma once

#include <cstdint>

#include "linux/kernel/call_result.hpp"
#include "linux/kernel/guest_process.hpp"
#include "linux/kernel/threads.hpp"
#include "linux/kernel/user_memory.hpp"

namespace ferry::linux {

/// What one argument register holds.
enum class ArgumentKind : uint8_t {
  none,               ///< past the last argument
  descriptor,         ///< a descriptor that the call uses
  directory,          ///< the descriptor where a path starts, or AT_FDCWD
  descriptor_number,  ///< a number that a descriptor gets, or that the handler checks itself
  process,
  signal,
  signed_number,
  unsigned_number,
  bits,     ///< shown in hexadecimal
  mode,     ///< of a file, shown in octal
  pointer,  ///< to guest memory, or null
  string,   ///< pointer to a text
  path,     ///< pointer to a file's name
};

/// An argument register with its meaning; converts to its number.
template <typename Number, ArgumentKind Kind>
struct Argument {
  Number number;
  constexpr operator Number() const { return number; }  // NOLINT(google-explicit-constructor)
};

/// Descriptors that the call uses. For one of ferry's own the call fails with EBADF before the
/// handler is called (hidden_descriptors.hpp).
using Fd = Argument<int32_t, ArgumentKind::descriptor>;
using DirFd = Argument<int32_t, ArgumentKind::directory>;
/// A number that the call does not use as an open descriptor.
using FdNumber = Argument<int32_t, ArgumentKind::descriptor_number>;
using Pid = Argument<int32_t, ArgumentKind::process>;
using SignalNumber = Argument<int32_t, ArgumentKind::signal>;
using Flags = Argument<uint32_t, ArgumentKind::bits>;
using FileMode = Argument<uint32_t, ArgumentKind::mode>;
using GuestPointer = Argument<uint32_t, ArgumentKind::pointer>;
using GuestString = Argument<uint32_t, ArgumentKind::string>;
using GuestPath = Argument<uint32_t, ArgumentKind::path>;

/// A word whose meaning depends on another argument.
struct Word {
  uint32_t number;
  constexpr operator uint32_t() const { return number; }  // NOLINT(google-explicit-constructor)
};

/// 64 bits in two registers, the low word first.
struct FileOffset {
  int64_t number;
  constexpr operator int64_t() const { return number; }  // NOLINT(google-explicit-constructor)
};

/// Result of a call that gives a new descriptor. The hidden descriptors make room for the next one.
struct NewFd : CallResult {
  using CallResult::CallResult;
  constexpr NewFd(CallResult result) : CallResult(result) {}  // NOLINT(google-explicit-constructor)
};

}  // namespace ferry::linux
