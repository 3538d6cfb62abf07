#include "linux/threads.hpp"

namespace ferry {

namespace {

Thread* running_thread = nullptr;

}  // namespace

Thread* current_thread() { return running_thread; }
void set_current_thread(Thread* thread) { running_thread = thread; }

bool segment_base(const Thread& thread, uint16_t selector, uint32_t& base) {
  base = 0;
  const uint32_t index = selector >> 3;
  if (index == 0 && (selector & 4) == 0) return true;  // null selector
  if ((selector & 4) != 0) return false;               // no LDT
  if (index == (0x73 >> 3) || index == (0x7b >> 3)) return (selector & 3) == 3;
  if (index - kFirstTlsEntry >= kTlsEntries || (selector & 3) != 3) return false;
  const i386::abi::UserDesc& entry = thread.tls[index - kFirstTlsEntry];
  if ((entry.flags & i386::abi::kDescSegNotPresent) != 0 || entry.limit == 0) return false;
  base = entry.base;
  return true;
}

}  // namespace ferry
