#include "linux/kernel/threads.hpp"

namespace ferry::linux {

namespace {

// By host thread: a signal handler finds its thread here.
thread_local Thread* running_thread = nullptr;

}  // namespace

Thread* current_thread() {
  return running_thread;
}
void set_current_thread(Thread* thread) {
  running_thread = thread;
}

void restore_segment(Thread& thread, i386::SegmentRegister segment, uint16_t selector) {
  i386::CpuState& cpu = thread.cpu;
  cpu.set_flat_segment(segment, 0);
  if (selector == i386::kUserDataSelector || selector == i386::kUserCodeSelector) {
    cpu.set_flat_segment(segment, selector);
    return;
  }
  const uint32_t entry = (selector >> 3) - i386::kFirstTlsEntry;
  if ((selector & 7) != 3 || entry >= i386::kTlsEntries || !cpu.tls[entry].present) return;
  cpu.set_tls_segment(segment, entry, selector);
}

}  // namespace ferry::linux
