// AddressSpace: the host pages that back the guest's mappings.
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "linux/abi/i386/abi_types.hpp"
#include "linux/host/host_syscall.hpp"
#include "linux/kernel/address_space.hpp"
#include "linux/kernel/errno_map.hpp"

namespace ferry::linux {

namespace {

long map_anonymous(uint32_t begin, uint32_t end, int protection, int extra_flags) {
  return host_call(SYS_mmap, guest::host_pointer(begin), end - begin, protection,
                   MAP_FIXED | MAP_ANONYMOUS | extra_flags, -1, 0);
}

/// A host page in the making. It is filled elsewhere and then replaces the one at its place at
/// once, so that no other thread finds zeroes where its own pages are.
class NewHostPage {
 public:
  explicit NewHostPage(uint32_t size)
      : size_(size),
        address_(host_call(SYS_mmap, nullptr, size, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {}
  ~NewHostPage() {
    if (address_ >= 0) host_call(SYS_munmap, address_, size_);
  }
  NewHostPage(const NewHostPage&) = delete;
  NewHostPage& operator=(const NewHostPage&) = delete;

  [[nodiscard]] bool made() const { return address_ >= 0; }
  [[nodiscard]] uint8_t* bytes() const { return reinterpret_cast<uint8_t*>(address_); }
  /// Moves it to `host_page`, readable and writable. The host's result; once.
  [[nodiscard]] long put(uint32_t host_page) {
    const long moved = host_call(SYS_mremap, address_, size_, size_, MREMAP_MAYMOVE | MREMAP_FIXED,
                                 guest::host_pointer(host_page));
    if (moved >= 0) address_ = -ENOMEM;
    return moved;
  }

 private:
  uint32_t size_;
  long address_;  ///< or -errno
};

/// Fills `size` bytes at `to`, which are writable and zero, with what `request` maps at `address`,
/// as far as its file goes.
void read_into(uint8_t* to, uint32_t address, uint32_t size, const MapRequest& request) {
  if (request.descriptor < 0) return;
  uint64_t offset = request.offset + (address - request.address);
  while (size != 0) {
    const long count = host_call(SYS_pread64, request.descriptor, to, size, offset);
    if (count <= 0) return;
    to += count;
    size -= static_cast<uint32_t>(count);
    offset += static_cast<uint64_t>(count);
  }
}

}  // namespace

/// Write-only and execute-only pages are readable on i386, and the host executes nothing.
int AddressSpace::host_bits(int guest_protection) {
  int bits = PROT_NONE;
  if (guest_protection > 0) bits |= PROT_READ;
  if (guest_protection > 0 && (guest_protection & kProtWrite) != 0) bits |= PROT_WRITE;
  return bits;
}

AddressSpace::HostRange AddressSpace::inner_host_range(uint32_t begin, uint32_t end) const {
  return {host_ceil(begin), host_floor(end)};
}

// --- protections --------------------------------------------------------------------------------

int AddressSpace::host_protection(uint32_t host_page) const {
  if (splits_.contains(host_page)) return PROT_NONE;
  const uint32_t end = host_page + host_page_size_;
  int bits = 0;
  for (size_t i = first_ending_after(host_page); i < mappings_.size() && mappings_[i].begin < end;
       ++i) {
    bits |= host_bits(mappings_[i].protection);
  }
  if (states_.any_watch_in(host_page, end)) bits &= ~PROT_WRITE;
  return bits;
}

void AddressSpace::apply_protection(uint32_t begin, uint32_t end) {
  uint32_t run = begin;
  int run_bits = -1;
  for (uint32_t page = begin; page < end; page += host_page_size_) {
    const int bits = any_mapped(page, page + host_page_size_) ? host_protection(page) : -1;
    if (bits == run_bits) continue;
    if (run_bits >= 0) host_call(SYS_mprotect, guest::host_pointer(run), page - run, run_bits);
    run = page;
    run_bits = bits;
  }
  if (run_bits >= 0) host_call(SYS_mprotect, guest::host_pointer(run), end - run, run_bits);
}

/// mprotect of whole host pages, but not of those that are split. 0 or the host's -errno.
long AddressSpace::protect_host_pages(uint32_t begin, uint32_t end, int bits) {
  while (begin < end) {
    const uint32_t split = std::min(splits_.next(begin), end);
    if (begin < split) {
      const long result = host_call(SYS_mprotect, guest::host_pointer(begin), split - begin, bits);
      if (result < 0) return result;
    }
    if (split == end) break;
    begin = split + host_page_size_;
  }
  return 0;
}

/// Gives the places of a split host page the protections of its guest pages; those in [begin, end)
/// get `bits`. 0 or the host's -errno.
long AddressSpace::protect_places(uint32_t host_page, uint32_t begin, uint32_t end, int bits) {
  std::array<int, SplitPages::kMostGuestPages> protections{};
  for (uint32_t i = 0; i < host_page_size_ / guest::kPageSize; ++i) {
    const uint32_t page = host_page + i * guest::kPageSize;
    protections[i] = page >= begin && page < end ? bits : host_bits(prot_at(page));
  }
  return splits_.protect(host_page, protections);
}

// --- split host pages ---------------------------------------------------------------------------

/// Whether no single host mapping can show what the guest has in this host page: a shared mapping
/// beside anything else, or anonymous memory with several protections. (Protections that differ in
/// private pages of files, as in most programs, are united: accesses that the guest's protection
/// forbids go through there, and all others cost nothing.)
bool AddressSpace::needs_split(uint32_t host_page) const {
  if (host_page_size_ == guest::kPageSize) return false;
  const uint32_t end = host_page + host_page_size_;
  const size_t first = first_ending_after(host_page);
  bool shared = false;
  bool of_one_file = true;
  bool mixed = false;
  bool private_file = false;
  for (size_t i = first; i < mappings_.size() && mappings_[i].begin < end; ++i) {
    const Mapping& a = mappings_[first];
    const Mapping& b = mappings_[i];
    shared |= b.shared;
    private_file |= from_file(b) && !b.shared;
    mixed |= host_bits(a.protection) != host_bits(b.protection);
    of_one_file &= a.shared == b.shared && a.file == b.file && follows_file(b) &&
                   b.offset - a.offset == b.begin - a.begin;
  }
  return shared ? mixed || !of_one_file : mixed && !private_file;
}

/// Splits a host page whose guest pages in [begin, end) will be replaced.
Errno AddressSpace::split_host_page(uint32_t host_page, uint32_t begin, uint32_t end) {
  bool anonymous = true;
  uint32_t kept = 0;
  for (uint32_t i = 0; i < host_page_size_ / guest::kPageSize; ++i) {
    const uint32_t page = host_page + i * guest::kPageSize;
    const Mapping* mapping = page >= begin && page < end ? nullptr : find(page);
    if (mapping == nullptr) continue;
    kept |= 1u << i;
    anonymous &= !mapping->shared && !from_file(*mapping);
  }
  // Code in the host page was translated at its old place, and is watched there.
  changed(host_page, host_page + host_page_size_);
  const long result = splits_.split(host_page, kept, anonymous);
  return result < 0 ? errno_from_host(result) : kOk;
}

/// Makes a split host page a plain one again, if one host mapping can show what is left in it.
bool AddressSpace::rejoin(uint32_t host_page) {
  const uint32_t end = host_page + host_page_size_;
  if (splits_.join(host_page)) {
    apply_protection(host_page, end);
    i386::forget_code_ranges();
    return true;
  }
  if (any_shared(host_page, end)) return false;
  NewHostPage contents(host_page_size_);
  if (!contents.made()) return false;
  static_cast<void>(protect_places(host_page, host_page, end, PROT_READ));
  for (uint32_t i = 0; i < host_page_size_ / guest::kPageSize; ++i) {
    const uint8_t* const place = splits_.place(host_page + i * guest::kPageSize);
    if (place == nullptr) continue;
    // Where a file has no page (SIGBUS), zeroes are left.
    static_cast<void>(
        guest::copy_host(contents.bytes() + i * guest::kPageSize, place, guest::kPageSize));
  }
  if (contents.put(host_page) < 0) return false;
  splits_.forget(host_page);
  apply_protection(host_page, end);
  i386::forget_code_ranges();
  return true;
}

/// To be called when what the guest has in a host page has changed: splits it, joins it, or gives
/// it its protection.
void AddressSpace::settle(uint32_t host_page) {
  const uint32_t end = host_page + host_page_size_;
  if (!any_mapped(host_page, end)) {
    host_call(SYS_munmap, guest::host_pointer(host_page), host_page_size_);
    splits_.forget(host_page);
    return;
  }
  if (splits_.contains(host_page)) {
    if (!needs_split(host_page) && rejoin(host_page)) return;
  } else if (!needs_split(host_page) || split_host_page(host_page, host_page, host_page) != kOk) {
    return apply_protection(host_page, end);
  }
  static_cast<void>(protect_places(host_page, 0, 0, PROT_NONE));
}

/// Settles the host pages that a change of [begin, end) leaves in question.
void AddressSpace::settle_pages(uint32_t begin, uint32_t end) {
  for (uint32_t page = splits_.next(host_floor(begin)); page < end;
       page = splits_.next(page + host_page_size_)) {
    settle(page);
  }
  if (begin != host_floor(begin)) settle(host_floor(begin));
  const bool one_page = host_floor(begin) == host_floor(end) && begin != host_floor(begin);
  if (end != host_floor(end) && !one_page) settle(host_floor(end));
}

void* AddressSpace::reach(uint32_t address, bool write, uint64_t stack_limit) {
  const MemoryGuard guard(lock_);
  const Mapping* mapping = find(address);
  if (mapping == nullptr) {
    if (!grow_down_to(address, stack_limit)) return nullptr;
    mapping = find(address);
  }
  const int needed = write ? PROT_WRITE : PROT_READ;
  if ((host_bits(mapping->protection) & needed) == 0) return nullptr;
  return place_of(address);
}

uint8_t* AddressSpace::place_of(uint32_t address) const {
  uint8_t* const place = splits_.place(address);
  return place != nullptr ? place : static_cast<uint8_t*>(guest::host_pointer(address));
}

/// The host's address of a mapped guest page, which ferry can access with `bits` whatever the
/// guest's protection; settle() restores the protection.
uint8_t* AddressSpace::open_page(uint32_t page, int bits) {
  const uint32_t host_page = host_floor(page);
  if (splits_.contains(page)) {
    static_cast<void>(protect_places(host_page, page, page + guest::kPageSize, bits));
  } else {
    host_call(SYS_mprotect, guest::host_pointer(host_page), host_page_size_,
              host_protection(host_page) | bits);
  }
  return place_of(page);
}

// --- making and taking host pages ---------------------------------------------------------------

void AddressSpace::release_host_pages(uint32_t begin, uint32_t end) {
  const HostRange inner = inner_host_range(begin, end);
  if (inner.begin < inner.end) {
    host_call(SYS_munmap, guest::host_pointer(inner.begin), inner.end - inner.begin);
    forget_splits(inner.begin, inner.end);
  }
  if (inner.begin == begin && inner.end == end) return;
  for (uint32_t page = splits_.next(host_floor(begin)); page < end;
       page = splits_.next(page + host_page_size_)) {
    for (uint32_t at = std::max(begin, page); at < std::min(end, page + host_page_size_);
         at += guest::kPageSize) {
      splits_.remove(at);
    }
  }
  settle_range(begin, end);
}

void AddressSpace::forget_splits(uint32_t begin, uint32_t end) {
  for (uint32_t page = splits_.next(begin); page < end; page = splits_.next(page)) {
    splits_.forget(page);
  }
}

bool AddressSpace::mappable_directly(const MapRequest& request) const {
  return request.descriptor < 0 ||
         ((request.address - request.offset) & (host_page_size_ - 1)) == 0;
}

/// The error that the kernel gives for a mapping of `request`'s file, found by making one
/// elsewhere.
Errno AddressSpace::try_mapping(const MapRequest& request) const {
  if (request.descriptor < 0) return kOk;
  const int sharing = request.shared ? MAP_SHARED : MAP_PRIVATE;
  const uint64_t offset = request.offset & ~uint64_t{host_page_size_ - 1};
  const long mapped = host_call(SYS_mmap, nullptr, host_page_size_, host_bits(request.protection),
                                sharing, request.descriptor, offset);
  if (mapped < 0) return errno_from_host(mapped);
  host_call(SYS_munmap, mapped, host_page_size_);
  return kOk;
}

/// Backs [begin, end), page by page, in split host pages.
Errno AddressSpace::back_split(uint32_t begin, uint32_t end, const MapRequest& request) {
  const Errno refused = try_mapping(request);
  if (refused != kOk) return refused;
  for (uint32_t page = begin; page < end; page += guest::kPageSize) {
    if (!splits_.contains(page)) {
      const Errno error = split_host_page(host_floor(page), begin, end);
      if (error != kOk) return error;
    }
    long result;
    if (request.shared) {
      result =
          splits_.place_shared(page, request.descriptor, request.offset + (page - request.address),
                               host_bits(request.protection));
    } else {
      result = splits_.place_private(page);
      if (result >= 0) read_into(splits_.place(page), page, guest::kPageSize, request);
    }
    if (result < 0) return errno_from_host(result);
  }
  return kOk;
}

bool AddressSpace::any_shared(uint32_t begin, uint32_t end) const {
  for (size_t i = first_ending_after(begin); i < mappings_.size() && mappings_[i].begin < end;
       ++i) {
    if (mappings_[i].shared) return true;
  }
  return false;
}

/// Backs the part [begin, end) of one host page whose other parts belong to other mappings.
Errno AddressSpace::back_edge(uint32_t begin, uint32_t end, const MapRequest& request) {
  const uint32_t page = host_floor(begin);
  const uint32_t page_end = page + host_page_size_;
  if (request.shared || splits_.contains(page) || any_shared(page, begin) ||
      any_shared(end, page_end)) {
    return back_split(begin, end, request);
  }
  NewHostPage made(host_page_size_);
  if (!made.made()) return abi::kENOMEM;
  host_call(SYS_mprotect, guest::host_pointer(page), host_page_size_, PROT_READ);
  // Where a file has no page (SIGBUS), zeroes are left.
  const auto keep = [&](uint32_t from, uint32_t to) {
    for (; from < to; from += guest::kPageSize) {
      if (any_mapped(from, from + guest::kPageSize))
        static_cast<void>(
            guest::copy_from_guest(made.bytes() + (from - page), from, guest::kPageSize));
    }
  };
  keep(page, begin);
  keep(end, page_end);
  read_into(made.bytes() + (begin - page), begin, end - begin, request);
  const long put = made.put(page);
  return put < 0 ? errno_from_host(put) : kOk;
}

/// Backs [begin, end), whose first and last host page are not shared with other mappings.
Errno AddressSpace::back_whole(uint32_t begin, uint32_t end, const MapRequest& request) {
  const int protection = host_bits(request.protection);
  const int sharing = (request.shared ? MAP_SHARED : MAP_PRIVATE) | request.extra_host_flags;
  long mapped;
  if (request.descriptor < 0) {
    mapped = map_anonymous(begin, end, protection, sharing);
  } else if (mappable_directly(request) && request.offset + begin >= request.address) {
    mapped = host_call(SYS_mmap, guest::host_pointer(begin), end - begin, protection,
                       MAP_FIXED | sharing, request.descriptor,
                       request.offset + begin - request.address);
  } else {
    const Errno refused = try_mapping(request);
    if (refused != kOk) return refused;
    mapped = map_anonymous(begin, end, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    if (mapped >= 0) {
      const uint32_t from = std::max(begin, request.address);
      const uint32_t to = std::min(end, request.address + request.length);
      read_into(static_cast<uint8_t*>(guest::host_pointer(from)), from, to - from, request);
      host_call(SYS_mprotect, guest::host_pointer(begin), end - begin, protection);
    }
  }
  if (mapped < 0) return errno_from_host(mapped);
  forget_splits(begin, end);
  return kOk;
}

/// The file to keep open for a shared mapping, if the host needs one.
SharedBackings::Handle AddressSpace::open_backing(const MapRequest& request) {
  if (!request.shared || request.segment) return HiddenDescriptors::kNone;
  if (backings_.full()) {
    backings_.drop_unless([this](uint32_t file) {
      return std::any_of(mappings_.begin(), mappings_.end(),
                         [file](const Mapping& mapping) { return mapping.file == file; });
    });
  }
  return backings_.open(request.descriptor, request.offset + request.length);
}

/// Makes host memory for the guest range of `request` (page-aligned), whatever was there before.
Errno AddressSpace::back_with_host_pages(const MapRequest& request) {
  const uint32_t begin = request.address;
  const uint32_t end = begin + request.length;
  if (request.segment) return attach_segment(request);
  if (request.shared && !mappable_directly(request)) return back_split(begin, end, request);
  const uint32_t first = host_floor(begin);
  const uint32_t last = host_floor(end);
  const bool begin_shared =
      any_mapped(first, begin) || (first == last && any_mapped(end, first + host_page_size_));
  const bool end_shared = end != last && first != last && any_mapped(end, last + host_page_size_);
  const uint32_t whole_begin = begin_shared ? std::min(first + host_page_size_, end) : first;
  const uint32_t whole_end = end_shared ? last : host_ceil(end);
  if (whole_begin < whole_end && !(begin_shared && first == last)) {
    const Errno error = back_whole(whole_begin, whole_end, request);
    if (error != kOk) return error;
  }
  if (begin_shared) {
    const Errno error = back_edge(begin, std::min(first + host_page_size_, end), request);
    if (error != kOk) return error;
  }
  return end_shared ? back_edge(last, end, request) : kOk;
}

/// The same, with the pages of `backing`, if it is one.
Errno AddressSpace::back_with(const MapRequest& request, SharedBackings::Handle backing) {
  if (backing == HiddenDescriptors::kNone) return back_with_host_pages(request);
  MapRequest backed = request;
  backed.descriptor = backings_.descriptor(backing);
  return back_with_host_pages(backed);
}

// --- memory that changes in other ways ----------------------------------------------------------

bool AddressSpace::ever_mapped(const FileId& file) const {
  const MemoryGuard guard(lock_);
  return std::any_of(files_.begin(), files_.end(),
                     [&](const auto& mapped) { return mapped->id == file; });
}

void AddressSpace::file_changed(const FileId& file) {
  const MemoryGuard guard(lock_);
  for (const Mapping& mapping : mappings_) {
    const bool private_code = !mapping.shared && (mapping.protection & kProtExec) != 0;
    if (private_code && from_file(mapping) && files_[mapping.file]->id == file)
      changed(mapping.begin, mapping.end);
  }
}

void AddressSpace::settle_foreign_write() {
  const MemoryGuard guard(lock_);
  if (!foreign_write_.exchange(false)) return;
  // Code in shared mappings checks itself.
  for (const Mapping& mapping : mappings_) {
    if (!mapping.shared && (mapping.protection & kProtExec) != 0)
      changed(mapping.begin, mapping.end);
  }
}

bool AddressSpace::force_read(void* to, uint32_t address, uint32_t size) {
  const MemoryGuard guard(lock_);
  if (find(address) == nullptr) return false;
  const uint8_t* const page = open_page(guest::page_floor(address), PROT_READ);
  const bool read = guest::copy_host(to, page + (address & guest::kPageMask), size);
  settle(host_floor(address));
  return read;
}

bool AddressSpace::force_write(uint32_t address, const void* from, uint32_t size) {
  const MemoryGuard guard(lock_);
  const Mapping* mapping = find(address);
  if (mapping == nullptr) return false;
  if (mapping->shared && (mapping->protection & kProtWrite) == 0) return false;
  changed(guest::page_floor(address), guest::page_floor(address) + guest::kPageSize);
  prepare_kernel_write(address, size);
  uint8_t* const page = open_page(guest::page_floor(address), PROT_READ | PROT_WRITE);
  const bool written = guest::copy_host(page + (address & guest::kPageMask), from, size);
  settle(host_floor(address));
  return written;
}

}  // namespace ferry::linux
