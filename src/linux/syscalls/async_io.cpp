// Asynchronous I/O (fs/aio.c, Linux 6.12). Requests are carried out when they are submitted, as a
// kernel does for most files; their results wait for io_getevents. So no host's context is needed,
// and what a guest gives as memory is used while the call lasts. Polls are refused, as before Linux
// 4.18.
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "linux/abi/i386/aio_types.hpp"
#include "linux/kernel/descriptor_names.hpp"
#include "linux/syscalls/convert.hpp"
#include "linux/syscalls/file_effects.hpp"
#include "linux/syscalls/handlers.hpp"
#include "linux/syscalls/signal_wait.hpp"

namespace ferry::linux {

namespace {

using abi::ControlBlock;
static_assert(sizeof(AsyncEvent) == 32);

enum Operation : uint16_t { kRead = 0, kWrite, kSync, kSyncData, kReadVectors = 7, kWriteVectors };
constexpr uint32_t kHasEventDescriptor = 1;  // IOCB_FLAG_RESFD
constexpr uint32_t kRingHeader = 32;

/// ioctx_alloc's and aio_setup_ring's reckoning: how many events a context has room for.
uint32_t room_for(uint32_t requested) {
  static const auto processors = static_cast<uint32_t>(sysconf(_SC_NPROCESSORS_CONF));
  const uint64_t wanted = uint64_t{std::max(requested, processors * 4)} * 2 + 2;
  const uint64_t bytes = kRingHeader + wanted * sizeof(AsyncEvent);
  const uint64_t pages = (bytes + guest::kPageMask) / guest::kPageSize;
  return static_cast<uint32_t>((pages * guest::kPageSize - kRingHeader) / sizeof(AsyncEvent) - 1);
}

/// aio_max_nr's default, for this process alone.
bool too_many(const AsyncContexts& contexts, uint32_t requested) {
  constexpr uint64_t kMost = 0x10000;
  uint64_t sum = requested;
  for (const auto& context : contexts.list) sum += context->requested;
  return sum > kMost;
}

/// Adds the result of a request to its context, and tells the eventfd `event_descriptor` (-1:
/// none).
void complete(AsyncContexts& contexts, AsyncContext& context, const AsyncEvent& event,
              int event_descriptor) {
  {
    const LockGuard guard(contexts.lock);
    context.events.push_back(event);
  }
  context.changes.fetch_add(1, std::memory_order_release);
  host_call(SYS_futex, &context.changes, FUTEX_WAKE_PRIVATE, INT32_MAX);
  const uint64_t one = 1;
  if (event_descriptor >= 0) host_call(SYS_write, event_descriptor, &one, sizeof one);
}

/// What a request comes to.
struct Outcome {
  Errno refused;      ///< unless kOk, io_submit fails
  CallResult result;  ///< else the event's result
};

/// A read or write. One without a position, of a pipe or socket, is made as such files allow.
Outcome transfer(Thread& t, const ControlBlock& block, bool writes, bool vectors) {
  const Fd fd{block.descriptor};
  const long flags = host_call(SYS_fcntl, fd, F_GETFL);
  const long access = flags & O_ACCMODE;
  if (access == (writes ? O_RDONLY : O_WRONLY)) return {abi::kEBADF, kOk};
  constexpr uint32_t kNowhere = 0xfffff000, kMost = 0x7ffff000;  // MAX_RW_COUNT
  const GuestPointer buffer{block.buffer > UINT32_MAX ? kNowhere
                                                      : static_cast<uint32_t>(block.buffer)};
  const auto length = static_cast<uint32_t>(std::min(uint64_t{block.length}, uint64_t{kMost}));
  const bool has_position = host_call(SYS_lseek, fd, 0, SEEK_CUR) >= 0;
  if (block.offset < 0 && has_position) return {abi::kEINVAL, kOk};
  HostVectors list;
  std::optional<GuestBuffer> single;
  if (vectors) {
    list.load(t, buffer, length, !writes);
    if (list.error != kOk) return {list.error, kOk};
  } else {
    single.emplace(t, buffer, length,
                   writes ? GuestBuffer::Use::kernel_reads : GuestBuffer::Use::kernel_writes);
    list.entries[0] = {single->pointer(), single->length()};
    list.count = 1;
  }
  const long number = writes ? SYS_pwritev2 : SYS_preadv2;
  const int64_t position = has_position ? int64_t{block.offset} : -1;
  CallResult result =
      blocking_call(t, number, fd, list.entries, list.count, position, 0, block.write_flags);
  if (result == abi::kENOSYS && block.write_flags == 0) {  // an emulator
    result = has_position
                 ? blocking_call(t, writes ? SYS_pwritev : SYS_preadv, fd, list.entries, list.count,
                                 position, 0)
                 : blocking_call(t, writes ? SYS_writev : SYS_readv, fd, list.entries, list.count);
  }
  if (writes) note_written(t, fd);
  if (result == abi::kEOPNOTSUPP) return {abi::kEOPNOTSUPP, kOk};
  // A file that cannot be read or written in this way at all.
  if (result == abi::kEISDIR || (result == abi::kEINVAL && !has_position))
    return {abi::kEINVAL, kOk};
  return {kOk, result};
}

Outcome synchronize(Thread& t, const ControlBlock& block, bool data_only) {
  if (block.buffer != 0 || block.offset != 0 || block.length != 0 || block.write_flags != 0)
    return {abi::kEINVAL, kOk};
  const CallResult result =
      blocking_call(t, data_only ? SYS_fdatasync : SYS_fsync, block.descriptor);
  if (result == abi::kEINVAL) return {abi::kEINVAL, kOk};
  return {kOk, result};
}

/// __io_submit_one: by the operation.
Outcome carry_out(Thread& t, const ControlBlock& block) {
  switch (block.operation) {
    case kRead:
      return transfer(t, block, false, false);
    case kWrite:
      return transfer(t, block, true, false);
    case kReadVectors:
      return transfer(t, block, false, true);
    case kWriteVectors:
      return transfer(t, block, true, true);
    case kSync:
      return synchronize(t, block, false);
    case kSyncData:
      return synchronize(t, block, true);
    default:
      return {abi::kEINVAL, kOk};
  }
}

/// io_submit_one up to the operation: whether the block may be used at all.
Errno check_block(const Thread& t, const AsyncContext& context, const ControlBlock& block) {
  // The kernel is a 64-bit one: a buffer may lie far up, where nothing is.
  if (block.reserved != 0 || block.length > INT64_MAX) return abi::kEINVAL;
  {
    const LockGuard guard(t.process->async.lock);
    if (context.events.size() >= context.room) return abi::kEAGAIN;
  }
  const auto flags_of = [&](int fd) -> long {
    return t.process->descriptor_hidden(fd) ? -EBADF : host_call(SYS_fcntl, fd, F_GETFL);
  };
  const long flags = flags_of(block.descriptor);
  if (flags < 0 || (flags & O_PATH) != 0) return abi::kEBADF;
  if ((block.flags & kHasEventDescriptor) == 0) return kOk;
  if (flags_of(block.event_descriptor) < 0) return abi::kEBADF;
  return descriptor_link(block.event_descriptor) == "anon_inode:[eventfd]" ? kOk : abi::kEINVAL;
}

/// io_submit_one. kErestartNoIntr: a signal waits, and nothing was done.
CallResult submit_one(Thread& t, AsyncContext& context, uint32_t pointer) {
  ControlBlock block;
  if (!copy_in(pointer, block)) return abi::kEFAULT;
  const Errno error = check_block(t, context, block);
  if (error != kOk) return error;
  block.key = 0;
  constexpr uint32_t kKeyAt = 8;
  if (!copy_out(t, pointer + kKeyAt, block.key)) return abi::kEFAULT;
  const Outcome outcome = carry_out(t, block);
  if (outcome.refused != kOk) return outcome.refused;
  if (outcome.result == kErestartNoIntr) return kErestartNoIntr;
  int64_t result = outcome.result.value();
  if (outcome.result.error() != kOk) result = -outcome.result.error().value;
  if (outcome.result == kErestartSys) result = -abi::kEINTR.value;
  const bool tells = (block.flags & kHasEventDescriptor) != 0;
  complete(t.process->async, context, {block.data, pointer, result, 0},
           tells ? block.event_descriptor : -1);
  return kOk;
}

// --- events --------------------------------------------------------------------------------------

/// Gives up to `count` events from the queue to the guest. Returns how many, or EFAULT.
Result<uint32_t> take_events(Thread& t, AsyncContext& context, uint32_t pointer, uint32_t count) {
  for (uint32_t taken = 0; taken < count; ++taken) {
    AsyncEvent event;
    {
      const LockGuard guard(t.process->async.lock);
      if (context.events.empty()) return taken;
      event = context.events.front();
      context.events.pop_front();
    }
    const uint32_t at = pointer + taken * static_cast<uint32_t>(sizeof event);
    if (!copy_out(t, at, event)) return taken != 0 ? Result<uint32_t>(taken) : abi::kEFAULT;
  }
  return count;
}

/// The absolute time, on the monotonic clock, at which a wait of `timeout` ends.
struct timespec end_of(const struct timespec& timeout) {
  struct timespec now;
  host_call(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  const int64_t nanoseconds = now.tv_nsec + timeout.tv_nsec;
  const int64_t seconds = now.tv_sec + std::min<int64_t>(timeout.tv_sec, INT32_MAX);
  return {seconds + nanoseconds / 1000000000, nanoseconds % 1000000000};
}

constexpr struct timespec kNoTime {};

/// read_events: waits until `least` events are there, `timeout` (null: endless) is over, or a
/// signal comes.
CallResult read_events(Thread& t, AsyncContext& context, int32_t least, int32_t most,
                       uint32_t pointer, const struct timespec* timeout) {
  if (least < 0 || least > most) return abi::kEINVAL;
  struct timespec end {};
  if (timeout != nullptr) end = end_of(*timeout);
  uint32_t done = 0;
  for (;;) {
    const uint32_t known = context.changes.load(std::memory_order_acquire);
    const Result<uint32_t> taken =
        take_events(t, context, pointer + done * static_cast<uint32_t>(sizeof(AsyncEvent)),
                    static_cast<uint32_t>(most) - done);
    if (!taken.ok()) return done != 0 ? CallResult(done) : CallResult(taken.error());
    done += taken.value();
    if (done >= static_cast<uint32_t>(least)) return done;
    if (timeout != nullptr && timeout->tv_sec <= 0 && timeout->tv_nsec <= 0) return done;
    {
      const LockGuard guard(t.process->async.lock);
      if (context.ended) return done != 0 ? CallResult(done) : abi::kEINVAL;
    }
    const long waited =
        interruptible_call(t, SYS_futex, &context.changes, FUTEX_WAIT_BITSET_PRIVATE, known,
                           timeout != nullptr ? &end : nullptr, nullptr, ~0u);
    if (waited == -ETIMEDOUT) timeout = &kNoTime;
    const bool interrupted = waited == -EINTR || waited == kSafeCallInterrupted;
    if (!interrupted && waited != kSafeCallNotBegun) continue;
    if (done != 0) return done;
    return interrupted ? CallResult(abi::kEINTR) : kErestartNoIntr;
  }
}

}  // namespace

CallResult sys_io_setup(Thread& t, uint32_t count, GuestPointer id_pointer) {
  constexpr uint32_t kMost = 0x10000000 / sizeof(AsyncEvent);
  uint32_t id;
  if (!copy_in(id_pointer, id)) return abi::kEFAULT;
  if (id != 0 || count == 0 || count > kMost / 2) return abi::kEINVAL;
  auto context = std::make_shared<AsyncContext>();
  context->requested = count;
  context->room = room_for(count);
  AsyncContexts& contexts = t.process->async;
  {
    const LockGuard guard(contexts.lock);
    if (too_many(contexts, count)) return abi::kEAGAIN;
  }
  // The ring lies in the guest's memory, for programs that read it. All zeroes, it is none that
  // they know (the magic number is missing), so they make the call.
  MapRequest request;
  request.length = guest::kPageSize;
  request.protection = kProtRead | kProtWrite;
  const Result<uint32_t> ring = t.process->space->map(request);
  if (!ring.ok()) return ring;
  context->id = ring.value();
  if (!copy_out(t, id_pointer, context->id)) {
    static_cast<void>(t.process->space->unmap(context->id, guest::kPageSize));
    return abi::kEFAULT;
  }
  const LockGuard guard(contexts.lock);
  contexts.list.push_back(std::move(context));
  return kOk;
}

CallResult sys_io_destroy(Thread& t, Word id) {
  AsyncContexts& contexts = t.process->async;
  const std::shared_ptr<AsyncContext> context = contexts.find(id);
  if (context == nullptr) return abi::kEINVAL;
  {
    const LockGuard guard(contexts.lock);
    if (context->ended) return abi::kEINVAL;
    context->ended = true;
    std::erase(contexts.list, context);
  }
  context->changes.fetch_add(1, std::memory_order_release);
  host_call(SYS_futex, &context->changes, FUTEX_WAKE_PRIVATE, INT32_MAX);
  static_cast<void>(t.process->space->unmap(context->id, guest::kPageSize));
  return kOk;
}

CallResult sys_io_submit(Thread& t, Word id, int32_t count, GuestPointer blocks) {
  if (count < 0) return abi::kEINVAL;
  const std::shared_ptr<AsyncContext> context = t.process->async.find(id);
  if (context == nullptr) return abi::kEINVAL;
  const auto most = static_cast<uint32_t>(count);
  for (uint32_t done = 0; done < most; ++done) {
    uint32_t pointer;
    CallResult result = abi::kEFAULT;
    if (copy_in(blocks + 4 * done, pointer)) result = submit_one(t, *context, pointer);
    if (result != kOk) return done != 0 ? CallResult(done) : result;
  }
  return most;
}

/// No request is under way once io_submit has returned.
CallResult sys_io_cancel(Thread&, Word, GuestPointer block, GuestPointer) {
  constexpr uint32_t kKeyAt = 8;
  uint32_t key;
  if (!copy_in(block + kKeyAt, key)) return abi::kEFAULT;
  return abi::kEINVAL;
}

namespace {

CallResult get_events(Thread& t, uint32_t id, int32_t least, int32_t most, uint32_t events,
                      uint32_t timeout_pointer, TimeWidth width) {
  struct timespec timeout;
  if (timeout_pointer != 0 && !copy_in_time(timeout_pointer, width, timeout)) return abi::kEFAULT;
  const std::shared_ptr<AsyncContext> context = t.process->async.find(id);
  if (context == nullptr) return abi::kEINVAL;
  return read_events(t, *context, least, most, events, timeout_pointer != 0 ? &timeout : nullptr);
}

/// With a mask of signals for the time of the call: a pointer and a size.
CallResult get_events_masked(Thread& t, uint32_t id, int32_t least, int32_t most, uint32_t events,
                             uint32_t timeout, uint32_t mask_pointer, TimeWidth width) {
  struct timespec time;
  uint32_t pair[2] = {0, 0};
  SignalSet mask = 0;
  if (timeout != 0 && !copy_in_time(timeout, width, time)) return abi::kEFAULT;
  if (mask_pointer != 0 && !copy_in(mask_pointer, pair)) return abi::kEFAULT;
  if (pair[0] != 0 && pair[1] != sizeof mask) return abi::kEINVAL;
  if (pair[0] != 0 && !copy_in(pair[0], mask)) return abi::kEFAULT;
  SignalWait wait(t, pair[0] != 0 ? &mask : nullptr);
  // A signal that comes before the wait ends it too (safe_call), so the mask may change before.
  HostSignalSet old;
  const HostSignalSet host_mask = wait.host_mask();
  if (pair[0] != 0) host_call(SYS_rt_sigprocmask, SIG_SETMASK, &host_mask, &old, sizeof host_mask);
  const CallResult result = get_events(t, id, least, most, events, timeout, width);
  if (pair[0] != 0) host_call(SYS_rt_sigprocmask, SIG_SETMASK, &old, nullptr, sizeof old);
  return wait.finish(result);
}

}  // namespace

CallResult sys_io_getevents(Thread& t, Word id, int32_t least, int32_t most, GuestPointer events,
                            GuestPointer timeout) {
  return get_events(t, id, least, most, events, timeout, TimeWidth::time32);
}
CallResult sys_io_pgetevents(Thread& t, Word id, int32_t least, int32_t most, GuestPointer events,
                             GuestPointer timeout, GuestPointer mask) {
  return get_events_masked(t, id, least, most, events, timeout, mask, TimeWidth::time32);
}
CallResult sys_io_pgetevents_time64(Thread& t, Word id, int32_t least, int32_t most,
                                    GuestPointer events, GuestPointer timeout, GuestPointer mask) {
  return get_events_masked(t, id, least, most, events, timeout, mask, TimeWidth::time64);
}

}  // namespace ferry::linux
