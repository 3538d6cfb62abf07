// AddressSpace: write watches, the text of /proc/self/maps and the names in it.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>

#include "linux/host/host_syscall.hpp"
#include "linux/kernel/address_space.hpp"
#include "linux/kernel/descriptor_names.hpp"

namespace ferry::linux {

bool AddressSpace::any_writable(uint32_t begin, uint32_t end) const {
  for (size_t i = first_ending_after(begin); i < mappings_.size() && mappings_[i].begin < end;
       ++i) {
    if ((mappings_[i].protection & kProtWrite) != 0) return true;
  }
  return false;
}

void AddressSpace::clear_watch(uint32_t begin, uint32_t end) {
  if (states_.any_watch_in(begin, end)) set_write_watch(begin, end, false);
}

void AddressSpace::set_write_watch(uint32_t page_begin, uint32_t page_end, bool on) {
  const MemoryGuard guard(lock_);
  const uint32_t begin = host_floor(page_begin);
  const uint32_t end = host_ceil(page_end);
  states_.watch(guest::page_floor(page_begin), guest::page_ceil(page_end), on);
  // A watch changes nothing where the guest may not write anyway, as in most code.
  if (any_writable(begin, end)) apply_protection(begin, end);
  watch_changes_.fetch_add(1, std::memory_order_release);
}

bool AddressSpace::write_watched(uint32_t address) const {
  if (!states_.any_watch() || !may_write(address)) return false;
  const uint32_t host_page = host_floor(address);
  return states_.any_watch_in(host_page, host_page + host_page_size_);
}

void AddressSpace::end_watches(uint32_t begin, uint32_t length) {
  const MemoryGuard guard(lock_);
  // The neighbours in the same host page count: their watch is what makes the kernel's write fail.
  const uint64_t end = std::min<uint64_t>(uint64_t{begin} + length, guest::kGuestEnd);
  const uint32_t first = host_floor(begin);
  const uint32_t last = host_ceil(static_cast<uint32_t>(end));
  if (first >= last || !states_.any_watch_in(first, last)) return;
  if (observer_ != nullptr) observer_->kernel_write(first, last);
  clear_watch(first, last);
}

/// Tells the observer of shared executable memory in [begin, end).
void AddressSpace::report_shared_code(uint32_t begin, uint32_t end) const {
  if (observer_ == nullptr) return;
  for (size_t i = first_ending_after(begin); i < mappings_.size() && mappings_[i].begin < end;
       ++i) {
    const Mapping& mapping = mappings_[i];
    if (!mapping.shared || (mapping.protection & kProtExec) == 0) continue;
    observer_->range_shared(std::max(begin, mapping.begin), std::min(end, mapping.end));
  }
}

bool identify_file_at(int directory, const char* name, FileId& file) {
  struct statx status;
  if (host_call(SYS_statx, directory, name, AT_EMPTY_PATH, STATX_INO, &status) < 0) return false;
  file = {status.stx_ino, status.stx_dev_major, status.stx_dev_minor};
  return true;
}

bool identify_file(int descriptor, FileId& file) {
  return identify_file_at(descriptor, "", file);
}

uint32_t AddressSpace::intern_file(const MapRequest& request) {
  MappedFile file;
  if (request.descriptor >= 0) {
    file.path = descriptor_link(request.descriptor);
    static_cast<void>(identify_file(request.descriptor, file.id));
  } else if (request.shared) {
    // Each shared anonymous mapping has a file of its own, as in the kernel (shmem_zero_setup).
    file.path = "/dev/zero (deleted)";
    file.id.device_minor = 1;
    file.id.inode = ++shared_anonymous_files_;
    files_.push_back(std::make_unique<MappedFile>(file));
    return static_cast<uint32_t>(files_.size() - 1);
  } else if (request.name != nullptr) {
    file.path = request.name;
  } else {
    return 0;
  }
  for (uint32_t i = 1; i < files_.size(); ++i) {
    if (files_[i]->id == file.id && files_[i]->path == file.path) return i;
  }
  files_.push_back(std::make_unique<MappedFile>(file));
  return static_cast<uint32_t>(files_.size() - 1);
}

std::string AddressSpace::maps_text(std::string_view root) const {
  const MemoryGuard guard(lock_);
  std::string text;
  for (const Mapping& mapping : mappings_) {
    const MappedFile& name = *files_[mapping.file];
    std::string_view path = name.path;
    if (!root.empty() && path.starts_with(root) && path.size() > root.size() &&
        path[root.size()] == '/') {
      path.remove_prefix(root.size());
    }
    char line[128];
    int length = std::snprintf(
        line, sizeof line, "%08x-%08x %c%c%c%c %08x %02x:%02x %llu", mapping.begin, mapping.end,
        (mapping.protection & kProtRead) != 0 ? 'r' : '-',
        (mapping.protection & kProtWrite) != 0 ? 'w' : '-',
        (mapping.protection & kProtExec) != 0 ? 'x' : '-', mapping.shared ? 's' : 'p',
        from_file(mapping) ? static_cast<uint32_t>(mapping.offset) : 0, name.id.device_major,
        name.id.device_minor, static_cast<unsigned long long>(name.id.inode));
    text.append(line, static_cast<size_t>(length));
    text += ' ';
    if (!path.empty()) {
      while (length++ < 72) text += ' ';  // the kernel pads to column 73
      text += path;
    }
    text += '\n';
  }
  return text;
}

}  // namespace ferry::linux
