// i386 blocks to MIPS64 blocks: analysis, then one handler per instruction. Implements the engine's
// Translator.
#pragma once

#include <atomic>
#include <unordered_map>
#include <unordered_set>

#include "engine/backend.hpp"
#include "engine/code_cache.hpp"
#include "host/mips64/code_patcher.hpp"
#include "translate/i386/analysis.hpp"
#include "translate/i386_to_mips64/run/thread.hpp"
#include "translate/i386_to_mips64/run/thunks.hpp"

namespace ferry::translate::run {

/// What a host fault in translated code turned out to be.
enum class FaultKind : uint8_t { not_ours, handled };

/// What of the options the host decides, and where the word lies that says that signals wait
/// (`pending` of a thread whose state is `cpu`; as far apart in every thread).
void complete(Options& options, const i386::CpuState& cpu, const std::atomic<uint32_t>& pending);

/// Bytes of a code cache that hold the permanent code and the largest block.
[[nodiscard]] size_t smallest_cache(const Options& options);

/// Where blocks left because the state was not as they expected (Translator::note_other_state).
class OtherStates {
 public:
  void note(GuestAddress address) {
    uint8_t& count = counts_[address];
    if (count < kOften) ++count;
  }
  /// Whether that happened so often that nothing should be expected there.
  [[nodiscard]] bool often(GuestAddress address) const {
    const auto found = counts_.find(address);
    return found != counts_.end() && found->second >= kOften;
  }

 private:
  static constexpr uint8_t kOften = 4;
  std::unordered_map<GuestAddress, uint8_t> counts_;
};

class BlockTranslator final : public engine::Translator {
 public:
  /// Emits the thunks into `cache` and makes them permanent. `code` answers what may be fetched.
  BlockTranslator(const Options& options, const i386::CodeSource& code, engine::CodeCache& cache);

  bool translate(GuestAddress address, uint32_t* code, uint32_t capacity,
                 engine::BlockDraft& out) override;
  engine::Leave enter(void* state, const uint32_t* code) override;
  void mark_unaligned(GuestAddress address) override;
  void expect(const void* state) override { expected_ = static_cast<const i386::CpuState*>(state); }
  void note_other_state(GuestAddress address) override { other_states_.note(address); }
  void order_accesses() override;
  void forget_analysis() override { analysis_.forget(); }
  void forget_region(unsigned) override {}
  void set_self_checking(GuestAddress page, bool on) override {
    analysis_.set_self_checking(page, on);
  }

  [[nodiscard]] const Thunks& thunks() const { return thunks_; }
  [[nodiscard]] const uint32_t* not_translated_stub() const { return thunks_.out.leave_indirect; }
  [[nodiscard]] engine::CodeCache& cache() const { return cache_; }
  [[nodiscard]] Fallbacks& fallbacks() { return fallbacks_; }
  [[nodiscard]] mips64::CodePatcher& patcher() { return patcher_; }

  /// A host fault (SIGSEGV, SIGBUS) at the pc in `ucontext`, the third argument of the handler: if
  /// the pc is in translated code, puts the exact guest state into `cpu` and sends the context to
  /// the way out. Signal-safe. `write_watched` says whether a guest address is write-protected by
  /// the engine alone.
  FaultKind recover(i386::CpuState& cpu, void* ucontext, bool unaligned,
                    bool (*write_watched)(uint32_t address));
  /// An asynchronous signal: makes sure the thread comes to the run loop soon. Signal-safe.
  void interrupt(i386::CpuState& cpu, void* ucontext);

 private:
  [[nodiscard, gnu::noinline]] bool passes_flags_on(const uint32_t* identity) const;
  /// Makes the copy for the block that holds `pc`; the place in it. Null if no block does.
  const uint32_t* copy_for_interrupt(Thread& thread, const uint32_t* pc);

  Options options_;
  uint32_t block_words_;  ///< no block takes more
  engine::CodeCache& cache_;
  Thunks thunks_;
  Fallbacks fallbacks_;
  // Of whoever holds the engine's lock:
  Analysis analysis_;
  AnalysedBlock block_;
  std::unordered_set<GuestAddress> unaligned_;
  OtherStates other_states_;
  const i386::CpuState* expected_ = nullptr;  ///< see `expect`
  mips64::CodePatcher patcher_;
};

}  // namespace ferry::translate::run
