#include "emulator/crash_report.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include "common/diagnostics.hpp"
#include "guest/i386/decode/decoder.hpp"
#include "guest/memory/memory.hpp"
#include "linux/kernel/guest_process.hpp"
#include "linux/kernel/threads.hpp"
#include "translate/i386_to_mips64/run/thread.hpp"

namespace ferry::emulator {

namespace {

const engine::CodeCache* code_cache = nullptr;

/// A line on stderr, built on the stack: this runs in signal handlers.
class Line {
 public:
  [[gnu::format(printf, 2, 3)]] void add(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int length = std::vsnprintf(text_ + length_, sizeof text_ - length_, format, arguments);
    va_end(arguments);
    if (length > 0) length_ = std::min(length_ + static_cast<size_t>(length), sizeof text_ - 1);
  }
  ~Line() {
    text_[length_] = '\n';
    static_cast<void>(::write(STDERR_FILENO, text_, length_ + 1) < 0);
  }
  Line() = default;
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

 private:
  char text_[512] = "ferry: ";
  size_t length_ = 7;
};

void print_instruction(const linux::Thread& thread, uint32_t pc) {
  Line line;
  line.add("guest pc %08x:", pc);
  // A page that is not there would fault within a handler.
  if (!thread.process->space->accessible(pc, 1, linux::kProtRead)) {
    line.add(" not readable");
    return;
  }
  const auto* bytes = static_cast<const uint8_t*>(guest::host_pointer(pc));
  const uint32_t size =
      std::min<uint32_t>(i386::kMaxInstructionLength, guest::kPageSize - (pc & guest::kPageMask));
  i386::Instruction instruction;
  const bool known = i386::decode(bytes, size, pc, instruction) == i386::DecodeStatus::ok;
  for (uint32_t i = 0; i < (known ? instruction.length : size); ++i) line.add(" %02x", bytes[i]);
  if (!known) return;
  const std::string_view mnemonic = i386::row(instruction.row).mnemonic;
  line.add(" %.*s", static_cast<int>(mnemonic.size()), mnemonic.data());
}

void print_guest_context(uintptr_t host_pc) {
  const linux::Thread* thread = linux::current_thread();
  if (thread == nullptr) return;
  const auto* own = translate::run::Thread::of(thread->cpu);
  uint32_t pc = thread->cpu.eip;
  const engine::Block* block = nullptr;
  if (code_cache != nullptr && own != nullptr) {
    const uint32_t* word = own->original(reinterpret_cast<const uint32_t*>(host_pc));
    block = code_cache->find(word);
    const engine::Mark* mark =
        block != nullptr ? block->mark_at(static_cast<uint32_t>(word - block->code)) : nullptr;
    if (mark != nullptr) pc = mark->address;
  }
  print_instruction(*thread, pc);
  {
    Line line;
    line.add("host pc %#llx", static_cast<unsigned long long>(host_pc));
    if (block != nullptr) line.add(" in the block of %08x", block->address);
  }
  if (own == nullptr) return;
  Line line;
  line.add("blocks entered, the last one first:");
  own->for_each_entered([&line](GuestAddress address) { line.add(" %08x", address); });
}

}  // namespace

void install_crash_report(const engine::CodeCache* cache) {
  code_cache = cache;
  set_guest_context_printer(print_guest_context);
}

}  // namespace ferry::emulator
