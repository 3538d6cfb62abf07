#include "guest_code.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "common/diagnostics.hpp"
#include "guest/i386/decode/decoder.hpp"
#include "guest/memory/memory.hpp"

namespace ferry::golden {

namespace {
constexpr uint32_t kGuestBytes = 0x4000;
}

GuestMemory::GuestMemory() {
  void* const wanted = guest::host_pointer(kGuestCode);
  void* const mapped = ::mmap(wanted, kGuestBytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  CHECK(mapped == wanted);
}

void GuestMemory::put(const Bytes& code) {
  auto* const memory = static_cast<uint8_t*>(guest::host_pointer(kGuestCode));
  std::memset(memory, 0xcc, kGuestBytes);
  std::copy(code.begin(), code.end(), memory);
}

uint32_t GuestMemory::fetch_end(uint32_t address) const {
  const bool code = address >= kGuestCode && address < kGuestCode + kGuestBytes;
  return code ? kGuestCode + kGuestBytes : address;
}

std::set<Bytes> forms_of(uint16_t index) {
  const i386::Row& row = i386::row(index);
  static const Bytes kEscapes[] = {{}, {0x0f}, {0x0f, 0x38}, {0x0f, 0x3a}};
  const Bytes mandatory = row.prefix == i386::Mandatory::p66   ? Bytes{0x66}
                          : row.prefix == i386::Mandatory::pf3 ? Bytes{0xf3}
                          : row.prefix == i386::Mandatory::pf2 ? Bytes{0xf2}
                                                               : Bytes{};
  const unsigned step = row.span == 16 ? 1 : 5;  // all conditions, but only one or two registers
  const uint8_t field =
      static_cast<uint8_t>((row.extension >= 0 ? row.extension : int{i386::EDX}) << 3);
  const uint8_t reg = static_cast<uint8_t>(row.rm >= 0 ? row.rm : int{i386::ECX});
  std::set<Bytes> forms;
  for (unsigned opcode = row.opcode; opcode < row.opcode + unsigned{row.span}; opcode += step) {
    for (const uint8_t modrm : {static_cast<uint8_t>(0xc0 | field | reg),
                                static_cast<uint8_t>(0x40 | field | i386::EBX)}) {
      for (const bool narrow : {false, true}) {
        if (narrow && row.family == i386::Family::x87) continue;  // the prefix has no effect there
        Bytes code = mandatory;
        if (narrow) code.insert(code.begin(), 0x66);
        const Bytes& escape = kEscapes[static_cast<unsigned>(row.map)];
        code.insert(code.end(), escape.begin(), escape.end());
        for (const unsigned byte :
             {opcode, unsigned{modrm}, 0x08u, 0x12u, 0x00u, 0x00u, 0x00u, 0x00u}) {
          code.push_back(static_cast<uint8_t>(byte));
        }
        i386::Instruction in;
        const auto size = static_cast<uint32_t>(code.size());
        if (i386::decode(code.data(), size, kGuestCode, in) != i386::DecodeStatus::ok ||
            in.row != index)
          continue;
        code.resize(in.length);
        forms.insert(code);
      }
    }
  }
  return forms;
}

std::vector<NamedBlock> blocks_of(const char* path) {
  std::ifstream in(path);
  if (!in) die(1, "%s: cannot open", path);
  std::vector<NamedBlock> blocks;
  for (std::string line; std::getline(in, line);) {
    const size_t colon = line.find(": ");
    if (line.starts_with("#") || colon == std::string::npos) continue;
    NamedBlock block{.name = line.substr(0, colon), .code = {}};
    for (size_t i = colon + 2; i + 1 < line.size(); i += 2) {
      block.code.push_back(static_cast<uint8_t>(std::stoul(line.substr(i, 2), nullptr, 16)));
    }
    blocks.push_back(block);
  }
  return blocks;
}

std::string hex_text(const Bytes& code) {
  std::string text;
  char digits[4];
  for (const uint8_t byte : code) {
    std::snprintf(digits, sizeof digits, "%02x", byte);
    text += digits;
  }
  return text;
}

}  // namespace ferry::golden
