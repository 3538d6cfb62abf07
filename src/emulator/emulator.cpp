#include "emulator/emulator.hpp"

#include <unistd.h>

#include <algorithm>
#include <ctime>

#include "common/diagnostics.hpp"
#include "emulator/block_log.hpp"
#include "emulator/check_engine.hpp"
#include "emulator/crash_report.hpp"
#include "emulator/entry_log.hpp"
#include "emulator/statistics.hpp"
#include "emulator/thread_guest.hpp"
#include "linux/kernel/guest_process.hpp"
#include "linux/kernel/signals.hpp"
#include "linux/kernel/threads.hpp"
#include "linux/load/exec_environment.hpp"
#include "linux/load/launch.hpp"
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

  void range_changed(uint32_t begin, uint32_t end) override { engine_->invalidate(begin, end); }
  void range_shared(uint32_t begin, uint32_t end) override { engine_->check_always(begin, end); }
  void kernel_write(uint32_t begin, uint32_t end) override {
    // A watch holds for whole host pages.
    const uint32_t mask = space_.host_page_size() - 1;
    engine_->written(begin & ~mask, (end + mask) & ~mask);
  }
  void set_write_watch(GuestAddress page, bool on) override {
    space_.set_write_watch(page, page + guest::kPageSize, on);
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
        checker(translator, cache),
        table(translator.not_translated_stub()),
        engine(cache, table, entry(line), translator.patcher(), bridge, space.lock(),
               {.cold_runs = line.cold_runs,
                .max_translated = line.max_translated,
                .guest_end = translate::run::AddressTable::kEnd,
                .chain = line.chain,
                .translated = blocks_are_logged() ? log_translated : nullptr,
                .entering = entries_are_logged() ? log_entering : nullptr,
                .clock = line.stats_file.empty() ? nullptr : monotonic_nanoseconds}) {
    bridge.set_engine(&engine);
    space.set_observer(&bridge);
  }

  /// What the engine enters blocks through.
  engine::Translator& entry(const CommandLine& line) {
    if (line.engine == EngineKind::check) return checker;
    return translator;
  }

  MemoryBridge bridge;
  engine::CodeCache cache;
  translate::run::BlockTranslator translator;
  CheckingTranslator checker;
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

void write_exit_statistics() {
  const linux::RaisedFileLimit raised;
  const bool translated = translating != nullptr;
  write_statistics(active_line->stats_file, translated ? &translating->engine : nullptr,
                   translated ? &translating->translator.fallbacks() : nullptr,
                   linux::current_thread()->signals);
}

void before_death(linux::Thread&) {
  call_exit_hook();
}

/// Runs `thread` in translated code until it ends.
void run_translated(linux::Thread& thread) {
  ThreadGuest guest(thread, &translating->engine);
  // A vfork child's state is a copy of its parent's, and the parent waits: the child uses the
  // parent's object.
  if (translate::run::Thread* const parents = translate::run::Thread::of(thread.cpu)) {
    return translating->engine.run(guest, *parents);
  }
  translate::run::Thread own(translating->engine.threads(), translating->translator.cache(),
                             translating->translator.fallbacks());
  translate::run::install(own, thread.cpu);
  translating->engine.run(guest, own);
}

/// Returns when the process of `thread` must end.
void run_thread(linux::Thread& thread) {
  if (translating != nullptr) {
    run_translated(thread);
  } else {
    ThreadGuest(thread, nullptr).interpret(entries_are_logged() ? log_entering : nullptr);
  }
  call_exit_hook();
}

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
  for (const std::string& name : line.unset_variables) remove(name);
  for (const std::string& variable : line.set_variables) {
    remove(std::string_view(variable).substr(0, variable.find('=')));
    environment.push_back(variable);
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
  auto& thread = *new linux::Thread(process);
  active_line = &line;
  active_space = &space;
  i386::set_code_source(&space);
  guest::set_page_access(new linux::ProcessPages);
  if (line.cpu_model != nullptr) i386::choose_cpu_model(*line.cpu_model);
  linux::set_current_thread(&thread);
  process.root = line.root;
  process.exec_options = line.inherited;
  process.kernel_release = line.uname_release;
  process.run_loop = run_thread;
  std::vector<std::string> guest_environment = linux::take_environment(process, environment);

  linux::SignalHooks hooks;
  hooks.before_death = before_death;
  line.translation.check = line.engine == EngineKind::check;
  if (line.translation.check || entries_are_logged()) {  // every block from the run loop
    line.translation.every_exit_leaves = true;
    line.chain = false;
    line.cold_runs = 0;
  }
  if (line.engine != EngineKind::interpret) {
    translate::run::complete(line.translation, thread.cpu, thread.signal_pending);
    translating = new TranslatingParts(line, space);
    hooks.interrupt = on_interrupt;
    hooks.fault = on_fault;
  }
  install_crash_report(translating != nullptr ? &translating->cache : nullptr);
  linux::set_signal_hooks(hooks);
  if (!line.stats_file.empty()) set_exit_hook(write_exit_statistics);
  linux::launch(process, thread, launch_request(line, std::move(guest_environment)));
  run_thread(thread);
  ::_exit(thread.exit_status);
}

}  // namespace ferry::emulator
