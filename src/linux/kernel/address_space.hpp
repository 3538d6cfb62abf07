// The guest's address space: what the guest believes is mapped, kept as a sorted list of mappings,
// and the host mappings that back it.
//
// Guest pages are 4 KB; host pages may be larger (16 KB on loongson-3 kernels). One host page
// may therefore hold guest pages of several mappings. Rules for such a host page:
//   - private mappings: it is anonymous memory; what a file mapping would show there is read into
//     it; its host protection is the union of its guest pages' protections (minus W while
//     write-watched);
//   - a shared mapping beside another, or anonymous memory with several protections: it is split
//     (split_pages.hpp), and exact;
//   - unmapping part of it keeps it; the part is cleared when it is mapped again.
// The host never executes guest memory, so no host page is ever PROT_EXEC.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/lock.hpp"
#include "common/relaxed.hpp"
#include "guest/i386/code_source.hpp"
#include "guest/i386/cpu_state.hpp"
#include "guest/i386/descriptors.hpp"
#include "guest/memory/memory.hpp"
#include "linux/abi/i386/errno.hpp"
#include "linux/kernel/kernel_writes.hpp"
#include "linux/kernel/page_states.hpp"
#include "linux/kernel/published.hpp"
#include "linux/kernel/shared_backings.hpp"
#include "linux/kernel/split_pages.hpp"

namespace ferry::linux {

/// Observer of changes of the address space: the engine, which drops translations and watches.
class MappingObserver {
 public:
  /// Called before any mapping or protection of [begin, end) changes.
  virtual void range_changed(uint32_t begin, uint32_t end) = 0;
  /// Called when [begin, end) has become executable memory that changes without a write through it:
  /// other mappings, of this process or of others, and write(2) to its file show there.
  virtual void range_shared(uint32_t begin, uint32_t end) = 0;
  /// Called before the kernel or ferry itself writes [begin, end), which has write-watched pages:
  /// the observer must drop the watches there (end_write_watch) and the translations.
  virtual void kernel_write(uint32_t begin, uint32_t end) = 0;
  /// Called by the only thread, before another thread or process can see the order in which the
  /// guest accesses its memory.
  virtual void memory_shared() = 0;

 protected:
  ~MappingObserver() = default;
};

struct FileId {
  uint64_t inode = 0;
  uint32_t device_major = 0;
  uint32_t device_minor = 0;
  [[nodiscard]] auto operator<=>(const FileId&) const = default;
};

/// Which file `descriptor` is open on; false where the host does not say.
[[nodiscard]] bool identify_file(int descriptor, FileId& file);
/// The same for host path `name`, relative to `directory`.
[[nodiscard]] bool identify_file_at(int directory, const char* name, FileId& file);

/// What a mapping shows in /proc/PID/maps. It does not change.
struct MappedFile {
  std::string path;
  FileId id;
  uint32_t segment_bytes = 0;  ///< of a System V segment: its size in whole guest pages; else 0

  /// False for memory that merely has a name, such as the heap.
  [[nodiscard]] bool has_pages() const { return id.inode != 0 || segment_bytes != 0; }
};

/// TASK_SIZE of an i386 program on a 64-bit kernel (arch/x86/include/asm/page_64_types.h,
/// IA32_PAGE_OFFSET). The guest's memory ends below it.
inline constexpr uint32_t kTaskSize = 0xffffe000;

/// What mlock, madvise and mmap have said about a mapping, as the kernel keeps it in vm_flags.
inline constexpr uint16_t kLocked = 1 << 0;
inline constexpr uint16_t kLockOnFault = 1 << 1;  ///< with kLocked: what is accessed alone
inline constexpr uint16_t kLockTraits = kLocked | kLockOnFault;
inline constexpr uint16_t kWipeOnFork = 1 << 2, kDontFork = 1 << 3, kDontDump = 1 << 4;
inline constexpr uint16_t kSequential = 1 << 5, kRandom = 1 << 6, kMergeable = 1 << 7;
inline constexpr uint16_t kHugePage = 1 << 8, kNoHugePage = 1 << 9;
/// Private memory that may be written, and counts as committed (VM_ACCOUNT). Private memory of a
/// file keeps this when it is made read-only, so that it does not become one mapping with what
/// never was writable. The kernel keeps it for anonymous memory too if somebody has written there.
inline constexpr uint16_t kAccounted = 1 << 10;
inline constexpr uint16_t kNoReserve = 1 << 11;  ///< MAP_NORESERVE

/// Guest pages [begin, end) of one kind. Neighbours that could be one mapping are merged.
struct Mapping {
  uint32_t begin;
  uint32_t end;
  uint8_t protection;
  bool shared;
  uint32_t file;            ///< index into AddressSpace's files; 0 = anonymous without a name
  uint64_t offset;          ///< of `begin` in the file
  bool grows_down = false;  ///< an access below it extends it (MAP_GROWSDOWN, the stack)
  uint16_t traits = 0;      ///< see above
};

/// A System V segment to attach.
struct SegmentRequest {
  int32_t id = 0;
  int32_t key = 0;
  uint32_t host_flags = 0;  ///< SHM_RDONLY, SHM_EXEC (the same on every host)
};

/// mmap's arguments after conversion from the guest's ABI.
struct MapRequest {
  enum class Placement : uint8_t { anywhere, fixed, fixed_no_replace };
  uint32_t address = 0;
  uint32_t length = 0;
  uint8_t protection = 0;
  Placement placement = Placement::anywhere;
  bool shared = false;
  bool grows_down = false;
  bool lock = false;        ///< MAP_LOCKED
  bool no_reserve = false;  ///< MAP_NORESERVE, as the guest asked for it
  int descriptor = -1;      ///< -1: anonymous
  uint64_t offset = 0;
  int extra_host_flags = 0;  ///< MAP_POPULATE, MAP_NORESERVE in host values
  /// Of a mapping that another one extends; without a value those of a new one.
  std::optional<uint16_t> traits;
  const char* name = nullptr;  ///< for /proc/self/maps when there is no descriptor: "[stack]"
  std::optional<SegmentRequest> segment;  ///< instead of a descriptor
};

/// Sums over all mappings, in bytes.
struct MemoryTotals {
  uint64_t mapped = 0, most_mapped = 0, locked = 0, data = 0, stack = 0, code = 0;
};

struct MemoryView;

/// MappedFile as other processes read it (published.hpp).
struct PublishedFile {
  FileId id;
  uint64_t path = 0, path_length = 0;  ///< address, bytes
};

class AddressSpace final : public i386::CodeSource {
 public:
  /// `host_page_size`: the kernel's, or a larger power of two (tests of 16 KB hosts on 4 KB ones).
  explicit AddressSpace(uint32_t host_page_size);
  AddressSpace(const AddressSpace&) = delete;
  AddressSpace& operator=(const AddressSpace&) = delete;

  void set_observer(MappingObserver* observer) { observer_ = observer; }
  /// Where to open the files of shared mappings, on a host that needs them kept open
  /// (shared_backings.hpp).
  void set_descriptors(HiddenDescriptors* descriptors) { backings_.set_descriptors(descriptors); }
  /// Mappings made readable become executable too (personality READ_IMPLIES_EXEC).
  void set_read_implies_exec(bool on) { read_implies_exec_ = on; }
  [[nodiscard]] bool read_implies_exec() const { return read_implies_exec_; }
  /// Whether order_memory has an effect: with --memory-model=auto.
  void set_order_when_shared(bool on) { order_when_shared_ = on; }
  [[nodiscard]] uint32_t host_page_size() const { return host_page_size_; }

  /// Held during every change, and during questions that need the list of mappings; the engine's
  /// too. Functions take it by themselves; what says 'under lock()' needs a caller that holds it.
  [[nodiscard]] MemoryLock& lock() const { return lock_; }

  /// The LDT, which belongs to an address space as in the kernel. Written under lock().
  [[nodiscard]] i386::LocalDescriptorTable& local_descriptors() { return local_descriptors_; }

  // --- changes; errors as the i386 kernel gives them, kOk is success ----------------------------
  [[nodiscard]] Result<uint32_t> map(const MapRequest& request);
  [[nodiscard]] Errno unmap(uint32_t begin, uint32_t length);
  /// ENOMEM if part of the range is not mapped; the pages before that part are changed all the
  /// same.
  [[nodiscard]] Errno protect(uint32_t begin, uint32_t length, uint8_t protection);
  /// shmdt(2): unmaps what is left of the segment that was attached at `address`. EINVAL if there
  /// is none.
  [[nodiscard]] Errno detach_segment(uint32_t address);
  /// `flags`: MREMAP_MAYMOVE 1, MREMAP_FIXED 2, MREMAP_DONTUNMAP 4 (the same on every host).
  [[nodiscard]] Result<uint32_t> remap(uint32_t old_begin, uint32_t old_length, uint32_t new_length,
                                       uint32_t flags, uint32_t new_begin);
  /// madvise of whole guest pages; `advice` is one that Linux knows. What advice does to part of a
  /// host page: address_space_advise.cpp.
  [[nodiscard]] Errno advise(uint32_t begin, uint32_t end, int advice);
  /// To be called in the child of a fork, before its guest runs: drops and wipes what
  /// MADV_DONTFORK and MADV_WIPEONFORK asked for, and all locks.
  void after_fork_in_child();
  /// mlock, mlock2 and munlock of whole guest pages: `traits` is kLocked, kLockTraits or 0.
  /// EPERM, ENOMEM, EAGAIN as mm/mlock.c gives them.
  [[nodiscard]] Errno lock_pages(uint32_t begin, uint64_t length, uint16_t traits);
  /// mlockall: the traits that the mappings of today and later ones get; without a value today's
  /// stay as they are. munlockall: 0 and 0.
  [[nodiscard]] Errno lock_all(std::optional<uint16_t> current, uint16_t future);
  /// msync(2) of whole guest pages; `flags` are valid, and the same on every host.
  [[nodiscard]] Errno synchronize(uint32_t begin, uint64_t end, uint32_t flags);
  /// Whether any mapping has shown `file` so far.
  [[nodiscard]] bool ever_mapped(const FileId& file) const;
  /// A call has changed the contents or the size of `file`: drops what was translated from private
  /// mappings of the file.
  void file_changed(const FileId& file);
  /// Another process has written somewhere in the memory. Signal-safe.
  void note_foreign_write() { foreign_write_ = true; }
  [[nodiscard]] bool foreign_write_noted() const { return foreign_write_; }
  /// If such a write was noted since the last call, drops what was translated from private
  /// mappings.
  void settle_foreign_write();
  /// Reads or writes bytes within one guest page whatever its protection, as /proc/PID/mem does;
  /// false where nothing is mapped, or a shared page may not be written.
  [[nodiscard]] bool force_read(void* to, uint32_t address, uint32_t size);
  [[nodiscard]] bool force_write(uint32_t address, const void* from, uint32_t size);
  /// brk(2): returns the new break, or the old one on failure.
  uint32_t set_break(uint32_t address);
  /// For the loader: the heap starts at `address` (page-aligned); the program has `data_bytes` of
  /// data besides it, which RLIMIT_DATA counts.
  void start_break(uint32_t address, uint32_t data_bytes);
  /// For the loader, before it maps anything else: leaves room for a stack that may grow to
  /// `stack_limit` bytes below `stack_top`, as the kernel does (arch/x86/mm/mmap.c, mmap_base): new
  /// mappings go below it.
  void place_below_stack(uint32_t stack_top, uint64_t stack_limit);
  /// RLIMIT_DATA and RLIMIT_AS, in bytes.
  void set_data_limit(uint64_t soft, uint64_t hard) {
    data_limit_ = soft;
    data_limit_hard_ = hard;
  }
  void set_space_limit(uint64_t bytes) { space_limit_ = bytes; }

  /// From now on accesses keep the order that x86 gives them. To be called in a system call, before
  /// a second thread is made or memory is shared with another process. The first call is the only
  /// thread's, and costs all translations; later ones cost nothing. `caller`: the state of the
  /// calling thread, of which those of new threads are copies.
  void order_memory(i386::CpuState& caller);

  // --- questions --------------------------------------------------------------------------------
  /// The mapping that holds `address`, or null. Valid until the next change; under lock().
  [[nodiscard]] const Mapping* find(uint32_t address) const;
  /// The first mapping that ends past `address`, or null. Valid until the next change; under
  /// lock().
  [[nodiscard]] const Mapping* find_at_or_above(uint32_t address) const;
  /// Guest protection of the page that holds `address`; -1 where nothing is mapped. Signal-safe, as
  /// is the next function.
  [[nodiscard]] int prot_at(uint32_t address) const { return states_.protection(address); }
  /// Whether the guest's own protection allows it to write at `address`.
  [[nodiscard]] bool may_write(uint32_t address) const {
    const int protection = prot_at(address);
    return protection >= 0 && (protection & kProtWrite) != 0;
  }
  [[nodiscard]] uint32_t fetch_end(uint32_t address) const override;
  [[nodiscard]] uint32_t direct_fetch_end(uint32_t address) const override;
  [[nodiscard]] bool changes_beside() const override { return lock_.enabled(); }
  /// The host's address of the byte at `address` if the guest may read (or write) that byte; else
  /// null. A mapping that grows down is extended to the byte if its size stays within `stack_limit`
  /// bytes. Not signal-safe.
  [[nodiscard]] void* reach(uint32_t address, bool write, uint64_t stack_limit);
  /// Whether the host has [begin, begin + length) at the guest's own addresses, so that its kernel
  /// can be given them.
  [[nodiscard]] bool in_place(uint32_t begin, uint32_t length) const {
    const uint64_t end = std::min<uint64_t>(uint64_t{begin} + length, guest::kGuestEnd);
    return !states_.any_split_in(guest::page_floor(begin),
                                 guest::page_ceil(static_cast<uint32_t>(end)));
  }
  /// Calls `pass(begin, end)` with host addresses for all that backs the mapped guest pages of
  /// [begin, end), in whole host pages, until `pass` returns something other than 0. Returns that.
  template <typename Pass>
  [[nodiscard]] long for_each_backing(uint32_t begin, uint32_t end, Pass pass) const;
  /// Whether every page of [begin, begin + length) is mapped with one bit of `protection` or more.
  [[nodiscard]] bool accessible_in(uint32_t begin, uint32_t length, uint8_t protection) const;
  /// Whether every page of [begin, begin + length) is mapped with at least `protection`.
  [[nodiscard]] bool accessible(uint32_t begin, uint32_t length, uint8_t protection) const;
  /// All mappings, by address. Under lock().
  [[nodiscard]] const std::vector<Mapping>& mappings() const { return mappings_; }
  /// Under lock().
  [[nodiscard]] const MappedFile& file(uint32_t index) const { return *files_[index]; }
  /// A copy of all that /proc/self/maps and its like show (memory_view.hpp).
  [[nodiscard]] MemoryView view() const;
  /// From now on `record` shows the mappings.
  void publish(PublishedProcess& record);
  /// mincore(2): bit 0 of `residency[i]` becomes 1 if guest page i from `begin` on is in memory,
  /// for at most `pages` pages of one mapping. How many were looked at; 0 where nothing is mapped.
  [[nodiscard]] uint32_t residency(uint32_t begin, uint32_t pages, uint8_t* residency) const;
  [[nodiscard]] uint32_t program_break() const { return break_; }

  // --- write watch ------------------------------------------------------------------------------
  /// Until the end of the watch, the host pages of [page_begin, page_end) are not writable although
  /// the guest's protection says so. Whole guest pages; a host page is protected if any of its
  /// guest pages is watched. Unmapping or remapping a page ends its watch. False: the host's kernel
  /// may be writing there for another thread, and nothing is watched.
  [[nodiscard]] bool begin_write_watch(uint32_t page_begin, uint32_t page_end);
  void end_write_watch(uint32_t page_begin, uint32_t page_end);
  /// Whether a write to `address` faults because of a watch, its own or a neighbour's in the same
  /// host page, although the guest may write there. Signal-safe.
  [[nodiscard]] bool write_watched(uint32_t address) const;
  /// To be called before every write into guest memory by ferry or the kernel, which the watch
  /// would make fail. Does not say whether the range is writable; only ends watches in it.
  void prepare_kernel_write(uint32_t begin, uint32_t length) {
    if (plain(begin, length) || !states_.any_watch() || length == 0) return;
    if (watches_near(begin, length)) end_watches(begin, length);
  }
  /// A quick look: whether no watch and no split page is near [begin, begin + length), so that the
  /// host's kernel may use it as it lies. Not an answer about protections.
  [[nodiscard]] bool plain(uint32_t begin, uint32_t length) const {
    return states_.plain_around(begin, begin + length - 1);
  }
  /// Threads whose kernel writes keep watches from beginning.
  void add_kernel_writes(const KernelWrites& writes);
  void remove_kernel_writes(const KernelWrites& writes);
  /// What an access that failed has met, after any change that another thread was making.
  struct FailedAccess {
    int protection;  ///< the guest's own, as prot_at says
    /// The guest may make the access, and mappings have changed since the last repetition: another
    /// thread may have been in the middle of that change, so the access is to be repeated.
    bool again;
  };
  /// Judges a failed access to `address` that any bit of `needed` allows. `known` is the caller's,
  /// for nothing but these questions; a failure that no change explains is not repeated twice.
  [[nodiscard]] FailedAccess judge(uint32_t address, uint8_t needed, uint32_t& known) const {
    const MemoryGuard guard(lock_);
    const int protection = prot_at(address);
    const bool allowed = protection >= 0 && (protection & needed) != 0;
    return {protection, lock_.enabled() && allowed && news(known)};
  }
  /// Repeats `access` to [begin, begin + length), which failed, as long as the guest may make it
  /// and other threads change the address space meanwhile. Whether it succeeded.
  template <typename Access>
  [[nodiscard]] bool repeat_while_changing(uint32_t begin, uint32_t length, uint8_t protection,
                                           Access access) const {
    if (!lock_.enabled()) return false;
    const auto again = [&](uint32_t& known) {
      const MemoryGuard guard(lock_);
      return accessible_in(begin, length, protection) && news(known);
    };
    for (uint32_t known = changes_ - 1; again(known);) {
      if (access()) return true;
    }
    return false;
  }

 private:
  struct HostRange {  // whole host pages; empty when begin >= end
    uint32_t begin;
    uint32_t end;
  };

  [[nodiscard]] uint32_t host_floor(uint32_t a) const { return a & ~(host_page_size_ - 1); }
  [[nodiscard]] uint32_t host_ceil(uint32_t a) const {
    return (a + host_page_size_ - 1) & ~(host_page_size_ - 1);
  }
  /// Whether [begin, begin + length) is mapped, and `suffices` says so of every page's protection.
  template <typename Suffices>
  [[nodiscard]] bool all_pages(uint32_t begin, uint32_t length, Suffices suffices) const;
  [[nodiscard]] HostRange inner_host_range(uint32_t begin, uint32_t end) const;
  [[nodiscard]] HostRange host_pages(uint32_t begin, uint32_t length) const;
  [[nodiscard]] bool from_file(const Mapping& mapping) const {
    return files_[mapping.file]->has_pages();
  }
  [[nodiscard]] uint32_t mapped_until(uint32_t begin, uint32_t end) const;
  [[nodiscard]] uint64_t mapped_in(uint32_t begin, uint32_t end) const;
  [[nodiscard]] bool any_mapped(uint32_t begin, uint32_t end) const;
  [[nodiscard]] bool hint_taken(const MapRequest& request, uint32_t hint) const;
  [[nodiscard]] uint32_t find_free(uint32_t length, uint32_t congruence) const;
  [[nodiscard]] uint32_t find_place(const MapRequest& request) const;
  [[nodiscard]] uint32_t find_segment_place(uint32_t length) const;
  [[nodiscard]] uint32_t free_below(uint32_t top, uint32_t length, uint32_t congruence) const;
  [[nodiscard]] uint32_t free_above(uint32_t bottom, uint32_t length, uint32_t congruence) const;
  [[nodiscard]] bool any_writable(uint32_t begin, uint32_t end) const;
  void clear_watch(uint32_t begin, uint32_t end);
  [[nodiscard]] bool watches_near(uint32_t begin, uint32_t length) const;
  void end_watches(uint32_t begin, uint32_t length);
  [[nodiscard]] static int host_bits(int guest_protection);
  [[nodiscard]] int host_protection(uint32_t host_page) const;
  void apply_protection(uint32_t begin, uint32_t end);
  [[nodiscard]] long protect_host_pages(uint32_t begin, uint32_t end, int bits);
  [[nodiscard]] long protect_places(uint32_t host_page, uint32_t begin, uint32_t end, int bits);
  [[nodiscard]] bool any_shared(uint32_t begin, uint32_t end) const;
  [[nodiscard]] bool needs_split(uint32_t host_page) const;
  [[nodiscard]] Errno split_host_page(uint32_t host_page, uint32_t begin, uint32_t end);
  [[nodiscard]] bool rejoin(uint32_t host_page);
  void settle(uint32_t host_page);
  void settle_range(uint32_t begin, uint32_t end) {
    const bool whole_pages = begin == host_floor(begin) && end == host_floor(end);
    if (!whole_pages || !splits_.empty()) settle_pages(begin, end);
  }
  void settle_pages(uint32_t begin, uint32_t end);
  void forget_splits(uint32_t begin, uint32_t end);
  [[nodiscard]] bool mappable_directly(const MapRequest& request) const;
  [[nodiscard]] Errno try_mapping(const MapRequest& request) const;
  [[nodiscard]] Errno back_with_host_pages(const MapRequest& request);
  [[nodiscard]] Errno back_with(const MapRequest& request, SharedBackings::Handle backing);
  [[nodiscard]] SharedBackings::Handle open_backing(const MapRequest& request);
  [[nodiscard]] Errno back_whole(uint32_t begin, uint32_t end, const MapRequest& request);
  [[nodiscard]] Errno back_edge(uint32_t begin, uint32_t end, const MapRequest& request);
  [[nodiscard]] Errno back_split(uint32_t begin, uint32_t end, const MapRequest& request);
  [[nodiscard]] Errno attach_segment(const MapRequest& request);
  [[nodiscard]] long place_segment(long attached, uint32_t begin, uint32_t edge, uint32_t end);
  void release_host_pages(uint32_t begin, uint32_t end);
  [[nodiscard]] uint8_t* place_of(uint32_t address) const;
  [[nodiscard]] uint8_t* open_page(uint32_t page, int bits);
  void clear_page(uint32_t page);
  [[nodiscard]] Errno check_placement(const MapRequest& request) const;
  void count(const Mapping& mapping, bool added);
  [[nodiscard]] static bool is_data(const Mapping& mapping);
  [[nodiscard]] static uint16_t accounted(const Mapping& mapping);
  [[nodiscard]] bool may_expand(bool data, uint64_t bytes) const;
  [[nodiscard]] uint32_t protectable_until(uint32_t begin, uint32_t end, uint8_t protection) const;
  [[nodiscard]] Errno advise_mapping(const Mapping& mapping, uint32_t begin, uint32_t end,
                                     int advice);
  [[nodiscard]] Errno discard(uint32_t begin, uint32_t end);
  [[nodiscard]] Errno remove_pages(uint32_t begin, uint32_t end);
  [[nodiscard]] Errno populate(uint32_t begin, uint32_t end, bool write);
  void pass_advice(uint32_t begin, uint32_t end, int advice) const;
  void change_traits(uint32_t begin, uint32_t end, uint16_t clear, uint16_t set);
  [[nodiscard]] static bool may_lock();
  [[nodiscard]] static bool may_lock_in_all(uint64_t bytes);
  [[nodiscard]] uint64_t locked_in(uint32_t begin, uint32_t end) const;
  [[nodiscard]] Errno lock_host_pages(uint32_t begin, uint32_t end);
  [[nodiscard]] bool grow_down_to(uint32_t address, uint64_t stack_limit);
  void changed(uint32_t begin, uint32_t end);
  void report_shared_code(uint32_t begin, uint32_t end) const;
  /// The index of the first mapping that ends above `address`; their number if none does.
  [[nodiscard]] size_t first_ending_after(uint32_t address) const {
    // One call asks about the same place several times.
    const size_t i = last_found_;
    const bool found = i < mappings_.size() && mappings_[i].end > address &&
                       (i == 0 || mappings_[i - 1].end <= address);
    return found ? i : search(address);
  }
  [[nodiscard]] size_t search(uint32_t address) const;
  void split_at(uint32_t address);
  void note_change();
  void protect_as_watched(uint32_t page_begin, uint32_t page_end);
  [[nodiscard]] bool kernel_may_write(uint32_t page_begin, uint32_t page_end) const;
  /// Whether anything has changed since `known`, which becomes the present number of changes. Under
  /// lock(), in one piece with the look at protections: between them a change could begin that the
  /// next failure has as its cause.
  [[nodiscard]] bool news(uint32_t& known) const {
    const uint32_t before = std::exchange(known, changes_.load(std::memory_order_relaxed));
    return known != before;
  }
  void erase_range(uint32_t begin, uint32_t end);
  void insert(const Mapping& mapping);
  void replace(const Mapping& mapping);
  void merge_around(uint32_t begin, uint32_t end);
  void merge_from(size_t i, uint32_t end);
  uint32_t add_file(const MappedFile& file);
  uint32_t intern_file(const MapRequest& request);
  uint32_t intern_segment(const MapRequest& request);
  [[nodiscard]] Result<uint32_t> resize_in_place(const Mapping& mapping, uint32_t begin,
                                                 uint32_t old_length, uint32_t new_length);
  [[nodiscard]] Result<uint32_t> move_mapping(const Mapping& mapping, uint32_t begin,
                                              uint32_t old_length, uint32_t new_length,
                                              uint32_t target);
  [[nodiscard]] Result<uint32_t> remap_again(const Mapping& mapping, uint32_t begin,
                                             uint32_t new_length, uint32_t flags,
                                             uint32_t new_begin);
  [[nodiscard]] Result<uint32_t> move_and_keep(const Mapping& mapping, uint32_t begin,
                                               uint32_t length, uint32_t target);
  [[nodiscard]] Result<uint32_t> remap_to(uint32_t old_begin, uint32_t old_length,
                                          uint32_t new_length, uint32_t flags, uint32_t new_begin);
  [[nodiscard]] Errno check_source(uint32_t begin, uint32_t length) const;
  [[nodiscard]] Errno check_growth(const Mapping& mapping, uint32_t old_length, uint32_t new_length,
                                   uint32_t flags) const;
  [[nodiscard]] Errno duplicate_shared(const Mapping& source, uint32_t begin, uint32_t old_length,
                                       uint32_t new_length, uint32_t target);
  void insert_moved(const Mapping& source, uint32_t begin, uint32_t target, uint32_t length);
  [[nodiscard]] bool any_split(uint32_t begin, uint32_t end) const;
  [[nodiscard]] bool owns_host_pages(uint32_t begin, uint32_t end) const;
  [[nodiscard]] bool follows_file(const Mapping& mapping) const;
  void clear_rest_of_host_page(const Mapping& mapping, uint32_t old_end, uint32_t new_end) const;

  mutable MemoryLock lock_;
  i386::LocalDescriptorTable local_descriptors_;
  uint32_t host_page_size_;
  bool read_implies_exec_ = false;
  bool order_when_shared_ = false;
  bool ordered_ = false;  ///< order_memory was called and had an effect
  MappingObserver* observer_ = nullptr;
  std::vector<Mapping> mappings_;
  mutable Relaxed<size_t> last_found_ = 0;  ///< what `search` returned last; may be out of date
  std::vector<std::unique_ptr<MappedFile>> files_;
  std::vector<PublishedFile> published_files_;  ///< the same, for others
  ShownBy mappings_shown_, files_shown_;
  uint64_t shared_anonymous_files_ = 0;
  SharedBackings backings_;
  MemoryTotals total_;
  uint64_t data_limit_ = UINT64_MAX;
  uint64_t data_limit_hard_ = UINT64_MAX;
  uint64_t space_limit_ = UINT64_MAX;
  uint16_t future_locks_ = 0;  ///< traits that MCL_FUTURE gives new mappings
  uint32_t program_data_ = 0;  ///< bytes of the program's data segment, without the heap
  uint32_t break_start_ = 0;
  uint32_t break_ = 0;
  uint32_t mmap_top_ = guest::kGuestEnd;  ///< mappings are placed below it while there is room
  PageStates states_{host_page_size_};
  SplitPages splits_{host_page_size_, states_};
  std::vector<const KernelWrites*> kernel_writes_;
  std::atomic<bool> foreign_write_ = false;
  /// Changes of mappings and protections, and beginnings and ends of watches.
  std::atomic<uint32_t> changes_ = 0;
};

template <typename Pass>
long AddressSpace::for_each_backing(uint32_t begin, uint32_t end, Pass pass) const {
  const MemoryGuard guard(lock_);
  long result = 0;
  for (uint32_t at = begin; at < end && result == 0;) {
    const uint32_t split = splits_.next(host_floor(at));
    if (host_floor(at) != split) {
      const uint32_t stop = split < end ? split : host_ceil(end);
      result = pass(static_cast<uint8_t*>(guest::host_pointer(host_floor(at))),
                    static_cast<uint8_t*>(guest::host_pointer(stop)));
      at = stop;
    } else {
      if (uint8_t* const base = splits_.backing(at); base != nullptr)
        result = pass(base, base + host_page_size_);
      at += guest::kPageSize;
    }
  }
  return result;
}

}  // namespace ferry::linux
