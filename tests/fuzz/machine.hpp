// Runs sequences in the interpreter and in the translator, and reports what differs.
#pragma once

#include <optional>
#include <string>

#include "engine/engine.hpp"
#include "sequence.hpp"
#include "translate/i386_to_mips64/run/address_table.hpp"
#include "translate/i386_to_mips64/run/code_place.hpp"
#include "translate/i386_to_mips64/run/helpers.hpp"
#include "translate/i386_to_mips64/run/thread.hpp"
#include "translate/i386_to_mips64/run/translator.hpp"

namespace ferry::fuzz {

struct Outcome {
  i386::CpuState cpu;
  uint64_t memory = 0;
  uint32_t compared_flags = 0;  ///< set by run_reference: the flags that code can see
};

/// Runs the sequence in the interpreter; none if it proves nothing (for instance, runs too long).
[[nodiscard]] std::optional<Outcome> run_reference(const Sequence& sequence, Memory& memory,
                                                   bool exact_flags);

/// A translator with one set of options. One object at a time: cache and table have fixed places.
class Machine final : engine::Guest, engine::PageProtector, i386::CodeSource {
 public:
  static constexpr size_t kCacheBytes = size_t{16} << 20;
  Machine(const translate::Options& options, engine::EngineOptions engine_options,
          size_t cache_bytes = kCacheBytes);
  ~Machine() { active = nullptr; }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  /// Runs the sequence twice (the second time over code that is chained) and returns what differs
  /// from `expected`; empty if nothing does.
  [[nodiscard]] std::string compare(const Sequence& sequence, Memory& memory,
                                    const Outcome& expected);

  /// From now on all blocks check their bytes on entry.
  void make_self_checking();
  /// Handles a host fault, for the signal handler. Returns whether the fault was the translator's.
  bool recover(void* context, bool unaligned);
  /// The object that handles faults; null if there is none.
  static Machine* active;

 private:
  struct State {
    i386::CpuState cpu;
    uint32_t interrupt_pending = 0;
  };
  static constexpr unsigned kMaxTurns = 4000;

  static translate::Options with_pending_word(translate::Options options);

  [[nodiscard]] GuestAddress pc() const override { return state_.cpu.eip; }
  [[nodiscard]] void* state() override { return &state_.cpu; }
  [[nodiscard]] bool interrupt_pending() const override { return false; }
  void deliver_interrupts() override {}
  bool system_call() override {
    raised_ = true;
    return false;
  }
  void deliver_exception() override { raised_ = true; }
  void interpret_one() override { static_cast<void>(step()); }
  void interpret_block(unsigned limit) override;
  [[nodiscard]] bool translatable() const override;
  [[nodiscard]] bool running() const override { return !raised_ && turns_++ < kMaxTurns; }
  [[nodiscard]] bool begin_watch(GuestAddress) override { return true; }
  void end_watch(GuestAddress) override {}
  [[nodiscard]] GuestAddress fetch_end(GuestAddress address) const override;
  bool step();

  State state_;
  const uint32_t guards_;  ///< of every state
  engine::CodeCache cache_;
  translate::run::BlockTranslator translator_;
  translate::run::AddressTable table_;
  MemoryLock lock_;
  engine::Engine engine_;
  translate::run::Thread thread_{engine_.threads(), translator_.cache(), translator_.fallbacks()};
  mutable unsigned turns_ = 0;
  bool raised_ = false;
};

}  // namespace ferry::fuzz
