#include "engine/block_linker.hpp"

#include "common/diagnostics.hpp"

namespace ferry::engine {

void BlockLinker::link(Exit& exit, Block& target) {
  CHECK(exit.kind != Exit::Kind::indirect);
  if (exit.linked != nullptr || !exit.owner->valid || !target.valid) return;
  exit.linked = &target;
  exit.next_incoming = target.incoming;
  target.incoming = &exit;
  patcher_.link(exit, target.code + target.direct_entry);
}

void BlockLinker::unlink(Exit& exit) {
  Exit** link = &exit.linked->incoming;
  while (*link != &exit) link = &(*link)->next_incoming;
  *link = exit.next_incoming;
  exit.linked = nullptr;
  exit.next_incoming = nullptr;
  patcher_.unlink(exit);
}

void BlockLinker::isolate(Block& block) {
  while (block.incoming != nullptr) unlink(*block.incoming);
  for (Exit& exit : block.exits) {
    if (exit.linked != nullptr) unlink(exit);
  }
}

}  // namespace ferry::engine
