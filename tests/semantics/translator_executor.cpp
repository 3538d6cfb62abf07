// Runs a case as a block of one instruction in the translator. Only for MIPS64 hosts.
#include <signal.h>
#include <sys/ucontext.h>

#include "common/diagnostics.hpp"
#include "engine/engine.hpp"
#include "executor.hpp"
#include "guest/i386/decode/decoder.hpp"
#include "guest/i386/interpret/interpreter.hpp"
#include "guest/memory/memory.hpp"
#include "guest_arena.hpp"
#include "host/mips64/signal_context.hpp"
#include "translate/i386_to_mips64/run/address_table.hpp"
#include "translate/i386_to_mips64/run/code_place.hpp"
#include "translate/i386_to_mips64/run/helpers.hpp"
#include "translate/i386_to_mips64/run/thread.hpp"
#include "translate/i386_to_mips64/run/translator.hpp"

namespace ferry::semantics {

namespace {

using i386::Outcome;
using i386::Vector;

translate::run::BlockTranslator* active_translator = nullptr;
i386::CpuState* active_cpu = nullptr;

bool nothing_watched(uint32_t) {
  return false;
}

void on_fault(int signal, siginfo_t*, void* opaque) {
  mips64::SignalContext context(opaque);
  if (active_translator->recover(*active_cpu, opaque, signal == SIGBUS, nothing_watched) ==
      translate::run::FaultKind::handled) {
    return;
  }
  const uintptr_t landing = guest::fault_landing_pad(context.pc());
  if (landing == 0) {
    ::signal(signal, SIG_DFL);
    return;
  }
  context.set_pc(landing);
}

class TranslatorExecutor final : public Executor,
                                 engine::Guest,
                                 engine::PageProtector,
                                 i386::CodeSource {
 public:
  TranslatorExecutor()
      : cache_(kCacheBytes, translate::run::kCodePlace),
        translator_(one_instruction(), *this, cache_),
        table_(translator_.not_translated_stub()),
        engine_(cache_, table_, translator_, translator_.patcher(), *this, lock_,
                {.cold_runs = 0, .chain = false}) {
    active_translator = &translator_;
    active_cpu = &cpu_;
    struct sigaction action {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    CHECK(::sigaction(SIGSEGV, &action, nullptr) == 0);
    CHECK(::sigaction(SIGBUS, &action, nullptr) == 0);
  }

  void run(std::span<const Case> cases, std::span<Result> results) override {
    for (size_t i = 0; i < cases.size(); ++i) run_one(cases[i], results[i]);
  }

 private:
  static constexpr size_t kCacheBytes = size_t{16} << 20;

  /// The state, followed by the word that the entry thunk checks, as in the Linux layer's threads.
  struct State {
    i386::CpuState cpu;
    uint32_t interrupt_pending = 0;
  };

  static translate::Options one_instruction() {
    translate::Options options;
    options.max_guest_instructions = 1;
    options.interrupt_pending = offsetof(State, interrupt_pending);
    return options;
  }

  void run_one(const Case& test, Result& result) {
    engine_.invalidate(kCodeRegion, kCodeRegion + kRegionSize);
    arena_.begin(test, cpu_);
    translate::run::install(thread_, cpu_);
    raised_ = false;
    i386::Instruction instruction;
    CHECK(i386::decode(test.code, test.length, kCodeAddress, instruction) ==
          i386::DecodeStatus::ok);
    const i386::Row& row = i386::row(instruction.row);
    const bool repeats =
        instruction.rep != i386::RepPrefix::none && row.family == i386::Family::string;
    const uint32_t single_step = cpu_.eflags & i386::eflags::TF;
    const bool sees_trap_flag = repeats || row.mnemonic == "PUSHF" || row.mnemonic == "POPF" ||
                                row.mnemonic == "IRET" || row.mnemonic == "INT1";
    if (single_step != 0 && sees_trap_flag) {
      // The run loop interprets while TF is set. So only cases that show TF run with it.
      interpret_one();
      raised_ = raised_ && cpu_.exception.vector != Vector::DB;
      return finish(test, result);
    }
    cpu_.eflags &= ~single_step;
    do {  // a repeated string instruction may return to the run loop in the middle
      turns_ = 1;
      engine_.run(*this, thread_);
    } while (repeats && !raised_ && cpu_.eip == kCodeAddress);
    cpu_.eflags |= single_step;
    finish(test, result);
  }

  void finish(const Case& test, Result& result) {
    result.vector = raised_ ? static_cast<uint32_t>(cpu_.exception.vector) : kCompleted;
    result.error_code = raised_ ? cpu_.exception.error_code : 0;
    result.address = raised_ ? cpu_.exception.address : 0;
    arena_.finish(test, cpu_, result);
  }

  // Guest
  [[nodiscard]] GuestAddress pc() const override { return cpu_.eip; }
  [[nodiscard]] void* state() override { return &cpu_; }
  [[nodiscard]] bool interrupt_pending() const override { return false; }
  void deliver_interrupts() override {}
  bool system_call() override { return false; }
  void deliver_exception() override { raised_ = true; }
  void interpret_block(unsigned) override { interpret_one(); }
  [[nodiscard]] bool translatable() const override { return i386::translatable(cpu_); }
  void interpret_one() override {
    Outcome outcome = Outcome::again;
    while (outcome == Outcome::again) outcome = i386::step(cpu_);
    raised_ = outcome == Outcome::exception || outcome == Outcome::trap;
  }
  [[nodiscard]] bool running() const override { return turns_-- > 0; }

  // PageProtector
  [[nodiscard]] bool begin_watch(GuestAddress) override { return true; }
  void end_watch(GuestAddress) override {}

  // CodeSource
  [[nodiscard]] GuestAddress fetch_end(GuestAddress address) const override {
    const bool code = address >= kCodeRegion && address < kCodeRegion + kRegionSize;
    return code ? kCodeRegion + kRegionSize : address;
  }

  GuestArena arena_;
  State state_;
  i386::CpuState& cpu_ = state_.cpu;
  engine::CodeCache cache_;
  translate::run::BlockTranslator translator_;
  translate::run::AddressTable table_;
  MemoryLock lock_;
  engine::Engine engine_;
  translate::run::Thread thread_{engine_.threads(), translator_.cache(), translator_.fallbacks()};
  mutable int turns_ = 0;
  bool raised_ = false;
};

}  // namespace

std::unique_ptr<Executor> make_translator_executor() {
  return std::make_unique<TranslatorExecutor>();
}

}  // namespace ferry::semantics
