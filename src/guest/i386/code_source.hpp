// Where instructions may be fetched from. The owner of the address space answers; the interpreter
// and the translator ask, and remember answers until told to forget them.
#pragma once

#include <cstdint>

namespace ferry::i386 {

class CodeSource {
 public:
  /// End of the run of fetchable bytes that begins at `address`; `address` itself if none.
  [[nodiscard]] virtual uint32_t fetch_end(uint32_t address) const = 0;
  /// The same for bytes that can be read by their address; where they cannot (memory.hpp,
  /// guest::PageAccess) the instructions are copied, and interpreted one by one.
  [[nodiscard]] virtual uint32_t direct_fetch_end(uint32_t address) const {
    return fetch_end(address);
  }
  /// Whether another thread may take bytes away while an instruction is read: then the interpreter
  /// copies instructions before it decodes them. An answer is forgotten as the others are.
  [[nodiscard]] virtual bool changes_beside() const { return false; }

 protected:
  ~CodeSource() = default;
};

/// Consulted before the interpreter fetches from a page. Initially null: every address may be
/// fetched from. Set before any thread runs.
void set_code_source(const CodeSource* source);

/// To be called when mappings or their protections change, from any thread: answers given before
/// are forgotten.
void forget_code_ranges();

}  // namespace ferry::i386
