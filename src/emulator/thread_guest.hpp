// One guest thread as the engine sees it: joins the Linux layer's Thread, the interpreter and the
// engine.
#pragma once

#include "engine/backend.hpp"
#include "engine/engine.hpp"
#include "guest/i386/interpret/interpreter.hpp"
#include "linux/kernel/threads.hpp"

namespace ferry::emulator {

class ThreadGuest final : public engine::Guest {
 public:
  /// `engine` is null where everything is interpreted.
  ThreadGuest(linux::Thread& thread, engine::Engine* engine) : thread_(thread), engine_(engine) {}

  [[nodiscard]] GuestAddress pc() const override { return thread_.cpu.eip; }
  [[nodiscard]] void* state() override { return &thread_.cpu; }
  [[nodiscard]] bool interrupt_pending() const override {
    return thread_.signal_pending.load(std::memory_order_relaxed) != 0;
  }
  void deliver_interrupts() override;
  void system_call() override;
  void deliver_exception() override;
  void interpret_one() override;
  void interpret_block(unsigned limit) override;
  [[nodiscard]] bool translatable() const override;
  [[nodiscard]] bool running() const override { return running_; }

  /// The run loop of the interpreter alone, until the thread ends. `entering` sees the state before
  /// each instruction; may be null.
  void interpret(void (*entering)(const void* state));

 private:
  /// Does what the interpreter's `outcome` asks for.
  void finish(i386::Outcome outcome);
  bool was_code_write();

  linux::Thread& thread_;
  engine::Engine* engine_;
  bool running_ = true;
  uint32_t watch_changes_ = 0;  ///< AddressSpace::watch_changes() at the last repeated write
};

/// Set by run_program: called before the process ends, with its statistics.
void set_exit_hook(void (*hook)());
void call_exit_hook();

}  // namespace ferry::emulator
