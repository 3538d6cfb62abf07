// AddressSpace: write watches, the names of mappings, and what others see.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>

#include "linux/host/host_syscall.hpp"
#include "linux/kernel/address_space.hpp"
#include "linux/kernel/descriptor_names.hpp"
#include "linux/kernel/memory_view.hpp"

namespace ferry::linux {

bool AddressSpace::any_writable(uint32_t begin, uint32_t end) const {
  for (size_t i = first_ending_after(begin); i < mappings_.size() && mappings_[i].begin < end;
       ++i) {
    if ((mappings_[i].protection & kProtWrite) != 0) return true;
  }
  return false;
}

void AddressSpace::clear_watch(uint32_t begin, uint32_t end) {
  if (states_.any_watch_in(begin, end)) end_write_watch(begin, end);
}

bool AddressSpace::begin_write_watch(uint32_t page_begin, uint32_t page_end) {
  const MemoryGuard guard(lock_);
  states_.watch(page_begin, page_end, true);
  // In this order, against a thread that adds a range and then looks for watches: either it sees
  // this one, and waits for the lock, or its range is seen here, before anything is protected.
  if (kernel_may_write(page_begin, page_end)) {
    states_.watch(page_begin, page_end, false);
    return false;
  }
  protect_as_watched(page_begin, page_end);
  return true;
}

void AddressSpace::end_write_watch(uint32_t page_begin, uint32_t page_end) {
  const MemoryGuard guard(lock_);
  states_.watch(page_begin, page_end, false);
  protect_as_watched(page_begin, page_end);
}

void AddressSpace::protect_as_watched(uint32_t page_begin, uint32_t page_end) {
  const uint32_t begin = host_floor(page_begin);
  const uint32_t end = host_ceil(page_end);
  // A watch changes nothing where the guest may not write anyway, as in most code.
  if (any_writable(begin, end)) apply_protection(begin, end);
  changes_.fetch_add(1, std::memory_order_release);
}

bool AddressSpace::write_watched(uint32_t address) const {
  if (!states_.any_watch() || !may_write(address)) return false;
  const uint32_t host_page = host_floor(address);
  return states_.any_watch_in(host_page, host_page + host_page_size_);
}

/// The host pages of [begin, begin + length). The neighbours in the same host page count: their
/// watch is what makes the kernel's write fail.
AddressSpace::HostRange AddressSpace::host_pages(uint32_t begin, uint32_t length) const {
  const uint64_t end = std::min<uint64_t>(uint64_t{begin} + length, guest::kGuestEnd);
  return {host_floor(begin), host_ceil(static_cast<uint32_t>(end))};
}

/// Without the lock: a watch may begin at any time after the answer, too.
bool AddressSpace::watches_near(uint32_t begin, uint32_t length) const {
  const auto [first, last] = host_pages(begin, length);
  return first < last && states_.any_watch_in(first, last);
}

void AddressSpace::end_watches(uint32_t begin, uint32_t length) {
  const MemoryGuard guard(lock_);
  const auto [first, last] = host_pages(begin, length);
  if (first >= last || !states_.any_watch_in(first, last)) return;
  if (observer_ != nullptr) observer_->kernel_write(first, last);
  clear_watch(first, last);
}

void AddressSpace::add_kernel_writes(const KernelWrites& writes) {
  const MemoryGuard guard(lock_);
  kernel_writes_.push_back(&writes);
}

void AddressSpace::remove_kernel_writes(const KernelWrites& writes) {
  const MemoryGuard guard(lock_);
  std::erase(kernel_writes_, &writes);
}

/// Whether the kernel may be writing to the host pages of [page_begin, page_end). Under lock().
bool AddressSpace::kernel_may_write(uint32_t page_begin, uint32_t page_end) const {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  const uint32_t begin = host_floor(page_begin);
  const uint32_t end = host_ceil(page_end);
  return std::any_of(kernel_writes_.begin(), kernel_writes_.end(),
                     [&](const KernelWrites* each) { return each->overlap(begin, end); });
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

uint32_t AddressSpace::add_file(const MappedFile& file) {
  const ListChange change(files_shown_, published_files_);
  files_.push_back(std::make_unique<MappedFile>(file));
  const std::string& path = files_.back()->path;
  published_files_.push_back({file.id, reinterpret_cast<uint64_t>(path.data()), path.size()});
  return static_cast<uint32_t>(files_.size() - 1);
}

void AddressSpace::publish(PublishedProcess& record) {
  const MemoryGuard guard(lock_);
  mappings_shown_.begin(record.mappings, mappings_);
  files_shown_.begin(record.files, published_files_);
  record.totals = reinterpret_cast<uint64_t>(&total_);
}

MemoryView AddressSpace::view() const {
  const MemoryGuard guard(lock_);
  MemoryView view{mappings_, {}, total_, {}, "/proc/thread-self/pagemap"};
  for (const auto& file : files_) view.files.push_back(*file);
  for (uint32_t page = splits_.next(0); page != UINT32_MAX;
       page = splits_.next(page + host_page_size_)) {
    for (uint32_t at = page; at != page + host_page_size_; at += guest::kPageSize) {
      if (const uint8_t* const place = splits_.place(at); place != nullptr)
        view.places[at] = reinterpret_cast<uint64_t>(place);
    }
  }
  return view;
}

uint32_t AddressSpace::intern_file(const MapRequest& request) {
  if (request.segment) return intern_segment(request);
  MappedFile file;
  if (request.descriptor >= 0) {
    file.path = descriptor_link(request.descriptor);
    static_cast<void>(identify_file(request.descriptor, file.id));
  } else if (request.shared) {
    // Each shared anonymous mapping has a file of its own, as in the kernel (shmem_zero_setup).
    file.path = "/dev/zero (deleted)";
    file.id.device_minor = 1;
    file.id.inode = ++shared_anonymous_files_;
    return add_file(file);
  } else if (request.name != nullptr) {
    file.path = request.name;
  } else {
    return 0;
  }
  for (uint32_t i = 1; i < files_.size(); ++i) {
    if (files_[i]->id == file.id && files_[i]->path == file.path) return i;
  }
  return add_file(file);
}

}  // namespace ferry::linux
