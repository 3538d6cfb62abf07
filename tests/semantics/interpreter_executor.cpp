#include <cstring>

#include "common/diagnostics.hpp"
#include "compare.hpp"
#include "executor.hpp"
#include "guest/i386/interpret/interpreter.hpp"
#include "guest/i386/interpret/operands.hpp"
#include "guest/i386/interpret/x87_unit.hpp"
#include "guest/i386/x87/operations.hpp"
#include "guest_arena.hpp"

namespace ferry::semantics {

namespace {

class InterpreterExecutor final : public Executor {
 public:
  enum class Way : uint8_t {
    step,
    run,     ///< as cold blocks are: frequent forms are decoded and executed at once
    helpers  ///< by the x87 helpers that translated code calls
  };
  explicit InterpreterExecutor(Way way) : way_(way) {}

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
    if (way_ == Way::helpers && run_helper(test, cpu)) outcome = Outcome::next;
    if (way_ == Way::run && i386::translatable(cpu)) outcome = i386::run(cpu, 1);
    while (outcome == Outcome::again) outcome = i386::step(cpu);
    const bool raised = outcome == Outcome::exception || outcome == Outcome::trap;
    // A single-step trap only ends the case; it is not its result.
    const bool completed = !raised || cpu.exception.vector == Vector::DB;
    result.vector = completed ? kCompleted : static_cast<uint32_t>(cpu.exception.vector);
    result.error_code = completed ? 0 : cpu.exception.error_code;
    result.address = completed ? 0 : cpu.exception.address;
    arena_.finish(test, cpu, result);
  }

  /// Executes the case by its x87 helper; false, with nothing changed, if there is none or if it
  /// leaves the instruction to the interpreter.
  static bool run_helper(const Case& test, i386::CpuState& cpu) {
    namespace interpret = i386::interpret;
    const auto instruction = decode(test);
    if (!instruction) return false;
    const unsigned operation = i386::x87_operation(*instruction);
    if (operation == i386::kX87OperationCount) return false;
    const i386::X87Helper helper = i386::kX87Operations[operation];
    // Operations take their argument for FDP, which is wrong with a segment base.
    if (instruction->modrm < 0xc0 && instruction->memory.segment >= i386::FS) return false;
    uint32_t argument = instruction->modrm & 7;
    const bool in_memory = instruction->modrm < 0xc0;
    i386::CpuState before;
    std::memcpy(&before, &cpu, sizeof cpu);
    if (in_memory &&
        !interpret::operand_address(cpu, *instruction, interpret::AccessKind::write, argument)) {
      return false;
    }
    if (helper(&cpu, argument) != 0) {
      CHECK(std::memcmp(&before, &cpu, sizeof cpu) == 0);
      return false;
    }
    if (i386::is_recorded(*instruction)) i386::record_instruction(cpu, instruction->address);
    cpu.eip = instruction->next_address();
    return true;
  }

  Way way_;
  GuestArena arena_;
};

}  // namespace

std::unique_ptr<Executor> make_interpreter_executor() {
  return std::make_unique<InterpreterExecutor>(InterpreterExecutor::Way::step);
}

std::unique_ptr<Executor> make_run_executor() {
  return std::make_unique<InterpreterExecutor>(InterpreterExecutor::Way::run);
}

std::unique_ptr<Executor> make_helper_executor() {
  return std::make_unique<InterpreterExecutor>(InterpreterExecutor::Way::helpers);
}

}  // namespace ferry::semantics
