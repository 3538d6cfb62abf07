// The files of shared mappings, kept open where the host cannot map shared pages a second time:
// Linux does so for an mremap of length 0 (mm/mremap.c, vma_to_resize), qemu-user 7.2 answers
// ENOMEM. Nothing is kept on other hosts.
#pragma once

#include <cstdint>
#include <map>

#include "linux/kernel/hidden_descriptors.hpp"

namespace ferry::linux {

class SharedBackings {
 public:
  using Handle = HiddenDescriptors::Handle;

  /// The hidden descriptors that the files join; without this call no file is kept.
  void set_descriptors(HiddenDescriptors* descriptors) { descriptors_ = descriptors; }

  /// For a shared mapping about to be made of `descriptor`, or of `bytes` of anonymous memory (-1):
  /// an open file to keep. kNone: the host needs none, or there are too many.
  [[nodiscard]] Handle open(int descriptor, uint64_t bytes);
  /// The file's descriptor.
  [[nodiscard]] int descriptor(Handle handle) const { return (*descriptors_)[handle]; }

  void drop(Handle handle) {
    if (handle != HiddenDescriptors::kNone) descriptors_->drop(handle);
  }
  /// Keeps `handle`, which open() gave, for the mappings of file `index`.
  void keep(uint32_t index, Handle handle);
  /// A descriptor of the file kept for `index`; -1: none.
  [[nodiscard]] int find(uint32_t index) const;

  /// Whether so many files are kept that those no longer mapped should be closed.
  [[nodiscard]] bool full() const { return kept_.size() >= kMost; }
  /// Closes the files for which `mapped(index)` is false.
  template <typename Mapped>
  void drop_unless(Mapped mapped) {
    for (auto each = kept_.begin(); each != kept_.end();) {
      if (mapped(each->first)) {
        ++each;
        continue;
      }
      descriptors_->drop(each->second);
      each = kept_.erase(each);
    }
  }

 private:
  static constexpr size_t kMost = 64;

  HiddenDescriptors* descriptors_ = nullptr;
  std::map<uint32_t, Handle> kept_;  ///< by index of the file
};

}  // namespace ferry::linux
