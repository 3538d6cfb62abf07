#include "engine/block.hpp"

namespace ferry::engine {

const Mark* Block::mark_at(uint32_t word) const {
  const Mark* found = nullptr;
  for (const Mark& mark : marks) {
    if (mark.word > word) break;
    found = &mark;
  }
  return found;
}

}  // namespace ferry::engine
