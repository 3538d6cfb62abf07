// What a system call comes to: a value or an error for the guest's eax, or one of the outcomes that
// leave eax alone.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include "linux/abi/i386/errno.hpp"
#include "linux/kernel/signal_state.hpp"

namespace ferry::linux {

/// A value is any 32-bit number: 0xffffffea as a value is no EINVAL.
class [[nodiscard]] CallResult {
 public:
  enum class Outcome : uint32_t {
    value,
    error,
    restart_if_handler_allows,  ///< a signal ended the call: Restart::if_handler_allows
    restart_always,             ///< a signal came before the call began: Restart::always
    registers_set,              ///< the handler has set eax and all else itself (sigreturn)
    exit_thread,                ///< the thread ends, with Thread::exit_status
    exit_process,               ///< all threads do
  };

  /// Exactly uint32_t: a signed number might be meant as -errno.
  template <std::same_as<uint32_t> Value>
  constexpr CallResult(Value value) : bits_(value) {}  // NOLINT(google-explicit-constructor)
  /// kOk is the value 0.
  constexpr CallResult(Errno error)  // NOLINT(google-explicit-constructor)
      : bits_(error == kOk ? 0 : pack(Outcome::error, -static_cast<uint32_t>(error.value))) {}
  CallResult(const Result<uint32_t>& result)  // NOLINT(google-explicit-constructor)
      : CallResult(result.ok() ? CallResult(result.value()) : CallResult(result.error())) {}
  /// An outcome without a number.
  constexpr explicit CallResult(Outcome outcome) : bits_(pack(outcome, 0)) {}

  [[nodiscard]] constexpr Outcome outcome() const { return static_cast<Outcome>(bits_ >> 32); }
  /// Whether it is a value or an error.
  [[nodiscard]] constexpr bool sets_eax() const { return outcome() <= Outcome::error; }
  /// Whether it is a value.
  [[nodiscard]] constexpr bool ok() const { return outcome() == Outcome::value; }
  /// 0 unless it is a value.
  [[nodiscard]] constexpr uint32_t value() const { return ok() ? eax() : 0; }
  /// kOk unless it is an error.
  [[nodiscard]] constexpr Errno error() const {
    return outcome() == Outcome::error ? Errno{-static_cast<int32_t>(eax())} : kOk;
  }
  /// What the guest's eax gets: the value or -errno.
  [[nodiscard]] constexpr uint32_t eax() const { return static_cast<uint32_t>(bits_); }

  [[nodiscard]] friend constexpr bool operator==(CallResult, CallResult) = default;

 private:
  static constexpr uint64_t pack(Outcome outcome, uint32_t eax) {
    return uint64_t{static_cast<uint32_t>(outcome)} << 32 | eax;
  }

  /// The outcome in the upper half, eax in the lower one. As a single member the pair stays in its
  /// register while functions pass it on.
  uint64_t bits_;
};
static_assert(sizeof(CallResult) == 8 && std::is_trivially_copyable_v<CallResult>);

/// Named as in the kernel (include/linux/errno.h): a call that a signal interrupted, and one that
/// had not begun when the signal came.
inline constexpr CallResult kErestartSys{CallResult::Outcome::restart_if_handler_allows};
inline constexpr CallResult kErestartNoIntr{CallResult::Outcome::restart_always};
inline constexpr CallResult kRegistersSet{CallResult::Outcome::registers_set};
inline constexpr CallResult kExitThread{CallResult::Outcome::exit_thread};
inline constexpr CallResult kExitProcess{CallResult::Outcome::exit_process};

}  // namespace ferry::linux
