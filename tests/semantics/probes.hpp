// Small cases, each of which asks the processor one question that the architecture leaves open.
#pragma once

#include <string>
#include <vector>

#include "case.hpp"
#include "executor.hpp"
#include "generator.hpp"

namespace ferry::semantics {

struct Landmark {
  uint32_t address;
  const char* name;
};

struct Probe {
  std::string name;
  Case test;
  std::vector<Landmark> landmarks;  ///< names for the addresses that a page fault may report
  /// The probe asks for OwnBytes: values that no rule judges. All other probes are compared with
  /// ferry like any case.
  bool of_own_bytes = false;
};

/// All probes, in a fixed order.
[[nodiscard]] const std::vector<Probe>& probes();

/// The result in words: how the case ended, what it stored, which registers and flags it changed,
/// which x87 pointers are new.
[[nodiscard]] std::string describe_answer(const Probe& probe, const Result& result);

/// The probe's answer. Asked several times, because a context switch can spoil x87 pointers; the
/// most frequent one counts.
[[nodiscard]] std::string ask(const Probe& probe, Executor& processor);

/// Which bytes of images in memory `processor` stores otherwise than `ferry`, by the probes.
[[nodiscard]] OwnBytes ask_own_bytes(Executor& processor, Executor& ferry);

}  // namespace ferry::semantics
