#include "emulator/thread_guest.hpp"

#include "guest/i386/interpret/interpreter.hpp"
#include "linux/kernel/guest_process.hpp"
#include "linux/kernel/i386/exceptions.hpp"
#include "linux/kernel/i386/segments.hpp"
#include "linux/kernel/signal_delivery.hpp"
#include "linux/syscalls/dispatch.hpp"
#include "translate/i386_to_mips64/run/address_table.hpp"

namespace ferry::emulator {

void ThreadGuest::deliver_interrupts() {
  ExclusiveGate::leave(participant_);
  linux::deliver_pending_signals(thread_);
  gate_.enter(participant_);
}

bool ThreadGuest::system_call() {
  ExclusiveGate::leave(participant_);
  const linux::SyscallAction action = linux::handle_syscall(thread_);
  gate_.enter(participant_);
  if (action == linux::SyscallAction::go_on) [[likely]]
    return true;
  if (action == linux::SyscallAction::end_thread) running_ = false;
  return false;
}

/// The interpreter may have run for the run loop, or been called by a block for one instruction.
void ThreadGuest::deliver_exception() {
  if (was_code_write() || !linux::handle_exception(thread_, thread_.cpu.exception)) interpret_one();
}

bool ThreadGuest::translatable() const {
  return thread_.cpu.eip < translate::run::AddressTable::kEnd && i386::translatable(thread_.cpu);
}

/// Whether the exception is a write that only a watch for translated code forbade: then the watch
/// is removed, and the instruction must be executed again.
bool ThreadGuest::was_code_write() {
  const i386::Exception& exception = thread_.cpu.exception;
  const linux::AddressSpace& space = *thread_.process->space;
  if (engine_ == nullptr || exception.vector != i386::Vector::PF ||
      (exception.error_code & i386::kPageFaultWrite) == 0 ||
      !space.write_watched(exception.address)) {
    return false;
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
      system_call();
      return;
    case i386::Outcome::trap:
    case i386::Outcome::exception:
      return deliver_exception();
  }
}

void ThreadGuest::interpret_one() {
  linux::follow_descriptors(thread_);
  if (turn_ != nullptr) turn_->acquire();
  const i386::Outcome outcome = i386::step(thread_.cpu);
  if (turn_ != nullptr) turn_->release();
  finish(outcome);
}

void ThreadGuest::interpret_block(unsigned limit) {
  const i386::Outcome outcome = i386::run(thread_.cpu, limit);
  // Nearly always: the rest is not to be part of this function, whose frame every cold block pays.
  if (outcome != i386::Outcome::next && outcome != i386::Outcome::branch) finish(outcome);
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
