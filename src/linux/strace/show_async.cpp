#include "linux/strace/show_async.hpp"

#include "linux/abi/i386/abi_types.hpp"
#include "linux/abi/i386/aio_types.hpp"
#include "linux/abi/i386/file_names.hpp"
#include "linux/abi/i386/process_names.hpp"
#include "linux/kernel/async_contexts.hpp"
#include "linux/strace/show_files.hpp"

namespace ferry::linux::strace {

namespace {

constexpr uint32_t kRead = 0, kWrite = 1, kPoll = 5, kReadVectors = 7, kWriteVectors = 8;

void add_wide_address(Printer& p, uint64_t address) {
  address == 0 ? p.add("NULL") : p.add("%#llx", static_cast<unsigned long long>(address));
}

void add_head(Printer& p, const abi::ControlBlock& request) {
  p.add("{aio_data=%#llx", static_cast<unsigned long long>(request.data));
  if (request.key != 0) p.add(", aio_key=%u", request.key);
  p.text += ", aio_lio_opcode=";
  if (const char* name = name_of(abi::kAioOperations, request.operation)) {
    p.text += name;
  } else {
    p.add("%u /* %s */", request.operation, abi::kAioOperations.unknown);
  }
  if (request.write_flags != 0) {
    p.text += ", aio_rw_flags=";
    p.flags(abi::kRwfFlags, request.write_flags);
  }
  if (request.priority != 0) p.add(", aio_reqprio=%d", request.priority);
  p.add(", aio_fildes=%d", request.descriptor);
}

void add_buffer(Printer& p, const abi::ControlBlock& request) {
  const auto address = static_cast<uint32_t>(static_cast<uint64_t>(request.buffer));
  const auto length = static_cast<uint32_t>(static_cast<uint64_t>(request.length));
  p.text += ", aio_buf=";
  switch (request.operation) {
    case kWrite:
      p.data(address, length);
      break;
    case kReadVectors:
    case kWriteVectors: {
      const uint32_t words[] = {address, length};
      request.operation == kWriteVectors ? show_vectors(p, words) : show_remote_vectors(p, words);
      break;
    }
    default:
      add_wide_address(p, request.buffer);
      break;
  }
  if (request.operation == kRead || request.operation == kWrite)
    p.add(", aio_nbytes=%llu", static_cast<unsigned long long>(request.length));
  p.add(", aio_offset=%lld", static_cast<long long>(request.offset));
}

void add_request(Printer& p, const abi::ControlBlock& request) {
  constexpr uint32_t kHasEventDescriptor = 1;  // IOCB_FLAG_RESFD
  add_head(p, request);
  switch (request.operation) {
    case kRead:
    case kWrite:
    case kReadVectors:
    case kWriteVectors:
      add_buffer(p, request);
      break;
    case kPoll:
      p.text += ", aio_buf=";
      p.flags(abi::kPollEvents, static_cast<uint32_t>(static_cast<uint64_t>(request.buffer)));
      break;
    default:
      break;
  }
  if ((request.flags & kHasEventDescriptor) != 0)
    p.add(", aio_flags=IOCB_FLAG_RESFD, aio_resfd=%d", request.event_descriptor);
  p.text += "}";
}

}  // namespace

void show_requests(Printer& p, const uint32_t* words) {
  p.add("%d, ", static_cast<int32_t>(words[0]));
  p.array<uint32_t>(words[1], words[0], [&](uint32_t at) {
    abi::ControlBlock request;
    if (p.fetch(at, request)) add_request(p, request);
  });
}

void show_request(Printer& p, uint32_t guest) {
  abi::ControlBlock request;
  if (!p.fetch(guest, request)) return;
  add_head(p, request);
  p.text += "}";
}

void show_io_events(Printer& p, uint32_t guest) {
  p.array<AsyncEvent>(guest, p.failed() ? 0 : p.result.value(), [&](const AsyncEvent& event) {
    p.add("{data=%#llx, obj=", static_cast<unsigned long long>(event.data));
    add_wide_address(p, event.control);
    p.add(", res=%lld, res2=%lld}", static_cast<long long>(event.result),
          static_cast<long long>(event.second_result));
  });
}

void show_futex_waiters(Printer& p, const uint32_t* words) {
  struct Waiter {  // struct futex_waitv
    abi::U64 value, address;
    uint32_t flags, reserved;
  };
  p.array<Waiter>(words[0], words[1], [&](const Waiter& waiter) {
    p.add("{val=%#llx, uaddr=", static_cast<unsigned long long>(waiter.value));
    add_wide_address(p, waiter.address);
    p.text += ", flags=";
    p.flags(abi::kFutex2Flags, waiter.flags);
    if (waiter.reserved != 0) p.add(", __reserved=%#x", waiter.reserved);
    p.text += "}";
  });
  p.add(", %u", words[1]);
}

}  // namespace ferry::linux::strace
