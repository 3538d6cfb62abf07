// One guest thread as the engine sees it: joins the Linux layer's Thread, the interpreter and the
// engine.
#pragma once

#include "emulator/exclusive_gate.hpp"
#include "engine/backend.hpp"
#include "engine/engine.hpp"
#include "guest/i386/interpret/interpreter.hpp"
#include "linux/kernel/threads.hpp"

namespace ferry::emulator {

class ThreadGuest final : public engine::Guest {
 public:
  /// `engine` is null where everything is interpreted. The guest is outside of `gate` whenever it
  /// does not run. `turn`, if it is not null, is held while an instruction is interpreted.
  ThreadGuest(linux::Thread& thread, engine::Engine* engine, ExclusiveGate& gate, Lock* turn)
      : thread_(thread),
        engine_(engine),
        gate_(gate),
        participant_(ExclusiveGate::mine()),
        turn_(turn) {
    gate_.enter(participant_);
  }
  ~ThreadGuest() { ExclusiveGate::leave(participant_); }
  ThreadGuest(const ThreadGuest&) = delete;
  ThreadGuest& operator=(const ThreadGuest&) = delete;

  [[nodiscard]] GuestAddress pc() const override { return thread_.cpu.eip; }
  [[nodiscard]] void* state() override { return &thread_.cpu; }
  [[nodiscard]] bool interrupt_pending() const override {
    return thread_.signal_pending.load(std::memory_order_relaxed) != 0;
  }
  void deliver_interrupts() override;
  bool system_call() override;
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
  [[gnu::noinline]] void finish(i386::Outcome outcome);
  bool was_code_write();

  linux::Thread& thread_;
  engine::Engine* engine_;
  ExclusiveGate& gate_;
  ExclusiveGate::Participant& participant_;
  Lock* const turn_;
  bool running_ = true;
};

}  // namespace ferry::emulator
