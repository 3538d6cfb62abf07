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

}  // namespace ferry::linux
