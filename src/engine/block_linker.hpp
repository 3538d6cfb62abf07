// Chaining: makes exits jump straight into blocks, and undoes that.
#pragma once

#include "engine/block.hpp"

namespace ferry::engine {

/// Changes one aligned word of code so that other threads see the old or the new one. Implemented
/// by the host; all functions end with the instruction-cache synchronisation the host needs.
/// Signal-safe.
class CodePatcher {
 public:
  /// Makes `exit` of its owner go to `target`.
  virtual void link(const Exit& exit, const uint32_t* target) = 0;
  /// Makes `exit` leave to the run loop again.
  virtual void unlink(const Exit& exit) = 0;
  /// Makes freshly written or copied code visible to instruction fetch.
  virtual void synchronise(const uint32_t* begin, uint32_t words) = 0;

 protected:
  ~CodePatcher() = default;
};

/// Every function is called with the engine's lock held.
class BlockLinker {
 public:
  explicit BlockLinker(CodePatcher& patcher) : patcher_(patcher) {}

  /// Chains `exit` to `target`; does nothing if either block is no longer valid.
  void link(Exit& exit, Block& target);
  /// Removes every chain into and out of `block`, which is no longer valid. Exits that were chained
  /// to the block lead to the run loop again.
  void isolate(Block& block);

 private:
  /// Takes the exit at `place` out of the list of its target's incoming exits.
  void unlink(Exit** place);
  CodePatcher& patcher_;
};

}  // namespace ferry::engine
