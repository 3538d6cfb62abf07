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

Exit* Block::exit_leaving_at(const void* host_pc) const {
  const auto word = static_cast<uint32_t>(static_cast<const uint32_t*>(host_pc) - code);
  for (Exit& exit : exits) {
    if (exit.stub + 2 == word) return &exit;
  }
  return nullptr;
}

}  // namespace ferry::engine
