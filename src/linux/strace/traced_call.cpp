#include "linux/strace/traced_call.hpp"

#include <cstdio>
#include <vector>

#include "linux/kernel/errno_map.hpp"
#include "linux/kernel/guest_process.hpp"
#include "linux/kernel/trace_log.hpp"
#include "linux/strace/show_signals.hpp"

namespace ferry::linux::strace {

namespace {

/// Where results begin, unless the call is longer.
constexpr size_t kResultColumn = 40;

std::string line_start(int32_t tid) {
  char text[16];
  std::snprintf(text, sizeof text, "%-5d ", tid);
  return text;
}

/// Lets `text`, which begins in column `column`, end with spaces up to the result's column.
void pad(std::string& text, size_t column) {
  text += ' ';
  const size_t end = column + text.size();
  if (end < kResultColumn) text.append(kResultColumn - end, ' ');
}

/// Writes `rest`, the end of a call named `name`, after its beginning or in a line of its own.
/// `result`: from "= " on.
void write_end(const Thread& thread, int32_t tid, const std::string& name, const std::string& rest,
               const std::string& result) {
  TraceLog::Writer writer(thread.process->trace, tid);
  std::string text;
  size_t column = writer.column();
  if (!writer.line_is_open()) {
    text = line_start(tid) + "<... " + name + " resumed>";
    column = 0;
  }
  text += rest;
  pad(text, column);
  writer.write(text + result + "\n");
}

void write_line(const Thread& thread, int32_t tid, const std::string& text) {
  TraceLog::Writer writer(thread.process->trace, tid);
  const bool open = writer.line_is_open();
  writer.write((open ? " <unfinished ...>\n" : "") + line_start(tid) + text + "\n");
}

/// What strace says of a call that a signal interrupted: the kernel's own error, which the program
/// does not see, or null where that is EINTR.
const char* interruption(uint32_t number, const std::array<uint32_t, kMostWords>& words) {
  constexpr const char* kNoHandler = "ERESTARTNOHAND (To be restarted if no handler)";
  constexpr const char* kRestartBlock = "ERESTART_RESTARTBLOCK (Interrupted by signal)";
  constexpr uint32_t kAbsolute = 1;  // TIMER_ABSTIME
  switch (number) {
    case kNr_pause:
    case kNr_sigsuspend:
    case kNr_rt_sigsuspend:
    case kNr_select:
    case kNr__newselect:
    case kNr_pselect6:
    case kNr_pselect6_time64:
    case kNr_ppoll:
    case kNr_ppoll_time64:
    case kNr_msgsnd:
    case kNr_msgrcv:
      return kNoHandler;
    case kNr_clock_nanosleep:
    case kNr_clock_nanosleep_time64:
      return words[1] == kAbsolute ? kNoHandler : kRestartBlock;
    case kNr_nanosleep:
    case kNr_poll:
      return kRestartBlock;
    default:
      return nullptr;
  }
}

}  // namespace

TracedCall::TracedCall(Thread& thread, uint32_t number, const ShownCall& call)
    : thread_(thread),
      printer_(thread, call.words),
      format_(call.format),
      number_(number),
      tid_(thread.tid) {
  if (format_ != nullptr) {
    name_ = format_->name;
  } else {
    char text[24];
    std::snprintf(text, sizeof text, "syscall_%#x", number);
    name_ = text;
  }
  printer_.text = line_start(tid_) + name_ + "(";
  add_arguments_at_entry();
  thread_.traced_call = format_ != nullptr ? format_->name : "syscall";
  TraceLog::Writer writer(thread.process->trace, tid_);
  writer.write(printer_.text);
}

void TracedCall::add_arguments_at_entry() {
  Printer& p = printer_;
  if (format_ == nullptr) {
    const auto& words = p.words;
    return p.add("%#x, %#x, %#x, %#x, %#x, %#x", words[0], words[1], words[2], words[3], words[4],
                 words[5]);
  }
  const size_t start = p.text.size();
  for (next_ = 0; next_ < format_->formats.size(); ++next_) {
    const Format& format = format_->formats[next_];
    if (format.when == Format::When::none || format.when == Format::When::result) continue;
    const size_t before = p.text.size();
    if (before > start) p.text += ", ";
    if (format.when == Format::When::exit) return;
    const size_t argument = p.text.size();
    format.show(p, p.words.data() + next_word_);
    if (format.when == Format::When::both) return;
    if (p.text.size() == argument) p.text.resize(before);
    next_word_ += format.words;
  }
}

void TracedCall::add_arguments_at_exit() {
  Printer& p = printer_;
  bool first = true;
  if (format_ == nullptr) return;
  for (unsigned i = next_, word = next_word_; i < format_->formats.size(); ++i) {
    const Format& format = format_->formats[i];
    if (format.when == Format::When::none || format.when == Format::When::result) continue;
    const size_t before = p.text.size();
    if (!first) p.text += ", ";
    const size_t argument = p.text.size();
    format.show(p, p.words.data() + word);
    if (!first && p.text.size() == argument) p.text.resize(before);
    first = false;
    word += format.words;
  }
  for (const Format& format : format_->formats) {
    if (format.when == Format::When::result) format.show(p, p.words.data());
  }
}

void TracedCall::finish(CallResult result) {
  const Thread& thread = thread_;
  thread_.traced_call = nullptr;
  if (thread.tid != tid_) return;
  // sigreturn's result is what the interrupted program has in eax.
  if (result == kRegistersSet) {
    const uint32_t eax = thread.cpu.gpr[i386::EAX];
    result = eax > -4096u ? CallResult(Errno{-static_cast<int32_t>(eax)}) : CallResult(eax);
  }
  printer_.result = result;
  printer_.exiting = true;
  printer_.text.clear();
  add_arguments_at_exit();
  const std::string rest = printer_.text + ")";
  printer_.text.clear();
  add_result();
  write_end(thread, tid_, name_, rest, printer_.text);
  if (result == kExitThread || result == kExitProcess) report_exit(result == kExitProcess);
}

void TracedCall::add_result() {
  Printer& p = printer_;
  const CallResult result = p.result;
  switch (result.outcome()) {
    case CallResult::Outcome::value: {
      const uint32_t value = result.value();
      p.add(p.style == ResultStyle::hexadecimal ? "= %#x"
            : p.style == ResultStyle::octal     ? "= %#03o"
                                                : "= %u",
            value);
      if (!p.note.empty()) p.text += " (" + p.note + ")";
      break;
    }
    case CallResult::Outcome::error: {
      const char* restarts = interruption(number_, p.words);
      if (result.error() == abi::kEINTR && restarts != nullptr) {
        p.add("= ? %s", restarts);
        break;
      }
      const char* name = guest_errno_name(result.error());
      name != nullptr ? p.add("= -1 %s (%s)", name, guest_errno_text(result.error()))
                      : p.add("= -1 (errno %d)", result.error().value);
      break;
    }
    case CallResult::Outcome::restart_if_handler_allows:
      p.text += "= ? ERESTARTSYS (To be restarted if SA_RESTART is set)";
      break;
    case CallResult::Outcome::restart_always:
      p.text += "= ? ERESTARTNOINTR (To be restarted)";
      break;
    case CallResult::Outcome::registers_set:
    case CallResult::Outcome::exit_thread:
    case CallResult::Outcome::exit_process:
      p.text += "= ?";
      break;
  }
}

void TracedCall::report_exit(bool whole_process) {
  const Thread& thread = printer_.thread;
  char text[40];
  std::snprintf(text, sizeof text, "+++ exited with %d +++", thread.exit_status & 0xff);
  if (whole_process) {
    struct Other {
      int32_t tid;
      std::string call;
    };
    std::vector<Other> others;
    {
      const LockGuard guard(thread.process->lock);
      for (const Thread* other : thread.process->threads) {
        const char* call = other->traced_call;
        if (other->tid != tid_) others.push_back({other->tid, call != nullptr ? call : ""});
      }
    }
    for (const Other& other : others) {
      if (!other.call.empty())
        write_end(thread, other.tid, other.call, " <unfinished ...>)", "= ?");
      write_line(thread, other.tid, text);
    }
  }
  write_line(thread, tid_, text);
}

void log_signal(Thread& thread, const abi::SigInfo& info) {
  Printer p(thread, {});
  p.text = "--- ";
  p.signal(static_cast<uint32_t>(info.signo));
  p.text += " ";
  add_siginfo(p, info);
  write_line(thread, thread.tid, p.text + " ---");
}

void log_death(Thread& thread, int signal) {
  Printer p(thread, {});
  p.text = "+++ killed by ";
  p.signal(static_cast<uint32_t>(signal));
  write_line(thread, thread.tid, p.text + " +++");
}

void log_begun_program(Thread& thread) {
  write_end(thread, thread.tid, "execve", ")", "= 0");
}

}  // namespace ferry::linux::strace
