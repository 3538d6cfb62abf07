// Makes AddressSanitizer's allocator usable in the child of a fork by one of several threads.
//
// libc's fork takes the locks of libc's own heap. The run-time of GCC 12 takes none of those of the
// heap that replaces it, so a child hangs at its first allocation if another thread was inside: 12
// of 1200 children did whose parent's two other threads only allocated, and none with what is here.
// Later run-times do this themselves.
#include <pthread.h>

namespace __asan {
void asan_mz_force_lock();
void asan_mz_force_unlock();
}  // namespace __asan

namespace __sanitizer {
void StackDepotLockAll();
void StackDepotUnlockAll();
}  // namespace __sanitizer

namespace {

void lock() {
  __asan::asan_mz_force_lock();
  __sanitizer::StackDepotLockAll();
}

void unlock() {
  __sanitizer::StackDepotUnlockAll();
  __asan::asan_mz_force_unlock();
}

[[maybe_unused]] const int registered = pthread_atfork(lock, unlock, unlock);

}  // namespace
