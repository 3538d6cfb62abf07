// How strace shows asynchronous I/O and vectors of futexes.
#pragma once

#include <cstdint>

#include "linux/strace/printer.hpp"

namespace ferry::linux::strace {

/// io_submit's count and list of requests.
void show_requests(Printer& p, const uint32_t* words);
/// The request that io_cancel names: its first fields.
void show_request(Printer& p, uint32_t guest);
/// Events that the call wrote, as many as its result says.
void show_io_events(Printer& p, uint32_t guest);
/// futex_waitv's vector and count.
void show_futex_waiters(Printer& p, const uint32_t* words);

}  // namespace ferry::linux::strace
