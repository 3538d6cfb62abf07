// What the engine needs of a translator and of a guest. Implemented by translate/<pair>/run and by
// the emulator.
#pragma once

#include <cstdint>

#include "common/placed_vector.hpp"
#include "engine/block.hpp"

namespace ferry::engine {

/// Why control came back from translated code.
enum class LeaveReason : uint32_t {
  direct_exit = 1,  ///< through an unlinked exit (Leave::return_address identifies it)
  indirect_exit,    ///< a target the address table does not know
  interrupted,      ///< an asynchronous signal asked for it; guest pc is exact
  syscall,          ///< int 0x80, guest pc after it
  exception,        ///< a guest exception is recorded in the state, guest pc exact
  code_write,       ///< the instruction at the guest pc writes to a watched page
  unaligned,        ///< the instruction at the guest pc made an unaligned access the host refuses
  interpret,        ///< the instruction at the guest pc is to be interpreted
  code_changed,     ///< the self-checking block at the guest pc found other bytes than its own
};

struct Leave {
  LeaveReason reason;
  Exit* exit;  ///< direct_exit: the exit taken; else null
};

/// A block in the making. The block, its exits and its marks are made where they stay, in memory of
/// the code cache (CodeCache::open). Reused from block to block.
struct BlockDraft {
  /// Bounds of what a translator may make of one block.
  static constexpr size_t kMaxExits = 160, kMaxMarks = 768, kNoteBytes = size_t{48} << 10;

  /// The translator sets address, words, entries, guest_instructions and notes; the cache the rest.
  Block* block = nullptr;
  PlacedVector<Exit> exits;  ///< their owner is `block`
  PlacedVector<Mark> marks;
  void* notes = nullptr;      ///< room of kNoteBytes for what Block::notes is to point to
  void* notes_end = nullptr;  ///< of what the translator put there; `notes` where that is nothing
  GuestRanges ranges;         ///< what the block was made from, or relies on
};

/// All but `enter` are called with the engine's lock held.
class Translator {
 public:
  /// Translates the block at `address` into `code` (room for `capacity` words) and `out`, whose
  /// lists are empty. Returns false if it does not fit. Zero guest instructions mean: nothing there
  /// can be translated, interpret.
  virtual bool translate(GuestAddress address, uint32_t* code, uint32_t capacity,
                         BlockDraft& out) = 0;
  /// Enters translated code at `code` with the guest state `state`.
  virtual Leave enter(void* state, const uint32_t* code) = 0;
  /// The access of the instruction at `address` needs the unaligned form from now on.
  virtual void mark_unaligned(GuestAddress address) = 0;
  /// Guest code changed: facts about code outside of blocks no longer hold.
  virtual void forget_analysis() = 0;
  /// The blocks of `region` of the code cache are gone, and so is what was kept for them.
  virtual void forget_region(unsigned region) = 0;
  /// From now on blocks with bytes of the page at `page` check all their bytes on entry, and other
  /// blocks rely on no byte of it (`on`); or no longer. Blocks made before are gone.
  virtual void set_self_checking(GuestAddress page, bool on) = 0;

 protected:
  ~Translator() = default;
};

/// One guest thread as the run loop sees it.
class Guest {
 public:
  [[nodiscard]] virtual GuestAddress pc() const = 0;
  /// What translated code works on.
  [[nodiscard]] virtual void* state() = 0;
  /// Whether signals wait to be delivered. Last check before translated code is entered.
  [[nodiscard]] virtual bool interrupt_pending() const = 0;
  virtual void deliver_interrupts() = 0;
  /// Makes the system call. After an exit `running` is false; nothing here ends the host thread.
  virtual void system_call() = 0;
  /// Turns the exception recorded in the state into a guest signal.
  virtual void deliver_exception() = 0;
  /// Executes one instruction in the interpreter, its exceptions and system calls included.
  virtual void interpret_one() = 0;
  /// Executes instructions in the interpreter up to the next change of control, at most `limit`.
  virtual void interpret_block(unsigned limit) = 0;
  /// Whether translated code may run in the present state, and be made at the present pc; else one
  /// instruction is interpreted.
  [[nodiscard]] virtual bool translatable() const = 0;
  /// Whether the thread is still to be run.
  [[nodiscard]] virtual bool running() const { return true; }

 protected:
  ~Guest() = default;
};

}  // namespace ferry::engine
