// What a ferry process shows of itself to other ferry processes, whose guests look at it through
// /proc/PID (process_view.hpp).
//
// A record lies at the beginning of a mapping whose name others find in the host's /proc/PID/maps.
// They read it, and the lists it leads to, through /proc/PID/mem: so they need the permissions that
// the kernel asks for, the process takes no part, and a stopped one shows as much as a running one.
// A forked child has the record as a copy, like all memory; a program that is executed makes a new
// one. A vfork child shares its parent's, as it shares the memory that the record describes.
//
// Structures of this file and those that the lists hold are read as they are. So a reader must be
// of the same build, which it finds out by the binary that the process has open.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

namespace ferry::linux {

/// Where the program was put, as struct mm_struct of the kernel has it:
/// /proc/self/{stat,cmdline,environ}.
struct ProgramLayout {
  uint32_t start_code = 0, end_code = 0, start_data = 0, end_data = 0;
  uint32_t start_brk = 0;
  uint32_t start_stack = 0;                                         ///< the first esp
  uint32_t arg_start = 0, arg_end = 0, env_start = 0, env_end = 0;  ///< the strings
};

/// A vector in the process's memory, which may change while others read it.
struct PublishedList {
  std::atomic<uint32_t> sequence{0};  ///< odd while the vector changes
  uint32_t open_changes = 0;          ///< the writer's
  std::atomic<uint64_t> address{0};
  std::atomic<uint64_t> count{0};
};

/// While an object lives, `vector`, which `list` shows, may change; changes may lie inside others.
/// The caller holds the vector's lock. Does nothing for a null `list`.
template <typename T>
class ListChange {
 public:
  ListChange(PublishedList* list, const std::vector<T>& vector) : list_(list), vector_(vector) {
    if (list_ == nullptr || list_->open_changes++ != 0) return;
    count_change();
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
  ~ListChange() {
    if (list_ == nullptr || --list_->open_changes != 0) return;
    list_->address.store(reinterpret_cast<uint64_t>(vector_.data()), std::memory_order_relaxed);
    list_->count.store(vector_.size(), std::memory_order_relaxed);
    count_change();
  }
  ListChange(const ListChange&) = delete;
  ListChange& operator=(const ListChange&) = delete;

 private:
  void count_change() {  // nobody else writes the number
    const uint32_t sequence = list_->sequence.load(std::memory_order_relaxed);
    list_->sequence.store(sequence + 1, std::memory_order_release);
  }

  PublishedList* list_;
  const std::vector<T>& vector_;
};

/// The list that shows a table. A copy of the table is shown by none: a vfork child has copies, and
/// the record is its parent's.
class ShownBy {
 public:
  ShownBy() = default;
  ShownBy(const ShownBy&) {}
  ShownBy& operator=(const ShownBy&) = delete;
  ~ShownBy() = default;

  /// From now on `list` shows `vector`, whose lock the caller holds.
  template <typename T>
  void begin(PublishedList& list, const std::vector<T>& vector) {
    list_ = &list;
    const ListChange change(list_, vector);
  }
  operator PublishedList*() const { return list_; }  // NOLINT(google-explicit-constructor)

 private:
  PublishedList* list_ = nullptr;
};

struct PublishedProcess {
  static constexpr uint64_t kMagic = 0x6665'7272'7970'726f;
  static constexpr size_t kMostAuxiliary = 64;

  std::atomic<uint64_t> magic{0};  ///< set once the rest is right
  /// The process that the record describes: another one in a vfork child, and in a child that has
  /// just been forked.
  std::atomic<int32_t> pid{0};
  // Descriptors, as indices of `hidden`.
  uint32_t binary = 0;      ///< ferry's binary
  uint32_t executable = 0;  ///< the guest's program
  ProgramLayout layout;
  uint32_t auxiliary_words = 0;
  std::array<uint32_t, kMostAuxiliary> auxiliary_vector{};
  uint64_t actions = 0;        ///< address of GuestProcess::actions
  uint64_t known_actions = 0;  ///< address of GuestProcess::known_actions
  uint64_t totals = 0;         ///< address of the AddressSpace's MemoryTotals
  PublishedList mappings;      ///< of Mapping
  PublishedList files;         ///< of PublishedFile
  PublishedList threads;       ///< of pointers to Thread
  PublishedList small;         ///< of SmallKind, by descriptor
  PublishedList hidden;        ///< of int: descriptors of ferry's own; -1: none
};

/// The end of the name of the record's mapping.
inline constexpr char kRecordName[] = "/memfd:ferry-process (deleted)";

}  // namespace ferry::linux
