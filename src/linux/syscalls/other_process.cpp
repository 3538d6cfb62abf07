// Calls on other processes: their memory and their descriptors.
#include <fcntl.h>
#include <linux/kcmp.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include "linux/kernel/hidden_descriptors.hpp"
#include "linux/kernel/host_file.hpp"
#include "linux/kernel/host_status.hpp"
#include "linux/kernel/messages.hpp"
#include "linux/kernel/proc_entry.hpp"
#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/handlers.hpp"

namespace ferry::linux {

namespace {

/// A guest's iovec array, unchanged.
Errno copy_in_vectors(uint32_t guest, uint32_t count, std::vector<abi::IoVec>& vectors) {
  if (count > HostVectors::kMax) return abi::kEINVAL;
  for (uint32_t i = 0; i < count; ++i) {
    abi::IoVec vector;
    const Errno error = copy_in_vector(guest, i, vector);
    if (error != kOk) return error;
    vectors.push_back(vector);
  }
  return kOk;
}

uint64_t length_of(const std::vector<abi::IoVec>& vectors) {
  uint64_t sum = 0;
  for (const abi::IoVec& vector : vectors) sum += vector.length;
  return sum;
}

/// Walks the bytes that vectors name, never across the border of a page in one step.
class Cursor {
 public:
  explicit Cursor(const std::vector<abi::IoVec>& vectors) : vectors_(vectors) { skip_empty(); }
  /// Where the next bytes are; at 4 GB and above too, if a vector reaches so far.
  [[nodiscard]] uint64_t address() const { return uint64_t{vectors_[index_].base} + done_; }
  /// How many bytes there are in one step; 0 at the end.
  [[nodiscard]] uint32_t room() const {
    if (index_ == vectors_.size()) return 0;
    const auto in_page = static_cast<uint32_t>(address() & guest::kPageMask);
    return std::min(vectors_[index_].length - done_, guest::kPageSize - in_page);
  }
  void advance(uint32_t bytes) {
    done_ += bytes;
    skip_empty();
  }

 private:
  void skip_empty() {
    while (index_ < vectors_.size() && done_ == vectors_[index_].length) {
      ++index_;
      done_ = 0;
    }
  }

  const std::vector<abi::IoVec>& vectors_;
  size_t index_ = 0;
  uint32_t done_ = 0;  ///< bytes of the vector at index_
};

/// Guest memory of this process or of another ferry, as the kernel reaches it for a stranger
/// (mm/gup.c, without FOLL_FORCE): what the guest's own protections allow.
class RemoteGuest {
 public:
  /// `other`: the process's view with its memory, and `memory` its /proc/PID/mem; without a view
  /// the caller itself.
  RemoteGuest(Thread& thread, std::optional<ProcessView> other, int memory)
      : thread_(thread), other_(std::move(other)), memory_(memory) {}

  /// [address, address + length) is in one guest page. False if the guest may not read it.
  [[nodiscard]] bool read(uint64_t address, void* to, uint32_t length) const {
    if (!allows(address, kProtRead)) return false;
    const auto guest = static_cast<uint32_t>(address);
    if (!other_) return copy_in_bytes(guest, to, length);
    return host_call(SYS_pread64, memory_, to, length, position(guest)) == length;
  }
  [[nodiscard]] bool write(uint64_t address, const void* from, uint32_t length) const {
    if (!allows(address, kProtWrite)) return false;
    const auto guest = static_cast<uint32_t>(address);
    if (!other_) return copy_out_bytes(thread_, guest, from, length);
    return host_call(SYS_pwrite64, memory_, from, length, position(guest)) == length;
  }

 private:
  static uint64_t position(uint32_t guest) {
    return reinterpret_cast<uint64_t>(guest::host_pointer(guest));
  }
  [[nodiscard]] bool allows(uint64_t address, uint8_t protection) const {
    if (address >= guest::kGuestEnd) return false;
    const auto guest = static_cast<uint32_t>(address);
    if (!other_) {
      const int allowed = thread_.process->space->prot_at(guest);
      return allowed >= 0 && (allowed & protection) != 0;
    }
    const std::vector<Mapping>& mappings = other_->memory.mappings;
    const auto mapping =
        std::upper_bound(mappings.begin(), mappings.end(), guest,
                         [](uint32_t at, const Mapping& each) { return at < each.end; });
    return mapping != mappings.end() && mapping->begin <= guest &&
           (mapping->protection & protection) != 0;
  }

  Thread& thread_;
  std::optional<ProcessView> other_;
  int memory_;
};

enum class Direction : uint8_t { read, write };

/// mm/process_vm_access.c, process_vm_rw_core: up to the first byte that is not there on one side.
CallResult move_bytes(Thread& t, const RemoteGuest& remote, Direction direction,
                      const std::vector<abi::IoVec>& local_vectors,
                      const std::vector<abi::IoVec>& remote_vectors) {
  constexpr uint32_t kMost = 0x7ffff000;  // MAX_RW_COUNT
  Cursor here(local_vectors);
  Cursor there(remote_vectors);
  std::array<uint8_t, guest::kPageSize> bytes;
  uint32_t moved = 0;
  for (;;) {
    const uint32_t step = std::min({here.room(), there.room(), kMost - moved});
    if (step == 0) return moved;
    const bool mapped = here.address() < guest::kGuestEnd;
    const auto local = static_cast<uint32_t>(here.address());
    const bool done = direction == Direction::read
                          ? mapped && remote.read(there.address(), bytes.data(), step) &&
                                copy_out_bytes(t, local, bytes.data(), step)
                          : mapped && copy_in_bytes(local, bytes.data(), step) &&
                                remote.write(there.address(), bytes.data(), step);
    if (!done) return moved != 0 ? CallResult(moved) : abi::kEFAULT;
    moved += step;
    here.advance(step);
    there.advance(step);
  }
}

/// The same with another ferry, by its /proc/PID/mem, which reaches pages that a write watch
/// protects too. The right to open that file is the right that the kernel asks for here.
CallResult move_with_ferry(Thread& t, int32_t pid, ProcessView view, Direction direction,
                           const std::vector<abi::IoVec>& local_vectors,
                           const std::vector<abi::IoVec>& remote_vectors) {
  const std::string path = proc_path(pid) + "mem";
  const long memory = make_own_descriptor([&] {
    return host_call(SYS_openat, AT_FDCWD, path.c_str(),
                     (direction == Direction::read ? O_RDONLY : O_RDWR) | O_CLOEXEC);
  });
  if (memory == -EACCES) return abi::kEPERM;
  if (memory < 0) return abi::kESRCH;
  const RemoteGuest remote(t, std::move(view), static_cast<int>(memory));
  const CallResult result = move_bytes(t, remote, direction, local_vectors, remote_vectors);
  host_call(SYS_close, memory);
  if (direction == Direction::write && result.value() != 0) tell_of_write(*t.process, pid);
  return result;
}

/// The same with a program that is not this ferry. Should it be a ferry all the same, whose record
/// cannot be read, its own memory is out of reach: no address above guest space is passed on.
CallResult move_with_stranger(Thread& t, int32_t pid, Direction direction, GuestPointer local,
                              uint32_t local_count, const std::vector<abi::IoVec>& remote_vectors) {
  HostVectors here;
  here.load(t, local, local_count, direction == Direction::read);
  if (here.error != kOk) return here.error;
  std::vector<struct iovec> there;
  constexpr uint32_t kNowhere = 0xfffff000;
  for (const abi::IoVec& vector : remote_vectors) {
    const uint64_t room = vector.base < guest::kGuestEnd ? guest::kGuestEnd - vector.base : 0;
    const uint64_t length = std::min<uint64_t>(vector.length, room);
    if (length != 0 || vector.length == 0)
      there.push_back({guest::host_pointer(vector.base), length});
    if (length == vector.length) continue;
    there.push_back({guest::host_pointer(kNowhere), vector.length - length});
    break;
  }
  const long number = direction == Direction::read ? SYS_process_vm_readv : SYS_process_vm_writev;
  const long result = host_call(number, pid, here.entries, here.count, there.data(),
                                std::min<size_t>(there.size(), HostVectors::kMax), 0);
  // An emulator below may not know the call, but whether there is such a process.
  if (result == -ENOSYS && host_call(SYS_kill, pid, 0) == -ESRCH) return abi::kESRCH;
  return guest_result(result);
}

/// mm/process_vm_access.c, process_vm_rw, in its order.
CallResult process_memory(Thread& t, Pid pid, GuestPointer local, uint32_t local_count,
                          GuestPointer remote, uint32_t remote_count, Flags flags,
                          Direction direction) {
  std::vector<abi::IoVec> here;
  std::vector<abi::IoVec> there;
  if (flags != 0) return abi::kEINVAL;
  Errno error = copy_in_vectors(local, local_count, here);
  if (error != kOk) return error;
  if (length_of(here) == 0) return kOk;
  error = copy_in_vectors(remote, remote_count, there);
  if (error != kOk) return error;
  if (length_of(there) == 0) return kOk;
  if (pid <= 0) return abi::kESRCH;
  if (is_own_process(*t.process, pid))
    return move_bytes(t, RemoteGuest(t, {}, -1), direction, here, there);
  auto view = view_of_other(*t.process, pid, ViewParts::all);
  if (view) return move_with_ferry(t, pid, std::move(*view), direction, here, there);
  return move_with_stranger(t, pid, direction, local, local_count, there);
}

}  // namespace

CallResult sys_process_vm_readv(Thread& t, Pid pid, GuestPointer local, uint32_t local_count,
                                GuestPointer remote, uint32_t remote_count, Flags flags) {
  return process_memory(t, pid, local, local_count, remote, remote_count, flags, Direction::read);
}
CallResult sys_process_vm_writev(Thread& t, Pid pid, GuestPointer local, uint32_t local_count,
                                 GuestPointer remote, uint32_t remote_count, Flags flags) {
  return process_memory(t, pid, local, local_count, remote, remote_count, flags, Direction::write);
}

// --- descriptors ---------------------------------------------------------------------------------

namespace {

/// `fd` of process `pid` as the host may be given it: no descriptor if it is a ferry's own.
uint32_t visible_descriptor(const GuestProcess& process, int32_t pid, uint32_t fd) {
  constexpr uint32_t kNone = INT32_MAX;
  const auto number = static_cast<int32_t>(fd);
  if (is_own_process(process, pid)) return process.descriptor_hidden(number) ? kNone : fd;
  const auto view = view_of_other(process, pid, ViewParts::numbers);
  return view && view->hides_descriptor(number) ? kNone : fd;
}

/// The process of a pidfd; 0 if it is none.
int32_t process_of(int pidfd) {
  const std::string text = read_host_file(("/proc/self/fdinfo/" + std::to_string(pidfd)).c_str());
  const std::string_view field = status_field(text, "Pid:");
  int32_t pid = 0;
  std::from_chars(field.data(), field.data() + field.size(), pid);
  return pid;
}

}  // namespace

CallResult sys_kcmp(Thread& t, Pid first, Pid second, int32_t type, Word first_index,
                    Word second_index) {
  struct Slot {  // struct kcmp_epoll_slot, the same everywhere
    uint32_t epoll, target, offset;
  } slot{};
  const GuestProcess& process = *t.process;
  uint32_t one = first_index;
  uint32_t other = second_index;
  if (type == KCMP_FILE || type == KCMP_EPOLL_TFD) one = visible_descriptor(process, first, one);
  if (type == KCMP_FILE) other = visible_descriptor(process, second, other);
  if (type != KCMP_EPOLL_TFD)
    return guest_result(host_call(SYS_kcmp, first, second, type, one, other));
  const bool readable_slot = copy_in(second_index, slot);
  slot.epoll = visible_descriptor(process, second, slot.epoll);
  return guest_result(
      host_call(SYS_kcmp, first, second, type, one, readable_slot ? &slot : nullptr));
}

NewFd sys_pidfd_getfd(Thread& t, Fd pidfd, FdNumber target, Flags flags) {
  if (flags != 0) return abi::kEINVAL;
  const int32_t pid = process_of(pidfd);
  const uint32_t number = visible_descriptor(*t.process, pid, static_cast<uint32_t>(target.number));
  return guest_result(host_call(SYS_pidfd_getfd, pidfd, static_cast<int32_t>(number), 0));
}

/// mm/madvise.c, process_madvise (6.12).
CallResult sys_process_madvise(Thread& t, Fd pidfd, GuestPointer vectors_pointer, uint32_t count,
                               int32_t advice, Flags flags) {
  std::vector<abi::IoVec> vectors;
  if (flags != 0) return abi::kEINVAL;
  const Errno error = copy_in_vectors(vectors_pointer, count, vectors);
  if (error != kOk) return error;
  const int32_t pid = process_of(pidfd);
  if (pid > 0 && is_own_process(*t.process, pid)) {
    constexpr int32_t kWillNeed = 3, kCold = 20, kPageOut = 21, kCollapse = 25;
    if (advice != kWillNeed && advice != kCold && advice != kPageOut && advice != kCollapse)
      return abi::kEINVAL;
    uint32_t done = 0;
    for (const abi::IoVec& vector : vectors) {
      const CallResult result = sys_madvise(t, GuestPointer{vector.base}, vector.length, advice);
      if (!result.ok()) return done != 0 ? CallResult(done) : result;
      done += vector.length;
    }
    return done;
  }
  std::vector<struct iovec> host;
  host.reserve(vectors.size());
  for (const abi::IoVec& vector : vectors)
    host.push_back({guest::host_pointer(vector.base), vector.length});
  return guest_result(host_call(SYS_process_madvise, pidfd, host.data(), host.size(), advice, 0));
}

}  // namespace ferry::linux
