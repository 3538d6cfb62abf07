// The log of system calls, line by line. All processes that one ferry and its children make share
// one log, and know through shared memory whose line has no result yet: another's call or signal
// ends it with " <unfinished ...>", as strace -f does.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "linux/kernel/hidden_descriptors.hpp"

namespace ferry::linux {

class TraceLog {
 public:
  /// What the processes share.
  struct Shared {
    std::atomic<int32_t> writer;  ///< the thread that writes; 0: none
    int32_t open;                 ///< the thread whose line is open; 0: none
    uint32_t column;              ///< where that line ends
  };

  /// To be called before the first line. `inherited`: the descriptor of the memory shared with the
  /// ferry that executed this one, or -1. Without memory to share, the processes do not know of
  /// each other.
  void begin(HiddenDescriptors& hidden, int inherited);
  /// The descriptor of the shared memory for the next ferry; kNone if nothing is logged.
  [[nodiscard]] HiddenDescriptors::Handle memory() const { return memory_; }

  /// Holds the log for its lifetime. Never waits long: a process may be killed or stopped while it
  /// writes.
  class Writer {
   public:
    Writer(TraceLog& log, int32_t tid);
    ~Writer();
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    /// Whether the thread's own line is open, and where it ends.
    [[nodiscard]] bool line_is_open() const { return shared_.open == tid_; }
    [[nodiscard]] uint32_t column() const { return shared_.column; }
    /// Writes what continues the thread's open line, or begins one after those of others. Without
    /// a newline at its end the line stays open.
    void write(std::string_view text);

   private:
    Shared& shared_;
    int32_t tid_;
  };

 private:
  Shared* shared_ = nullptr;  ///< null: this process's alone
  HiddenDescriptors::Handle memory_ = HiddenDescriptors::kNone;
};

}  // namespace ferry::linux
