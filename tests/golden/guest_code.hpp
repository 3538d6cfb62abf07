// The guest code that the tests of this folder translate.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "guest/i386/code_source.hpp"

namespace ferry::golden {

using Bytes = std::vector<uint8_t>;

inline constexpr uint32_t kGuestCode = 0x08048000;  ///< where it lies

/// Guest memory that holds one code at kGuestCode.
class GuestMemory final : public i386::CodeSource {
 public:
  GuestMemory();
  /// Puts `code` there, and INT3 after it.
  static void put(const Bytes& code);
  /// All of the memory can be fetched.
  [[nodiscard]] uint32_t fetch_end(uint32_t address) const override;
};

/// Encodings of the row: register, memory and 16-bit forms, with each condition if there are any.
std::set<Bytes> forms_of(uint16_t index);

/// The bytes in hexadecimal, as blocks_of() reads them.
std::string hex_text(const Bytes& code);

struct NamedBlock {
  std::string name;
  Bytes code;
};

/// The blocks of the file at `path`, which has lines `name: hex` and comments that begin with #.
/// Ends the program if there is no such file.
std::vector<NamedBlock> blocks_of(const char* path);

}  // namespace ferry::golden
