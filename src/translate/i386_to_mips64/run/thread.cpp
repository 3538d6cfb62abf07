#include "translate/i386_to_mips64/run/thread.hpp"

#include "translate/i386_to_mips64/emit/register_map.hpp"

namespace ferry::translate::run {

Thread::Thread(engine::Threads& threads, engine::CodeCache& cache, Fallbacks& fallbacks)
    : engine::Thread(threads), cache_(cache), fallbacks_(fallbacks), buffer_(cache.map_buffer()) {}

Thread::~Thread() {
  if (buffer_ != nullptr) cache_.unmap_buffer(buffer_);
}

Thread* Thread::of(const i386::CpuState& cpu) {
  return reinterpret_cast<Thread*>(cpu.host_area[emit::offset::kSlotThread]);
}

const uint32_t* Thread::original(const uint32_t* pc) const {
  // An exit that ends the block is identified by the place after it.
  if (pc < buffer_ || pc > buffer_ + interrupted_.words) return pc;
  return interrupted_.code + (pc - buffer_);
}

}  // namespace ferry::translate::run
