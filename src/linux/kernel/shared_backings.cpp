#include "linux/kernel/shared_backings.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "linux/host/host_syscall.hpp"

namespace ferry::linux {

namespace {

bool host_maps_again() {
  const auto page = static_cast<long>(sysconf(_SC_PAGESIZE));
  const long first =
      host_call(SYS_mmap, nullptr, page, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (first < 0) return true;
  const long second = host_call(SYS_mremap, first, 0, page, MREMAP_MAYMOVE, nullptr);
  if (second >= 0) host_call(SYS_munmap, second, page);
  host_call(SYS_munmap, first, page);
  return second >= 0;
}

/// An open file of `bytes` zeroes, or -errno. The limit of a file's size does not hold for
/// anonymous memory, and passing it would send SIGXFSZ.
long open_memory(uint64_t bytes) {
  if (bytes > host_limit(RLIMIT_FSIZE).soft) return -EFBIG;
  const long fd =
      make_own_descriptor([] { return host_call(SYS_memfd_create, "shared", MFD_CLOEXEC); });
  if (fd >= 0 && host_call(SYS_ftruncate, fd, bytes) < 0) {
    host_call(SYS_close, fd);
    return -ENOMEM;
  }
  return fd;
}

}  // namespace

SharedBackings::Handle SharedBackings::open(int descriptor, uint64_t bytes) {
  static const bool needed = !host_maps_again();
  if (descriptors_ == nullptr || !needed || full()) return HiddenDescriptors::kNone;
  const long fd = descriptor < 0 ? open_memory(bytes) : make_own_descriptor([descriptor] {
    return host_call(SYS_fcntl, descriptor, F_DUPFD_CLOEXEC, 0);
  });
  return descriptors_->hide(static_cast<int>(fd));
}

void SharedBackings::keep(uint32_t index, Handle handle) {
  if (handle == HiddenDescriptors::kNone) return;
  const auto [kept, added] = kept_.try_emplace(index, handle);
  if (added) return;
  descriptors_->drop(kept->second);
  kept->second = handle;
}

int SharedBackings::find(uint32_t index) const {
  const auto kept = kept_.find(index);
  return kept == kept_.end() ? -1 : descriptor(kept->second);
}

}  // namespace ferry::linux
