#include "linux/kernel/shared_memory.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "linux/host/host_syscall.hpp"

namespace ferry::linux {

namespace {

/// Whether the file lies in memory alone, as those of memfd_create and shm_open do, or is a device.
bool in_memory_or_device(int descriptor) {
  struct stat file {};
  if (::fstat(descriptor, &file) == 0 && S_ISCHR(file.st_mode)) return true;
  struct statfs system {};
  if (host_call(SYS_fstatfs, descriptor, &system) < 0) return true;
  return system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC ||
         system.f_type == HUGETLBFS_MAGIC;
}

}  // namespace

bool seen_by_others(const MapRequest& request) {
  if (!request.shared) return false;
  // Without PROT_WRITE mprotect may still make it writable.
  if ((request.protection & kProtWrite) != 0 || request.descriptor < 0) return true;
  const long flags = host_call(SYS_fcntl, request.descriptor, F_GETFL);
  return flags < 0 || (flags & O_ACCMODE) != O_RDONLY || in_memory_or_device(request.descriptor);
}

void AddressSpace::order_memory(i386::CpuState& caller) {
  if (!order_when_shared_) return;
  caller.guards |= i386::CpuState::kOrdered;
  if (ordered_) return;
  ordered_ = true;
  if (observer_ != nullptr) observer_->memory_shared();
}

}  // namespace ferry::linux
