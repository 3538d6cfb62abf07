#include "emulator/thread_guest.hpp"

#include <utility>

#include "guest/i386/interpret/interpreter.hpp"
#include "linux/kernel/guest_process.hpp"
#include "linux/kernel/i386/exceptions.hpp"
#include "linux/kernel/signal_delivery.hpp"
#include "linux/syscalls/dispatch.hpp"
#include "translate/i386_to_mips64/run/address_table.hpp"

namespace ferry::emulator {

namespace {
void (*exit_hook)() = nullptr;
}

void set_exit_hook(void (*hook)()) {
  exit_hook = hook;
}

void call_exit_hook() {
  if (exit_hook != nullptr) exit_hook();
}

void ThreadGuest::deliver_interrupts() {
  linux::deliver_pending_signals(thread_);
}

void ThreadGuest::system_call() {
  running_ = linux::handle_syscall(thread_) == linux::SyscallAction::resume;
}

/// The interpreter may have run for the run loop, or been called by a block for one instruction.
void ThreadGuest::deliver_exception() {
  if (was_code_write()) return interpret_one();
  linux::handle_exception(thread_, thread_.cpu.exception);
}

bool ThreadGuest::translatable() const {
  return thread_.cpu.eip < translate::run::AddressTable::kEnd && i386::translatable(thread_.cpu);
}

/// Whether the exception is a write that only a watch for translated code forbade: then the watch
/// is removed, and the instruction must be executed again. Another thread may have ended the watch
/// since the write failed: the number of changes tells, and each change allows one repetition.
bool ThreadGuest::was_code_write() {
  const i386::Exception& exception = thread_.cpu.exception;
  const linux::AddressSpace& space = *thread_.process->space;
  if (engine_ == nullptr || exception.vector != i386::Vector::PF ||
      (exception.error_code & i386::kPageFaultWrite) == 0) {
    return false;
  }
  if (!space.write_watched(exception.address)) {
    const uint32_t known = std::exchange(watch_changes_, space.watch_changes());
    return known != watch_changes_ && space.may_write(exception.address);
  }
  const uint32_t page = exception.address & ~(space.host_page_size() - 1);
  engine_->written(page, page + space.host_page_size());
  return true;
}

void ThreadGuest::finish(i386::Outcome outcome) {
  switch (outcome) {
    case i386::Outcome::next:
    case i386::Outcome::branch:
    case i386::Outcome::again:
      return;
    case i386::Outcome::syscall:
      return system_call();
    case i386::Outcome::trap:
    case i386::Outcome::exception:
      return deliver_exception();
  }
}

void ThreadGuest::interpret_one() {
  finish(i386::step(thread_.cpu));
}

void ThreadGuest::interpret_block(unsigned limit) {
  finish(i386::run(thread_.cpu, limit));
}

void ThreadGuest::interpret(void (*entering)(const void* state)) {
  while (running_) {
    if (interrupt_pending()) {
      deliver_interrupts();
    } else {
      if (entering != nullptr) entering(&thread_.cpu);
      interpret_one();
    }
  }
}

}  // namespace ferry::emulator
