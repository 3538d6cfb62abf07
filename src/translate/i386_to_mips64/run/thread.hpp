// All that one guest thread owns of engine and translator. Made on the stack of its run loop, and
// found through the state that translated code works on.
#pragma once

#include <cstdint>

#include "engine/code_cache.hpp"
#include "engine/thread.hpp"
#include "guest/i386/cpu_state.hpp"

namespace ferry::translate::run {

class BlockTranslator;

class Thread final : public engine::Thread {
 public:
  /// Maps the buffer for interrupted blocks and installs itself in `cpu`.
  Thread(engine::Threads& threads, BlockTranslator& translator, i386::CpuState& cpu);
  ~Thread();

  /// Makes `cpu` the state of this thread: fills in what translated code calls, and how C++ that it
  /// calls finds this object. Before the state enters translated code; a copied state has it too.
  void install(i386::CpuState& cpu);
  /// The thread of `cpu`; null before one was installed. Signal-safe.
  [[nodiscard]] static Thread* of(const i386::CpuState& cpu);

  [[nodiscard]] BlockTranslator& translator() const { return translator_; }
  /// The place in the block that `pc`, in the copy an interrupted block runs in, stands for; any
  /// other pc as it is. Signal-safe.
  [[nodiscard]] const uint32_t* original(const uint32_t* pc) const;

  /// The block that runs in the buffer, or null. Written by this thread's signal handlers; it may
  /// be gone, and then nothing refers to the copy any more.
  struct Interrupted {
    const uint32_t* code = nullptr;
    uint32_t words = 0;
  };
  /// Where an interrupted block runs to its next exit: room for the largest block.
  [[nodiscard]] uint32_t* buffer() const { return buffer_; }
  void set_interrupted(const Interrupted& block) { interrupted_ = block; }

 private:
  BlockTranslator& translator_;
  uint32_t* const buffer_;
  Interrupted interrupted_;
};

}  // namespace ferry::translate::run
