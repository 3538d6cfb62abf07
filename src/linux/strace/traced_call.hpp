// A system call in the log, in the format of `strace -f -o FILE`: name and arguments when it is
// made, what it wrote and its result when it is done.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "linux/abi/i386/abi_types.hpp"
#include "linux/strace/call_formats.hpp"
#include "linux/strace/printer.hpp"

namespace ferry::linux::strace {

class TracedCall {
 public:
  /// Writes the call's name and those arguments that are known. `call` without a format: an unknown
  /// system call.
  TracedCall(Thread& thread, uint32_t number, const ShownCall& call);
  /// Writes the rest. In the child of a fork, which did not make the call, it writes nothing.
  void finish(CallResult result);

 private:
  void add_arguments_at_entry();
  void add_arguments_at_exit();
  void add_result();
  void report_exit(bool whole_process);

  Thread& thread_;
  Printer printer_;
  const CallFormat* format_;
  const uint32_t number_;
  const int32_t tid_;
  std::string name_;
  unsigned next_ = 0;       ///< the format that comes first at the exit
  unsigned next_word_ = 0;  ///< its first word
};

/// "--- SIGINT {...} ---", for a signal that is about to be delivered.
void log_signal(Thread& thread, const abi::SigInfo& info);
/// "+++ killed by SIGSEGV +++"
void log_death(Thread& thread, int signal);
/// The result of the execve with which another ferry began this program.
void log_begun_program(Thread& thread);

}  // namespace ferry::linux::strace
