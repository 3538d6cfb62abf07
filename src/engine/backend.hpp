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
  other_state,      ///< the instruction at the guest pc was translated for another state
};

struct Leave {
  LeaveReason reason;
  Exit* exit;  ///< direct_exit: the exit taken; else null
};

/// A block in the making. The block, its exits and its marks are written where they stay, in memory
/// of the code cache (CodeCache::open).
struct BlockDraft {
  /// Bounds of what a translator may make of one block.
  static constexpr size_t kMaxExits = 160, kMaxMarks = 768, kNoteBytes = size_t{48} << 10;

  /// The translator sets address, words, entries, guest_instructions and notes; the cache the rest.
  Block* block = nullptr;
  PlacedVector<Exit> exits;  ///< their owner is `block`
  PlacedVector<Mark> marks;
  void* notes = nullptr;      ///< room of kNoteBytes for what Block::notes is to point to
  void* notes_end = nullptr;  ///< past what the translator wrote there
  GuestRanges ranges;         ///< the bytes that the block was made from, or relies on
};

/// All functions but `enter` are called with the engine's lock held.
class Translator {
 public:
  /// Translates the block at `address` into `code` (room for `capacity` words) and `out`, whose
  /// lists are empty. Returns false if the block does not fit. A block of 0 guest instructions
  /// means that nothing there can be translated: the engine interprets it.
  virtual bool translate(GuestAddress address, uint32_t* code, uint32_t capacity,
                         BlockDraft& out) = 0;
  /// The next block to be translated is about to be entered with `state`: what is usual there may
  /// be taken for granted, if the block leaves with LeaveReason::other_state where it does not
  /// hold.
  virtual void expect(const void* state) = 0;
  /// A block left with LeaveReason::other_state at `address`. It is dropped.
  virtual void note_other_state(GuestAddress address) = 0;
  /// Enters translated code at `code` with the guest state `state`.
  virtual Leave enter(void* state, const uint32_t* code) = 0;
  /// From now on the instruction at `address` is translated to unaligned accesses.
  virtual void mark_unaligned(GuestAddress address) = 0;
  /// From now on the accesses of translated code to guest memory keep the order that the guest's
  /// processor gives them, so that other threads and processes see them in it.
  virtual void order_accesses() = 0;
  /// Guest code changed: forgets what was remembered of code outside of blocks.
  virtual void forget_analysis() = 0;
  /// Forgets what was kept for the blocks of `region` of the code cache, which are gone.
  virtual void forget_region(unsigned region) = 0;
  /// `on`: from now on blocks with bytes of the page at `page` check all their bytes on entry, and
  /// other blocks rely on no byte of the page. Off: blocks there are as elsewhere again. Blocks
  /// made before are gone already.
  virtual void set_self_checking(GuestAddress page, bool on) = 0;

 protected:
  ~Translator() = default;
};

/// One guest thread as the run loop sees it.
class Guest {
 public:
  [[nodiscard]] virtual GuestAddress pc() const = 0;
  /// The state that translated code works on.
  [[nodiscard]] virtual void* state() = 0;
  /// Whether signals wait to be delivered. Asked last before translated code is entered.
  [[nodiscard]] virtual bool interrupt_pending() const = 0;
  virtual void deliver_interrupts() = 0;
  /// Makes the system call. If the call ends the guest thread, `running` is false afterwards; the
  /// function returns in that case too. Returns whether the guest goes on at the same pc, with no
  /// more changed than the result, in a state that allows translated code; the answer counts only
  /// where no interrupt is pending.
  virtual bool system_call() = 0;
  /// Turns the exception recorded in the state into a guest signal.
  virtual void deliver_exception() = 0;
  /// Executes one instruction in the interpreter, its exceptions and system calls included.
  virtual void interpret_one() = 0;
  /// Executes at most `limit` instructions in the interpreter, up to the next change of control.
  virtual void interpret_block(unsigned limit) = 0;
  /// Whether the present pc and state allow translated code; if not, the engine interprets one
  /// instruction.
  [[nodiscard]] virtual bool translatable() const = 0;
  /// Whether the guest thread has not ended.
  [[nodiscard]] virtual bool running() const { return true; }

 protected:
  ~Guest() = default;
};

}  // namespace ferry::engine
