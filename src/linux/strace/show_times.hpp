// How strace shows times, timers and what waits for events.
#pragma once

#include <cstdint>
#include <string>

#include "linux/strace/printer.hpp"

namespace ferry::linux::strace {

/// 2001-09-09T01:46:40+0000, in UTC.
[[nodiscard]] std::string date(int64_t seconds);

// {tv_sec=1, tv_nsec=0}, with numbers of 32 bits or 64.
void show_timespec(Printer& p, uint32_t guest);
void show_timespec64(Printer& p, uint32_t guest);
void show_timeval(Printer& p, uint32_t guest);
/// What nanosleep wrote: something only if a signal ended it.
void show_rest(Printer& p, uint32_t guest);
void show_rest64(Printer& p, uint32_t guest);
void show_itimerval(Printer& p, uint32_t guest);
void show_itimerspec(Printer& p, uint32_t guest);
void show_itimerspec64(Printer& p, uint32_t guest);
// The two times of a file.
void show_utimes(Printer& p, uint32_t guest);
void show_utimbuf(Printer& p, uint32_t guest);
void show_utimens(Printer& p, uint32_t guest);
void show_utimens64(Printer& p, uint32_t guest);
void show_time(Printer& p, uint32_t guest);
void note_date(Printer& p);
void show_zone(Printer& p, uint32_t guest);
void show_tms(Printer& p, uint32_t guest);
void show_sigevent(Printer& p, uint32_t guest);
void show_timex(Printer& p, uint32_t guest);
void show_timex64(Printer& p, uint32_t guest);
/// The clock's state, which adjtimex returns.
void note_clock_state(Printer& p);
/// [5]
void show_number(Printer& p, uint32_t guest);
/// The same, unsigned.
void show_unsigned(Printer& p, uint32_t guest);

/// poll's array and count; what is ready is noted with the result.
void show_poll(Printer& p, const uint32_t* words);
void note_poll(Printer& p);
void note_ppoll(Printer& p);
void note_ppoll64(Printer& p);
/// The count of select's descriptors and its three sets.
void show_select(Printer& p, const uint32_t* words);
void note_select(Printer& p);
void note_pselect(Printer& p);
void note_pselect64(Printer& p);
/// pselect6's set of signals with its size.
void show_pselect_mask(Printer& p, uint32_t guest);
void show_epoll_event(Printer& p, const uint32_t* words);
void show_epoll_events(Printer& p, uint32_t guest);

/// futex's arguments after its address; with a timeout of 32 bits or 64.
void show_futex(Printer& p, const uint32_t* words);
void show_futex64(Printer& p, const uint32_t* words);

}  // namespace ferry::linux::strace
