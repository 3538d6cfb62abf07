#include "engine/block_linker.hpp"

#include "common/diagnostics.hpp"

namespace ferry::engine {

void BlockLinker::link(Exit& exit, Block& target) {
  CHECK(exit.kind != Exit::Kind::indirect);
  if (exit.linked != nullptr || !exit.owner->valid() || !target.valid()) return;
  exit.linked = &target;
  exit.next_incoming = target.incoming;
  target.incoming = &exit;
  patcher_.link(exit, target.code + target.direct_entry);
}

void BlockLinker::unlink(Exit** place) {
  Exit* const exit = *place;
  *place = exit->next_incoming;
  exit->linked = nullptr;
  exit->next_incoming = nullptr;
  patcher_.unlink(*exit);
}

void BlockLinker::isolate(Block& block) {
  CHECK(!block.valid());
  while (block.incoming != nullptr) unlink(&block.incoming);
  for (const Exit& exit : block.exits) {
    if (exit.linked == nullptr) continue;
    // Removes the exits of all invalid blocks from the list, not this one alone: where many blocks
    // die together each list is walked once.
    for (Exit** place = &exit.linked->incoming; *place != nullptr;) {
      if ((*place)->owner->valid()) {
        place = &(*place)->next_incoming;
      } else {
        unlink(place);
      }
    }
  }
}

}  // namespace ferry::engine
