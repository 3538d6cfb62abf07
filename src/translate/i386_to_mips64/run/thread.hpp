// All that one guest thread owns of engine and translator. Made on the stack of its run loop, and
// found through the state that translated code works on.
#pragma once

#include <cstdint>

#include "engine/code_cache.hpp"
#include "engine/thread.hpp"
#include "guest/i386/cpu_state.hpp"
#include "translate/i386_to_mips64/run/fallbacks.hpp"

namespace ferry::translate::run {

class Thread final : public engine::Thread {
 public:
  /// Maps the buffer for interrupted blocks in `cache`. All threads of the process share `cache`
  /// and `fallbacks`. install() of helpers.hpp makes a state refer to the thread.
  Thread(engine::Threads& threads, engine::CodeCache& cache, Fallbacks& fallbacks);
  ~Thread();

  /// The thread of `cpu`; null before one was installed. Signal-safe.
  [[nodiscard]] static Thread* of(const i386::CpuState& cpu);

  [[nodiscard]] const engine::CodeCache& cache() const { return cache_; }
  [[nodiscard]] Fallbacks& fallbacks() const { return fallbacks_; }
  /// For a `pc` in the copy that an interrupted block runs in: the same place in the block itself.
  /// Any other `pc` as it is. Signal-safe.
  [[nodiscard]] const uint32_t* original(const uint32_t* pc) const;

  /// The block that runs in the buffer, or null. Written by this thread's signal handlers. The
  /// block may be gone; then nothing refers to the copy any more.
  struct Interrupted {
    const uint32_t* code = nullptr;
    uint32_t words = 0;
  };
  /// Where an interrupted block runs to its next exit: room for the largest block. Null if there
  /// was no place for it: the thread cannot run then.
  [[nodiscard]] uint32_t* buffer() const { return buffer_; }
  void set_interrupted(const Interrupted& block) { interrupted_ = block; }

 private:
  engine::CodeCache& cache_;
  Fallbacks& fallbacks_;
  uint32_t* const buffer_;
  Interrupted interrupted_;
};

}  // namespace ferry::translate::run
