// From a handler's C++ signature: how its arguments are unpacked from registers or memory, which
// of them must not be ferry's own descriptors, and how strace shows them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "guest/i386/cpu_state.hpp"
#include "linux/abi/i386/abi_types.hpp"
#include "linux/syscalls/calls.hpp"

namespace ferry::linux {

inline constexpr unsigned kMostArguments = 6;

/// The argument words of a call, in general registers: the guest's, or a copy. Refers to them.
class Arguments {
 public:
  using Registers = std::array<uint32_t, i386::kGprCount>;
  using Words = std::array<uint32_t, kMostArguments>;

  explicit Arguments(const Registers& registers) : registers_(&registers) {}
  [[nodiscard]] uint32_t operator[](unsigned i) const { return (*registers_)[kOrder[i]]; }
  [[nodiscard]] Words words() const {
    Words words;
    for (unsigned i = 0; i < words.size(); ++i) words[i] = (*this)[i];
    return words;
  }
  /// Registers that hold `words` as arguments.
  [[nodiscard]] static Registers registers_with(const Words& words) {
    Registers registers{};
    for (unsigned i = 0; i < words.size(); ++i) registers[kOrder[i]] = words[i];
    return registers;
  }

 private:
  static constexpr std::array<uint8_t, kMostArguments> kOrder = {i386::EBX, i386::ECX, i386::EDX,
                                                                 i386::ESI, i386::EDI, i386::EBP};
  const Registers* registers_;
};

/// What every handler looks like to the tables: it unpacks the words. Returns what the handler
/// does, or EBADF.
using SyscallHandler = CallResult (*)(Thread&, Arguments);

/// A call as the tables hold it.
struct Call {
  SyscallHandler handler = nullptr;
  std::array<ArgumentKind, kMostArguments> kinds{};  ///< word by word, then `none`
  bool in_memory = false;  ///< the words are in guest memory, to which the first register points

  [[nodiscard]] constexpr unsigned count() const {
    unsigned used = 0;
    while (used < kinds.size() && kinds[used] != ArgumentKind::none) ++used;
    return used;
  }
};

namespace detail {

/// How many words an argument takes, of what kind, and its value. Other types are no arguments.
template <typename T>
struct ArgumentTraits;

template <ArgumentKind Kind, typename T>
struct OneWord {
  static constexpr unsigned kWords = 1;
  static constexpr ArgumentKind kKind = Kind;
  static T unpack(Arguments words, unsigned at) { return static_cast<T>(words[at]); }
};

template <>
struct ArgumentTraits<int32_t> : OneWord<ArgumentKind::signed_number, int32_t> {};
template <>
struct ArgumentTraits<uint32_t> : OneWord<ArgumentKind::unsigned_number, uint32_t> {};
template <typename Number, ArgumentKind Kind>
struct ArgumentTraits<Argument<Number, Kind>> : OneWord<Kind, Argument<Number, Kind>> {
  static Argument<Number, Kind> unpack(Arguments words, unsigned at) {
    return {static_cast<Number>(words[at])};
  }
};
template <>
struct ArgumentTraits<Word> : OneWord<ArgumentKind::bits, Word> {
  static Word unpack(Arguments words, unsigned at) { return {words[at]}; }
};
template <>
struct ArgumentTraits<FileOffset> {
  static constexpr unsigned kWords = 2;
  static constexpr ArgumentKind kKind = ArgumentKind::bits;
  static FileOffset unpack(Arguments words, unsigned at) {
    return {static_cast<int64_t>(words[at] | static_cast<uint64_t>(words[at + 1]) << 32)};
  }
};

/// Whether the argument is a descriptor that the guest does not have.
template <typename T>
bool names_hidden(const Thread& thread, uint32_t word) {
  constexpr ArgumentKind kKind = ArgumentTraits<T>::kKind;
  if constexpr (kKind == ArgumentKind::descriptor || kKind == ArgumentKind::directory) {
    return thread.process->descriptor_hidden(static_cast<int32_t>(word));
  } else {
    return false;
  }
}

}  // namespace detail

template <typename Function>
struct CallTraits;

template <typename ResultType, typename... Types>
struct CallTraits<ResultType (*)(Thread&, Types...)> {
  static constexpr unsigned kWords = (0 + ... + detail::ArgumentTraits<Types>::kWords);
  static_assert(kWords <= kMostArguments);

  static constexpr std::array<ArgumentKind, kMostArguments> kKinds = [] {
    std::array<ArgumentKind, kMostArguments> kinds{};
    [[maybe_unused]] unsigned at = 0;
    [[maybe_unused]] const auto add = [&](ArgumentKind kind, unsigned words) {
      for (; words > 0; --words) kinds[at++] = kind;
    };
    (add(detail::ArgumentTraits<Types>::kKind, detail::ArgumentTraits<Types>::kWords), ...);
    return kinds;
  }();

  template <ResultType (*Handler)(Thread&, Types...)>
  static CallResult call(Thread& thread, Arguments arguments) {
    return unpack<Handler>(thread, arguments, std::index_sequence_for<Types...>());
  }

 private:
  /// The word where each argument begins.
  static constexpr std::array<unsigned, sizeof...(Types) + 1> kStarts = [] {
    std::array<unsigned, sizeof...(Types) + 1> starts{};
    unsigned i = 0;
    ((starts[i + 1] = starts[i] + detail::ArgumentTraits<Types>::kWords, ++i), ...);
    return starts;
  }();

  template <ResultType (*Handler)(Thread&, Types...), size_t... I>
  static CallResult unpack(Thread& thread, [[maybe_unused]] Arguments words,
                           std::index_sequence<I...>) {
    if ((detail::names_hidden<Types>(thread, words[kStarts[I]]) || ...)) return abi::kEBADF;
    const ResultType result =
        Handler(thread, detail::ArgumentTraits<Types>::unpack(words, kStarts[I])...);
    if constexpr (std::is_same_v<ResultType, NewFd>) {
      if (result.ok()) thread.process->hidden.guest_got(static_cast<int>(result.value()));
    }
    return result;
  }
};

/// The call that `Handler` implements.
template <auto Handler>
[[nodiscard]] constexpr Call call_of() {
  using Traits = CallTraits<decltype(Handler)>;
  return {Traits::template call<Handler>, Traits::kKinds};
}
template <auto Handler>
inline constexpr Call kCall = call_of<Handler>();

/// Reads the argument words of `call` from guest memory. False for EFAULT.
[[nodiscard]] inline bool copy_in_arguments(const Call& call, uint32_t guest,
                                            Arguments::Words& words) {
  return copy_in_bytes(guest, words.data(), call.count() * 4);
}

/// Makes `call` with argument words from guest memory.
inline CallResult call_with_words(Thread& thread, const Call& call, uint32_t guest) {
  Arguments::Words words{};
  if (!copy_in_arguments(call, guest, words)) return abi::kEFAULT;
  const Arguments::Registers registers = Arguments::registers_with(words);
  return call.handler(thread, Arguments(registers));
}

/// The call that `Handler` implements, with its arguments in memory: the only register points
/// there.
template <auto Handler>
[[nodiscard]] constexpr Call call_in_memory() {
  return {[](Thread& thread, Arguments registers) {
            return call_with_words(thread, kCall<Handler>, registers[0]);
          },
          kCall<Handler>.kinds, true};
}

/// A call that is the host's `Number` with the same integers, sign-extended. `Signature`: its
/// result and arguments as a function type.
template <long Number, typename Signature>
struct PassedCall;

template <long Number, typename ResultType, typename... Types>
struct PassedCall<Number, ResultType(Types...)> {
  static ResultType handler(Thread&, Types... arguments) {
    return ResultType{guest_result(host_call(Number, static_cast<int32_t>(arguments)...))};
  }
};

template <long Number, typename Signature>
[[nodiscard]] constexpr Call pass_of() {
  return call_of<&PassedCall<Number, Signature>::handler>();
}

}  // namespace ferry::linux
