#include "linux/kernel/small_descriptors.hpp"

#include <fcntl.h>

#include <algorithm>
#include <charconv>

#include "linux/host/host_syscall.hpp"

namespace ferry::linux {

SmallKind SmallDescriptors::kind(int fd) const {
  const LockGuard guard(lock_);
  return kind_locked(fd);
}

void SmallDescriptors::set(int fd, SmallKind kind) {
  if (fd < 0 || (kind == SmallKind::large && !any_)) return;
  const LockGuard guard(lock_);
  if (kind_locked(fd) == kind) return;
  any_ = true;
  if (kind == SmallKind::limited) any_limited_ = true;
  const auto index = static_cast<size_t>(fd);
  if (index >= kinds_.size()) {
    const ListChange change(shown_, kinds_);
    kinds_.resize(index + 1);
  }
  kinds_[index] = kind;
}

void SmallDescriptors::closed(uint32_t first, uint32_t last) {
  if (!any_) return;
  const LockGuard guard(lock_);
  const uint64_t end = std::min<uint64_t>(uint64_t{last} + 1, kinds_.size());
  for (uint64_t fd = first; fd < end; ++fd) kinds_[fd] = SmallKind::large;
}

std::string SmallDescriptors::text_for_exec() const {
  std::string text;
  const LockGuard guard(lock_);
  for (size_t fd = 0; fd < kinds_.size(); ++fd) {
    if (kinds_[fd] == SmallKind::large) continue;
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
    set(fd, SmallKind::limited);  // as all must be treated whose file is not known
    const auto used = static_cast<size_t>(parsed.ptr - text.data());
    text.remove_prefix(std::min(used + 1, text.size()));
  }
}

}  // namespace ferry::linux
