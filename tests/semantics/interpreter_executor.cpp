#include "common/diagnostics.hpp"
#include "executor.hpp"
#include "guest/i386/interpret/interpreter.hpp"
#include "guest_arena.hpp"

namespace ferry::semantics {

namespace {

class InterpreterExecutor final : public Executor {
 public:
  void run(std::span<const Case> cases, std::span<Result> results) override {
    for (size_t i = 0; i < cases.size(); ++i) run_one(cases[i], results[i]);
  }

 private:
  void run_one(const Case& test, Result& result) {
    using i386::Outcome;
    using i386::Vector;
    i386::CpuState cpu;
    arena_.begin(test, cpu);
    Outcome outcome = Outcome::again;
    while (outcome == Outcome::again) outcome = i386::step(cpu);
    const bool raised = outcome == Outcome::exception || outcome == Outcome::trap;
    // The single step trap is how a case ends, not its result.
    const bool completed = !raised || cpu.exception.vector == Vector::DB;
    result.vector = completed ? kCompleted : static_cast<uint32_t>(cpu.exception.vector);
    result.error_code = completed ? 0 : cpu.exception.error_code;
    result.address = completed ? 0 : cpu.exception.address;
    arena_.finish(test, cpu, result);
  }

  GuestArena arena_;
};

}  // namespace

std::unique_ptr<Executor> make_interpreter_executor() {
  return std::make_unique<InterpreterExecutor>();
}

}  // namespace ferry::semantics
