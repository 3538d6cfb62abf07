#include "emulator/crash_report.hpp"

#include <unistd.h>

#include <algorithm>

#include "common/diagnostics.hpp"
#include "common/text_line.hpp"
#include "guest/i386/decode/decoder.hpp"
#include "guest/memory/memory.hpp"
#include "linux/kernel/guest_process.hpp"
#include "linux/kernel/threads.hpp"
#include "translate/i386_to_mips64/run/thread.hpp"

namespace ferry::emulator {

namespace {

const engine::CodeCache* code_cache = nullptr;

/// A line on stderr. This runs in signal handlers.
class Line {
 public:
  Line() { text.add("ferry: "); }
  ~Line() {
    text.add("\n");
    const std::string_view line = text.text();
    static_cast<void>(::write(STDERR_FILENO, line.data(), line.size()) < 0);
  }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  TextLine text;
};

void print_instruction(const linux::Thread& thread, uint32_t pc) {
  Line line;
  line.text.add("guest pc %08x:", pc);
  // A page that is not there would fault within a handler.
  if (!thread.process->space->accessible(pc, 1, linux::kProtRead)) {
    line.text.add(" not readable");
    return;
  }
  const auto* bytes = static_cast<const uint8_t*>(guest::host_pointer(pc));
  const uint32_t size =
      std::min<uint32_t>(i386::kMaxInstructionLength, guest::kPageSize - (pc & guest::kPageMask));
  i386::Instruction instruction;
  const bool known = i386::decode(bytes, size, pc, instruction) == i386::DecodeStatus::ok;
  for (uint32_t i = 0; i < (known ? instruction.length : size); ++i)
    line.text.add(" %02x", bytes[i]);
  if (!known) return;
  const std::string_view mnemonic = i386::row(instruction.row).mnemonic;
  line.text.add(" %.*s", static_cast<int>(mnemonic.size()), mnemonic.data());
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
    line.text.add("host pc %#llx", static_cast<unsigned long long>(host_pc));
    if (block != nullptr) line.text.add(" in the block of %08x", block->address);
  }
  if (own == nullptr) return;
  Line line;
  line.text.add("blocks entered, the last one first:");
  own->for_each_entered([&line](GuestAddress address) { line.text.add(" %08x", address); });
}

}  // namespace

void install_crash_report(const engine::CodeCache* cache) {
  code_cache = cache;
  set_guest_context_printer(print_guest_context);
}

}  // namespace ferry::emulator
