// --engine=check: every block runs in the interpreter and in translated code, and both must agree.
#pragma once

#include <vector>

#include "common/lock.hpp"
#include "common/relaxed.hpp"
#include "engine/backend.hpp"
#include "engine/code_cache.hpp"
#include "guest/i386/cpu_state.hpp"
#include "guest/i386/decode/instruction.hpp"
#include "translate/i386_to_mips64/run/translator.hpp"

namespace ferry::emulator {

/// A translator whose `enter` checks. Blocks must not be chained. Each entry
///   1. interprets the block, noting what it is about to overwrite, and takes all of it back;
///   2. runs the translation;
///   3. compares registers, live flags, x87 state and the memory written. If the translation left
///      in the middle, its writes are taken back too and the block is interpreted up to there
///      first.
/// The interpreter's state is the one that stays.
/// The first difference ends ferry with both states on the log. Blocks that ask the time or the
/// processor, and leaves for signals, unaligned accesses and self-modification, are not compared.
///
/// Of several threads one at a time runs guest code (`turn`). What system calls of the others write
/// meanwhile may make one comparison fail, so it is made again; a difference that stays is one.
class CheckingTranslator final : public engine::Translator {
 public:
  CheckingTranslator(translate::run::BlockTranslator& translator, const engine::CodeCache& cache);

  bool translate(GuestAddress address, uint32_t* code, uint32_t capacity,
                 engine::BlockDraft& out) override {
    return translator_.translate(address, code, capacity, out);
  }
  engine::Leave enter(void* state, const uint32_t* code) override;
  void mark_unaligned(GuestAddress address) override { translator_.mark_unaligned(address); }
  void expect(const void* state) override { translator_.expect(state); }
  void note_other_state(GuestAddress address) override { translator_.note_other_state(address); }
  void order_accesses() override { translator_.order_accesses(); }
  void forget_analysis() override { translator_.forget_analysis(); }
  void forget_region(unsigned region) override { translator_.forget_region(region); }
  void set_self_checking(GuestAddress page, bool on) override {
    translator_.set_self_checking(page, on);
  }

  /// Held while guest code runs: by `enter`, and by who interprets elsewhere.
  [[nodiscard]] Lock& turn() { return turn_; }
  /// From now on there may be several threads.
  void expect_threads() { threaded_ = true; }

  [[nodiscard]] uint64_t blocks_compared() const { return compared_; }

 private:
  struct Write {
    uint32_t address;
    uint8_t before;
    uint8_t after;
  };
  static void note_store(uint32_t address, uint32_t size);
  /// One entry from the state `before_`. `*difference` becomes what differs, or null.
  engine::Leave check(const engine::Block& block, i386::CpuState& cpu, const uint32_t* code,
                      const char** difference);
  /// False if the block's results differ from one execution to the next.
  bool interpret(const engine::Block& block, i386::CpuState& cpu, uint32_t stop_at);
  void take_back(std::vector<Write>& writes) const;
  // What differs, or null.
  static const char* compare_memory(const std::vector<Write>& writes);
  [[nodiscard]] const char* compare_state(uint32_t flags) const;
  [[noreturn]] void report(const engine::Block& block, const char* what) const;

  translate::run::BlockTranslator& translator_;
  const engine::CodeCache& cache_;
  Lock turn_{Lock::Order::before_memory};
  Relaxed<bool> threaded_ = false;
  std::vector<Write> writes_;
  // The guest's part of the state, kept here because a new one costs as much as a short block.
  i386::CpuState before_;
  i386::CpuState interpreted_;
  i386::CpuState translated_;
  uint64_t compared_ = 0;
};

}  // namespace ferry::emulator
