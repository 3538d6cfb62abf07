#include "emulator/emulator.hpp"

#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <optional>

#include "common/diagnostics.hpp"
#include "emulator/block_log.hpp"
#include "emulator/check_engine.hpp"
#include "emulator/crash_report.hpp"
#include "emulator/entry_log.hpp"
#include "emulator/statistics.hpp"
#include "emulator/thread_guest.hpp"
#include "linux/host/host_syscall.hpp"
#include "linux/kernel/executor.hpp"
#include "linux/kernel/guest_process.hpp"
#include "linux/kernel/messages.hpp"
#include "linux/kernel/publish.hpp"
#include "linux/kernel/signals.hpp"
#include "linux/kernel/thread_exit.hpp"
#include "linux/kernel/threads.hpp"
#include "linux/load/exec_environment.hpp"
#include "linux/load/launch.hpp"
#include "linux/strace/traced_call.hpp"
#include "translate/i386_to_mips64/run/address_table.hpp"
#include "translate/i386_to_mips64/run/code_place.hpp"
#include "translate/i386_to_mips64/run/helpers.hpp"
#include "translate/i386_to_mips64/run/thread.hpp"
#include "translate/i386_to_mips64/run/translator.hpp"

namespace ferry::emulator {

namespace {

/// Changes of the address space reach the engine; the engine's watches reach the address space.
class MemoryBridge final : public linux::MappingObserver, public engine::PageProtector {
 public:
  explicit MemoryBridge(linux::AddressSpace& space) : space_(space) {}
  void set_engine(engine::Engine* engine) { engine_ = engine; }

  void memory_shared() override { engine_->order_accesses(); }
  void range_changed(uint32_t begin, uint32_t end) override { engine_->invalidate(begin, end); }
  void range_shared(uint32_t begin, uint32_t end) override { engine_->check_always(begin, end); }
  void kernel_write(uint32_t begin, uint32_t end) override {
    // A watch holds for whole host pages.
    const uint32_t mask = space_.host_page_size() - 1;
    engine_->written(begin & ~mask, (end + mask) & ~mask);
  }
  bool begin_watch(GuestAddress page) override {
    return space_.begin_write_watch(page, page + guest::kPageSize);
  }
  void end_watch(GuestAddress page) override {
    space_.end_write_watch(page, page + guest::kPageSize);
  }

 private:
  linux::AddressSpace& space_;
  engine::Engine* engine_ = nullptr;
};

uint64_t monotonic_nanoseconds() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(now.tv_nsec);
}

// Where the engine's options take a function, the command line's filter is found here.
const CommandLine* active_line = nullptr;

void log_translated(const engine::Block& block) {
  log_block(block, active_line->log_filter);
}

void log_entering(const void* state) {
  log_entry(*static_cast<const i386::CpuState*>(state), active_line->log_filter);
}

/// The parts that exist only where code is translated.
struct TranslatingParts {
  TranslatingParts(const CommandLine& line, linux::AddressSpace& space)
      : bridge(space),
        cache(line.code_cache_bytes, translate::run::kCodePlace),
        translator(line.translation, space, cache),
        table(translator.not_translated_stub()),
        engine(cache, table, entry(line), translator.patcher(), bridge, space.lock(),
               {.cold_runs = line.cold_runs,
                .max_translated = line.max_translated,
                .guest_end = translate::run::AddressTable::kEnd,
                .chain = !line.no_chain,
                .nudge = linux::nudge,
                .translated = blocks_are_logged() ? log_translated : nullptr,
                .entering = entries_are_logged() ? log_entering : nullptr,
                .clock = line.stats_file.empty() ? nullptr : monotonic_nanoseconds}) {
    bridge.set_engine(&engine);
    space.set_observer(&bridge);
  }

  /// What the engine enters blocks through.
  engine::Translator& entry(const CommandLine& line) {
    if (line.engine == EngineKind::check) return checker.emplace(translator, cache);
    return translator;
  }

  MemoryBridge bridge;
  engine::CodeCache cache;
  translate::run::BlockTranslator translator;
  std::optional<CheckingTranslator> checker;  ///< of --engine=check
  translate::run::AddressTable table;
  engine::Engine engine;
};

// The one process of this host process. Host signal handlers and the exit hook need to find them.
TranslatingParts* translating = nullptr;
linux::AddressSpace* active_space = nullptr;

bool write_watched(uint32_t address) {
  return active_space->write_watched(address);
}

void on_interrupt(linux::Thread& thread, ucontext_t* context) {
  translating->translator.interrupt(thread.cpu, context);
}

bool on_fault(linux::Thread& thread, int host_signal, siginfo_t*, ucontext_t* context) {
  return translating->translator.recover(thread.cpu, context, host_signal == SIGBUS,
                                         write_watched) == translate::run::FaultKind::handled;
}

/// Executes guest threads, in translated code or by the interpreter.
class GuestExecutor final : public linux::Executor {
 public:
  [[nodiscard]] bool prepare(linux::Thread& thread) override {
    if (translating == nullptr) return true;
    if (thread.process->threaded() && checker() != nullptr) checker()->expect_threads();
    auto own = std::make_unique<translate::run::Thread>(translating->engine.threads(),
                                                        translating->translator.cache(),
                                                        translating->translator.fallbacks());
    if (own->buffer() == nullptr) return false;
    translate::run::install(*own.release(), thread.cpu);
    return true;
  }

  void discard(linux::Thread& thread) override {
    if (translating != nullptr) delete translate::run::uninstall(thread.cpu);
  }

  void abandon(linux::Thread& thread) override {
    gate_.abandon(thread.tid);
    discard(thread);
  }

  void run(linux::Thread& thread) override {
    // A vfork child has its parent's objects, to which the parent will return.
    if (thread.process->is_vfork_child) return run_guest(thread);
    ExclusiveGate::Participant participant;
    gate_.join(participant, thread.tid);
    if (translating != nullptr) translate::run::Thread::of(thread.cpu)->set_number(thread.tid);
    run_guest(thread);
    gate_.part(participant);
  }

  void hold_for_fork() override {
    if (checker() != nullptr) checker()->turn().acquire();
    gate_.hold_for_fork();
    active_space->lock().acquire();
    if (translating != nullptr) translating->engine.hold_for_fork();
  }
  void release_after_fork() override {
    if (translating != nullptr) translating->engine.release_after_fork();
    active_space->lock().release();
    gate_.release_after_fork();
    if (checker() != nullptr) checker()->turn().release();
  }
  void keep_only(linux::Thread& survivor) override {
    gate_.keep_only_mine(survivor.tid);
    if (translating == nullptr) return;
    translate::run::Thread* const own = translate::run::Thread::of(survivor.cpu);
    translating->engine.threads().keep_only(*own);
    own->set_number(survivor.tid);
    translating->engine.begin_child();
  }

  void stop_others() override { gate_.begin(); }
  void process_ends() override {
    if (active_line->stats_file.empty()) return;
    const linux::RaisedFileLimit raised;
    const bool translated = translating != nullptr;
    write_statistics(active_line->stats_file, translated ? &translating->engine : nullptr,
                     translated ? &translating->translator.fallbacks() : nullptr,
                     linux::current_thread()->process->signal_counts());
  }

  [[nodiscard]] ExclusiveGate& gate() { return gate_; }

 private:
  /// Null without --engine=check.
  [[nodiscard]] static CheckingTranslator* checker() {
    if (translating == nullptr || !translating->checker) return nullptr;
    return &*translating->checker;
  }
  void run_guest(linux::Thread& thread) {
    engine::Engine* const engine = translating != nullptr ? &translating->engine : nullptr;
    Lock* const turn = checker() != nullptr ? &checker()->turn() : nullptr;
    ThreadGuest guest(thread, engine, gate_, turn);
    if (engine == nullptr) return guest.interpret(entries_are_logged() ? log_entering : nullptr);
    // The state may be the copy of one that was in a system call.
    translate::run::materialise_lazy(thread.cpu);
    engine->run(guest, *translate::run::Thread::of(thread.cpu));
  }

  ExclusiveGate gate_{linux::nudge};
};

linux::LaunchRequest launch_request(const CommandLine& line, std::vector<std::string> environment) {
  linux::LaunchRequest request;
  request.program = line.program.front();
  request.arguments = line.program;
  if (line.has_argv0) request.arguments.front() = line.argv0;
  request.stack_size = line.stack_bytes;
  const auto remove = [&](std::string_view name) {
    std::erase_if(environment, [&](const std::string& entry) {
      return entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=';
    });
  };
  for (const EnvironmentChange& change : line.environment_changes) {
    remove(change.name());
    if (!change.removes()) environment.push_back(change.text);
  }
  request.environment = std::move(environment);
  return request;
}

}  // namespace

void run_program(const CommandLine& given, char** environment) {
  // Everything lives until the process ends: allocated once, never freed.
  auto& line = *new CommandLine(given);
  const auto system_page = static_cast<uint32_t>(sysconf(_SC_PAGESIZE));
  auto& space = *new linux::AddressSpace(std::max(line.host_page_bytes, system_page));
  auto& process = *new linux::GuestProcess(space);
  space.set_descriptors(&process.hidden);
  const bool tso = line.memory_model == MemoryModel::tso;
  space.set_order_when_shared(line.memory_model == MemoryModel::automatic);
  if (tso) line.translation.order = translate::MemoryOrder::all;
  auto& thread = *new linux::Thread(process);
  active_line = &line;
  active_space = &space;
  i386::set_code_source(&space);
  guest::set_page_access(new linux::ProcessPages);
  if (line.cpu_model != nullptr) i386::choose_cpu_model(*line.cpu_model);
  linux::set_current_thread(&thread);
  process.root.set(line.root);
  process.exec_options = line.inherited;
  process.kernel_release = line.uname_release;
  process.writes_core_file = line.core;
  auto& executor = *new GuestExecutor;
  process.executor = &executor;
  // With --engine=check one thread at a time runs anyway.
  if (line.engine != EngineKind::check) guest::set_exclusive_access(&executor.gate());
  std::vector<std::string> guest_environment = linux::take_environment(process, environment);
  if (process.inherited.seccomp_filter != nullptr)
    thread.put_filter(process.inherited.seccomp_filter);

  linux::SignalHooks hooks;
  line.translation.check = line.engine == EngineKind::check;
  if (line.translation.check || entries_are_logged()) {  // every block from the run loop
    line.translation.every_exit_leaves = true;
    line.no_chain = true;
    line.cold_runs = 0;
  }
  if (line.engine != EngineKind::interpret) {
    translate::run::complete(line.translation, thread.cpu, thread.signal_pending);
    translating = new TranslatingParts(line, space);
    hooks.interrupt = on_interrupt;
    hooks.fault = on_fault;
  }
  if (log_enabled(LogChannel::strace)) {
    hooks.delivered = linux::strace::log_signal;
    hooks.died = linux::strace::log_death;
  }
  install_crash_report(translating != nullptr ? &translating->cache : nullptr);
  linux::set_signal_hooks(hooks);
  linux::launch(process, thread, launch_request(line, std::move(guest_environment)));
  if (tso) thread.cpu.guards |= i386::CpuState::kOrdered;
  if (!process.executor->prepare(thread)) die(126, "no memory for a thread");
  process.add(thread);
  linux::publish(process);
  if (log_enabled(LogChannel::strace) && process.executed_by_guest())
    linux::strace::log_begun_program(thread);
  process.executor->run(thread);
  linux::finish_thread(thread);
  delete &thread;
  // Not a return, which would end the process: other threads remain.
  for (;;) linux::host_call(SYS_exit, 0);
}

}  // namespace ferry::emulator
