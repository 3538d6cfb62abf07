#include "emulator/block_log.hpp"

#include "common/diagnostics.hpp"

namespace ferry::emulator {

bool blocks_are_logged() {
  return log_enabled(LogChannel::in_asm) || log_enabled(LogChannel::out_asm);
}

}  // namespace ferry::emulator

#if FERRY_HAS_CAPSTONE

#include <cstdio>
#include <string>
#include <vector>

#include "disassembly/i386/disassemble.hpp"
#include "disassembly/mips64/disassemble.hpp"
#include "guest/i386/decode/decoder.hpp"
#include "guest/memory/memory.hpp"

namespace ferry::emulator {

namespace {

constexpr size_t kGuestColumn = 62;  ///< width of address, bytes and text of the guest's side
constexpr size_t kBytesColumn =
    33;  ///< up to 10 bytes; longer instructions push the text to the right

/// "08049000  89 d8      mov eax, ebx"
std::string guest_side(GuestAddress address) {
  constexpr uint32_t kLongest = 15;
  const auto* bytes = static_cast<const uint8_t*>(guest::host_pointer(address));
  // The block was made from these bytes, so what the decoder reads up to the length can be read.
  i386::Instruction instruction;
  if (i386::decode(bytes, kLongest, address, instruction) != i386::DecodeStatus::ok)
    return "(changed)";
  char piece[16];
  std::snprintf(piece, sizeof piece, "%08x ", address);
  std::string text = piece;
  for (uint32_t i = 0; i < instruction.length; ++i) {
    std::snprintf(piece, sizeof piece, " %02x", bytes[i]);
    text += piece;
  }
  text.resize(std::max(text.size() + 2, kBytesColumn), ' ');
  return text + disassembly::disassemble_i386(bytes, instruction.length, address);
}

std::string host_side(const engine::Block& block, uint32_t word) {
  const uint32_t* place = block.code + word;
  const auto address = reinterpret_cast<uintptr_t>(place);
  char piece[32];
  std::snprintf(piece, sizeof piece, "%08lx  %08x  ", static_cast<unsigned long>(address), *place);
  std::string text = piece + disassembly::disassemble_mips64(*place, address);
  for (const engine::Exit& exit : block.exits) {
    if (exit.site != word && exit.stub != word) continue;
    const bool known = exit.kind != engine::Exit::Kind::indirect;
    std::snprintf(piece, sizeof piece, known ? "  # exit to %08x" : "  # indirect exit",
                  exit.target);
    text += piece;
  }
  return text;
}

void write_row(std::string guest, const std::string& host) {
  if (!host.empty()) {
    guest.resize(std::max(guest.size() + 1, kGuestColumn), ' ');
    guest += "| " + host;
  }
  log_write(guest + "\n");
}

void log_guest(const engine::Block& block) {
  GuestAddress last = 0;
  for (const engine::Mark& mark : block.marks) {
    if (mark.address != last) write_row(guest_side(mark.address), "");
    last = mark.address;
  }
}

void log_both(const engine::Block& block) {
  size_t next = 0;  // of the marks
  GuestAddress last = 0;
  for (uint32_t word = 0; word < block.words; ++word) {
    std::vector<std::string> guests;  // instructions that became no word come before one that did
    for (; next < block.marks.size() && block.marks[next].word <= word; ++next) {
      if (block.marks[next].address != last)
        guests.push_back(guest_side(block.marks[next].address));
      last = block.marks[next].address;
    }
    for (size_t i = 0; i + 1 < guests.size(); ++i) write_row(guests[i], "(nothing)");
    write_row(guests.empty() ? "" : guests.back(), host_side(block, word));
  }
}

}  // namespace

bool can_log_blocks() {
  return true;
}

void log_block(const engine::Block& block, const AddressFilter& filter) {
  if (!filter.covers(block.address)) return;
  char head[80];
  std::snprintf(head, sizeof head, "block %08x: %u guest instructions, %u host instructions\n",
                block.address, static_cast<unsigned>(block.guest_instructions), block.words);
  log_write(head);
  if (log_enabled(LogChannel::out_asm)) {
    log_both(block);
  } else {
    log_guest(block);
  }
  log_write("\n");
}

}  // namespace ferry::emulator

#else

namespace ferry::emulator {

bool can_log_blocks() {
  return false;
}
void log_block(const engine::Block&, const AddressFilter&) {}

}  // namespace ferry::emulator

#endif
