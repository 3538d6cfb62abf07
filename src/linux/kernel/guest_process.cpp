#include "linux/kernel/guest_process.hpp"

#include "linux/kernel/threads.hpp"

namespace ferry::linux {

void* ProcessPages::reach(uint32_t guest_address, bool write) {
  return current_thread()->process->reach(guest_address, write);
}

}  // namespace ferry::linux
