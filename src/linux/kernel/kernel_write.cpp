#include "linux/kernel/kernel_write.hpp"

#include <algorithm>

#include "linux/kernel/guest_process.hpp"
#include "linux/kernel/threads.hpp"

namespace ferry::linux {

void KernelWrite::expect(Thread& thread, uint32_t begin, uint32_t length) {
  if (thread.process->threaded()) announce(thread, begin, length);
  thread.process->space->prepare_kernel_write(begin, length);
}

/// Keeps other threads from beginning watches there.
[[gnu::noinline]] void KernelWrite::announce(Thread& thread, uint32_t begin, uint32_t length) {
  const uint64_t end = std::min<uint64_t>(uint64_t{begin} + length, guest::kGuestEnd);
  if (begin >= end) return;
  writes_ = &thread.kernel_writes;
  place_ = writes_->add(begin, static_cast<uint32_t>(end));
}

}  // namespace ferry::linux
