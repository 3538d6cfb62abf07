#include "linux/kernel/small_descriptors.hpp"

#include <fcntl.h>

#include <algorithm>
#include <charconv>

#include "linux/host/host_syscall.hpp"

namespace ferry::linux {

void SmallDescriptors::set(int fd, bool small) {
  if (fd < 0 || contains(fd) == small) return;
  const size_t word = static_cast<size_t>(fd) / 64;
  if (word >= words_.size()) words_.resize(word + 1);
  words_[word] ^= uint64_t{1} << (fd % 64);
}

void SmallDescriptors::closed(uint32_t first, uint32_t last) {
  const uint64_t end = std::min<uint64_t>(uint64_t{last} + 1, words_.size() * 64);
  for (uint64_t fd = first; fd < end; ++fd) words_[fd / 64] &= ~(uint64_t{1} << (fd % 64));
}

std::string SmallDescriptors::text_for_exec() const {
  std::string text;
  for (size_t fd = 0; fd < words_.size() * 64; ++fd) {
    if (!contains(static_cast<int>(fd))) continue;
    const long flags = host_call(SYS_fcntl, fd, F_GETFD);
    if (flags < 0 || (flags & FD_CLOEXEC) != 0) continue;
    if (!text.empty()) text += ',';
    text += std::to_string(fd);
  }
  return text;
}

void SmallDescriptors::take_text(std::string_view text) {
  while (!text.empty()) {
    int fd = -1;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), fd);
    set(fd, true);
    const auto used = static_cast<size_t>(parsed.ptr - text.data());
    text.remove_prefix(std::min(used + 1, text.size()));
  }
}

}  // namespace ferry::linux
