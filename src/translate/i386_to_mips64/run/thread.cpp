#include "translate/i386_to_mips64/run/thread.hpp"

#include "guest/i386/x87/operations.hpp"
#include "translate/i386_to_mips64/emit/register_map.hpp"
#include "translate/i386_to_mips64/run/helpers.hpp"
#include "translate/i386_to_mips64/run/translator.hpp"

namespace ferry::translate::run {

namespace offset = emit::offset;

Thread::Thread(engine::Threads& threads, BlockTranslator& translator, i386::CpuState& cpu)
    : engine::Thread(threads), translator_(translator), buffer_(translator.cache().map_buffer()) {
  install(cpu);
}

Thread::~Thread() {
  translator_.cache().unmap_buffer(buffer_);
}

void Thread::install(i386::CpuState& cpu) {
  uint64_t* const slots = cpu.host_area.data();
  slots[offset::kSlotInterpret] = interpret_address();
  slots[offset::kSlotMaterialise] = materialise_address();
  for (unsigned i = 0; i < i386::kX87OperationCount; ++i) {
    slots[offset::kSlotFirstOperation + i] = reinterpret_cast<uint64_t>(i386::kX87Operations[i]);
  }
  slots[offset::kSlotThread] = reinterpret_cast<uint64_t>(this);
}

Thread* Thread::of(const i386::CpuState& cpu) {
  return reinterpret_cast<Thread*>(cpu.host_area[offset::kSlotThread]);
}

const uint32_t* Thread::original(const uint32_t* pc) const {
  // An exit that ends the block is identified by the place after it.
  if (pc < buffer_ || pc > buffer_ + interrupted_.words) return pc;
  return interrupted_.code + (pc - buffer_);
}

}  // namespace ferry::translate::run
