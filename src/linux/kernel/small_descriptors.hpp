// The guest's descriptors that were opened without O_LARGEFILE.
//
// A 64-bit host opens every file with that flag. So the host neither knows which descriptors lack
// it, nor applies the limits of such descriptors (syscalls/small_files.hpp). In the kernel the flag
// belongs to the open file: here it follows the number through dup, fork and exec. It does not
// follow a descriptor through a socket (SCM_RIGHTS) or to a process that shares the table
// (CLONE_FILES without CLONE_VM).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ferry::linux {

class SmallDescriptors {
 public:
  [[nodiscard]] bool contains(int fd) const {
    const size_t word = static_cast<uint32_t>(fd) / 64;
    return word < words_.size() && (words_[word] >> (fd % 64) & 1) != 0;
  }
  void set(int fd, bool small);
  /// The descriptors of [first, last] are closed.
  void closed(uint32_t first, uint32_t last);
  /// The numbers that an exec leaves open, for the ferry it begins; empty if there are none.
  [[nodiscard]] std::string text_for_exec() const;
  void take_text(std::string_view text);

 private:
  std::vector<uint64_t> words_;  ///< a bit for each descriptor
};

}  // namespace ferry::linux
