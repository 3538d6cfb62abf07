// Everything that can run a case: the processor, the interpreter, the translator.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "case.hpp"

namespace ferry::semantics {

class Executor {
 public:
  virtual ~Executor() = default;
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  /// Fills results[i] from cases[i].
  virtual void run(std::span<const Case> cases, std::span<Result> results) = 0;

 protected:
  Executor() = default;
};

/// ferry's interpreter, in this process.
[[nodiscard]] std::unique_ptr<Executor> make_interpreter_executor();

/// The same by run(), which executes cold blocks: frequent forms without decoding them first.
[[nodiscard]] std::unique_ptr<Executor> make_run_executor();

/// The interpreter, but x87 instructions that have a helper for the translator go through it.
[[nodiscard]] std::unique_ptr<Executor> make_helper_executor();

/// ferry's translator, in this process. Only on MIPS64 hosts.
[[nodiscard]] std::unique_ptr<Executor> make_translator_executor();

/// The processor, through the program native_runner at `path`.
[[nodiscard]] std::unique_ptr<Executor> make_native_executor(const std::string& path);

}  // namespace ferry::semantics
