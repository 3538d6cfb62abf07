#include "linux/kernel/hidden_descriptors.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

#include "common/diagnostics.hpp"

namespace ferry::linux {

HostLimit host_limit(int resource) {
  HostLimit limit;
  host_call(SYS_prlimit64, 0, resource, nullptr, &limit);
  return limit;
}

RaisedFileLimit::RaisedFileLimit() : before_(host_limit(RLIMIT_NOFILE)) {
  const HostLimit raised{before_.hard, before_.hard};
  if (before_.soft != before_.hard) host_call(SYS_prlimit64, 0, RLIMIT_NOFILE, &raised, nullptr);
}

RaisedFileLimit::~RaisedFileLimit() {
  if (before_.soft != before_.hard) host_call(SYS_prlimit64, 0, RLIMIT_NOFILE, &before_, nullptr);
}

std::vector<int> numbers_in(int directory) {
  struct Entry {  // struct linux_dirent64
    uint64_t inode;
    int64_t offset;
    uint16_t record_length;
    uint8_t type;
    char name[1];
  };
  std::vector<int> numbers;
  alignas(8) char buffer[4096];
  long length;
  while ((length = host_call(SYS_getdents64, directory, buffer, sizeof buffer)) > 0) {
    for (long at = 0; at < length;) {
      const auto* entry = reinterpret_cast<const Entry*>(buffer + at);
      at += entry->record_length;
      int number = -1;
      const char* name = entry->name;
      std::from_chars(name, name + std::strlen(name), number);
      if (number >= 0) numbers.push_back(number);
    }
  }
  return numbers;
}

std::vector<int> numbers_below(const std::string& folder) {
  const long directory = make_own_descriptor([&] {
    return host_call(SYS_openat, AT_FDCWD, folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  });
  if (directory < 0) return {};
  std::vector<int> numbers = numbers_in(static_cast<int>(directory));
  host_call(SYS_close, directory);
  return numbers;
}

uint32_t descriptor_table_size(int highest) {
  constexpr uint32_t kSmallest = 64, kStep = 128;
  const auto most = static_cast<uint32_t>(highest);
  return most < kSmallest ? kSmallest : std::bit_ceil(most / kStep + 1) * kStep;
}

HiddenDescriptors::Handle HiddenDescriptors::add(int fd) {
  if (fd < 0) return kNone;
  const ListChange change(shown_, numbers_);
  const auto unused = std::find(numbers_.begin(), numbers_.end(), -1);
  const auto handle = static_cast<Handle>(unused - numbers_.begin());
  if (unused == numbers_.end()) numbers_.push_back(-1);
  set_number(handle, fd);
  if (fd >= home_) {
    host_call(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC);
  } else {
    move(handle);
  }
  return handle;
}

HiddenDescriptors::Handle HiddenDescriptors::hide(int fd) {
  const LockGuard guard(lock_);
  return add(fd);
}

HiddenDescriptors::Handle HiddenDescriptors::inherit(int fd) {
  const LockGuard guard(lock_);
  home_ = std::max(home_.get(), fd);
  return add(fd);
}

void HiddenDescriptors::hide_log() {
  const int fd = log_descriptor();
  if (fd <= STDERR_FILENO) return;
  const LockGuard guard(lock_);
  log_ = add(fd);
  show_log();
}

void HiddenDescriptors::restore_log() const {
  const LockGuard guard(lock_);
  show_log();
}

void HiddenDescriptors::show_log() const {
  if (log_ != kNone) set_log_descriptor(numbers_[log_] >= 0 ? numbers_[log_] : STDERR_FILENO);
}

void HiddenDescriptors::drop(Handle handle) {
  const LockGuard guard(lock_);
  const int fd = number(handle);
  if (fd < 0) return;
  host_call(SYS_close, fd);
  set_number(handle, -1);
}

uint32_t HiddenDescriptors::next(uint32_t from) const {
  uint32_t lowest = UINT32_MAX;
  const LockGuard guard(lock_);
  for (const int fd : numbers_) {
    if (fd >= 0 && static_cast<uint32_t>(fd) >= from)
      lowest = std::min(lowest, static_cast<uint32_t>(fd));
  }
  return lowest;
}

std::vector<int> HiddenDescriptors::numbers() const {
  const LockGuard guard(lock_);
  std::vector<int> used = numbers_;
  std::erase(used, -1);
  return used;
}

HiddenDescriptors::Handle HiddenDescriptors::find(int fd) const {
  const auto found = std::find(numbers_.begin(), numbers_.end(), fd);
  return found == numbers_.end() ? kNone : static_cast<Handle>(found - numbers_.begin());
}

void HiddenDescriptors::set_number(Handle handle, int fd) {
  const ListChange change(shown_, numbers_);
  numbers_[handle] = fd;
  int lowest = INT32_MAX;
  int highest = -1;
  for (const int number : numbers_) {
    if (number < 0) continue;
    lowest = std::min(lowest, number);
    highest = std::max(highest, number);
  }
  lowest_ = lowest;
  highest_ = highest;
  if (handle == log_) show_log();
}

/// Gives the descriptor another number, from home_ up. False if there is none.
bool HiddenDescriptors::move(Handle handle) {
  const int fd = numbers_[handle];
  const long moved =
      make_own_descriptor([&] { return host_call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, home_.get()); });
  if (moved < 0) return false;
  host_call(SYS_close, fd);
  set_number(handle, static_cast<int>(moved));
  return true;
}

void HiddenDescriptors::make_room_for(int fd) {
  const Handle handle = find(fd);
  if (handle != kNone && !move(handle)) set_number(handle, -1);
}

void HiddenDescriptors::move_up() {
  const LockGuard guard(lock_);
  const int limit =
      static_cast<int>(std::min<uint64_t>(host_limit(RLIMIT_NOFILE).hard, INT32_MAX / 4));
  // Near the hard limit only the last numbers remain.
  home_ = std::min(home_ * 2, limit - static_cast<int>(numbers_.size()));
  for (Handle handle = 0; handle < numbers_.size(); ++handle) {
    const int fd = numbers_[handle];
    if (fd >= 0 && fd < home_) move(handle);
  }
}

uint32_t HiddenDescriptors::guest_table_size() const {
  int highest = 0;
  const long directory = make_own_descriptor([] {
    return host_call(SYS_openat, AT_FDCWD, "/proc/thread-self/fd",
                     O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  });
  if (directory < 0) return UINT32_MAX;
  for (const int fd : numbers_in(static_cast<int>(directory))) {
    if (fd != directory && !contains(fd)) highest = std::max(highest, fd);
  }
  host_call(SYS_close, directory);
  return descriptor_table_size(highest);
}

}  // namespace ferry::linux
