#include "emulator/guest_thread.hpp"

#include <unistd.h>

#include "guest/i386/interpret/interpreter.hpp"
#include "linux/guest_process.hpp"
#include "linux/signals.hpp"
#include "linux/syscalls/dispatch.hpp"

namespace ferry {

namespace {
void (*exit_hook)() = nullptr;
}

void set_exit_hook(void (*hook)()) {
  exit_hook = hook;
}

void call_exit_hook() {
  if (exit_hook != nullptr) exit_hook();
}

void GuestThread::deliver_interrupts() {
  deliver_pending_signals(thread_);
}

void GuestThread::system_call() {
  if (handle_syscall(thread_) == SyscallAction::resume) return;
  call_exit_hook();
  ::_exit(thread_.exit_status);
}

void GuestThread::deliver_exception() {
  handle_exception(thread_, thread_.cpu.exception);
}

bool GuestThread::translatable() const {
  return i386::translatable(thread_.cpu);
}

bool GuestThread::step() {
  i386::CpuState& cpu = thread_.cpu;
  for (;;) {
    switch (i386::step(cpu)) {
      case i386::Outcome::next:
        return true;
      case i386::Outcome::branch:
      case i386::Outcome::again:
        return false;
      case i386::Outcome::syscall:
        system_call();
        return false;
      case i386::Outcome::trap:
        deliver_exception();
        return false;
      case i386::Outcome::exception:
        break;
    }
    // A write that only the watch for translated code forbids is done again without it.
    const i386::Exception& exception = cpu.exception;
    AddressSpace& space = *thread_.process->space;
    if (engine_ == nullptr || exception.vector != i386::Vector::PF ||
        !space.write_watched(exception.address)) {
      deliver_exception();
      return false;
    }
    const uint32_t page = exception.address & ~(space.host_page_size() - 1);
    engine_->invalidate(page, page + space.host_page_size());
  }
}

void GuestThread::interpret_one() {
  static_cast<void>(step());
}

void GuestThread::interpret_block(unsigned limit) {
  while (limit-- > 0 && step() && translatable()) {
  }
}

void GuestThread::interpret() {
  for (;;) {
    if (interrupt_pending()) {
      deliver_interrupts();
    } else {
      interpret_one();
    }
  }
}

}  // namespace ferry
