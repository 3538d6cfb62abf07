// Poll, select and epoll: declared in show_times.hpp.
#include <algorithm>

#include "linux/abi/i386/abi_types.hpp"
#include "linux/abi/i386/process_names.hpp"
#include "linux/strace/show_signals.hpp"
#include "linux/strace/show_times.hpp"

namespace ferry::linux::strace {

namespace {

/// Adds what `show` prints to the note, after what is there.
template <typename Show>
void note_next(Printer& p, Show show) {
  if (!p.note.empty()) p.note += ", ";
  p.note_shown(show);
}

void note_left(Printer& p, uint32_t guest, void (*show)(Printer&, uint32_t)) {
  if (guest == 0) return;
  note_next(p, [&] {
    p.text += "left ";
    show(p, guest);
  });
}

void note_ready(Printer& p) {
  note_next(p, [&] {
    p.text += "[";
    const char* separator = "";
    const uint32_t count = std::min(p.words[1], 4096u);
    for (uint32_t i = 0, shown = 0; i < count && shown < kMostShown; ++i) {
      abi::PollFd entry;
      if (!copy_in(static_cast<uint32_t>(p.words[0] + i * sizeof entry), entry)) break;
      if (entry.revents == 0) continue;
      p.add("%s{fd=%d, revents=", separator, entry.fd);
      p.flags(abi::kPollEvents, static_cast<uint16_t>(entry.revents));
      p.text += "}";
      separator = ", ";
      ++shown;
    }
    p.text += "]";
  });
}

/// False if the time is over or the call failed.
bool some_ready(Printer& p) {
  if (!p.result.ok()) return false;
  if (p.result.value() == 0) p.note = "Timeout";
  return p.result.value() != 0;
}

/// [3 4]
void add_descriptor_set(Printer& p, uint32_t guest, uint32_t count) {
  p.text += "[";
  const char* separator = "";
  for (uint32_t word = 0; word * 32 < std::min(count, 1024u); ++word) {
    uint32_t bits = 0;
    if (!copy_in(guest + word * 4, bits)) break;
    for (uint32_t bit = 0; bit < 32 && word * 32 + bit < count; ++bit) {
      if ((bits >> bit & 1) == 0) continue;
      p.add("%s%u", separator, word * 32 + bit);
      separator = " ";
    }
  }
  p.text += "]";
}

bool any_set(uint32_t guest, uint32_t count) {
  for (uint32_t word = 0; word * 32 < std::min(count, 1024u); ++word) {
    uint32_t bits = 0;
    if (!copy_in(guest + word * 4, bits)) return false;
    if (bits != 0) return true;
  }
  return false;
}

void note_sets(Printer& p, void (*show)(Printer&, uint32_t)) {
  if (!some_ready(p)) return;
  constexpr const char* kNames[] = {"in ", "out ", "except "};
  for (uint32_t i = 0; i < 3; ++i) {
    const uint32_t set = p.words[i + 1];
    if (set == 0 || !any_set(set, p.words[0])) continue;
    note_next(p, [&] {
      p.text += kNames[i];
      add_descriptor_set(p, set, p.words[0]);
    });
  }
  note_left(p, p.words[4], show);
}

void add_epoll_event(Printer& p, const abi::EpollEvent& event) {
  p.text += "{events=";
  p.flags(abi::kEpollEvents, event.events);
  p.add(", data={u32=%u, u64=%llu}}", static_cast<uint32_t>(event.data),
        static_cast<unsigned long long>(event.data));
}

}  // namespace

void show_poll(Printer& p, const uint32_t* words) {
  p.array<abi::PollFd>(words[0], words[1], [&](const abi::PollFd& entry) {
    p.add("{fd=%d", entry.fd);
    if (entry.fd >= 0) {
      p.text += ", events=";
      p.flags(abi::kPollEvents, static_cast<uint16_t>(entry.events));
    }
    p.text += "}";
  });
}

void note_poll(Printer& p) {
  if (some_ready(p)) note_ready(p);
}

void note_ppoll(Printer& p) {
  if (!some_ready(p)) return;
  note_ready(p);
  note_left(p, p.words[2], show_timespec);
}

void note_ppoll64(Printer& p) {
  if (!some_ready(p)) return;
  note_ready(p);
  note_left(p, p.words[2], show_timespec64);
}

void show_select(Printer& p, const uint32_t* words) {
  p.add("%d", static_cast<int32_t>(words[0]));
  for (int i = 1; i < 4; ++i) {
    p.text += ", ";
    uint32_t bits = 0;
    if (words[i] == 0 || (words[0] != 0 && !copy_in(words[i], bits))) {
      p.address(words[i]);
    } else {
      add_descriptor_set(p, words[i], words[0]);
    }
  }
}

void note_select(Printer& p) {
  note_sets(p, show_timeval);
}
void note_pselect(Printer& p) {
  note_sets(p, show_timespec);
}
void note_pselect64(Printer& p) {
  note_sets(p, show_timespec64);
}

void show_pselect_mask(Printer& p, uint32_t guest) {
  struct {
    uint32_t set, size;
  } mask;
  if (!p.fetch(guest, mask)) return;
  p.text += "{sigmask=";
  show_signal_set(p, mask.set);
  p.add(", sigsetsize=%u}", mask.size);
}

void show_epoll_event(Printer& p, const uint32_t* words) {
  constexpr uint32_t kDelete = 2;
  abi::EpollEvent event;
  if (words[-2] == kDelete) return p.address(words[0]);
  if (p.fetch(words[0], event)) add_epoll_event(p, event);
}

void show_epoll_events(Printer& p, uint32_t guest) {
  p.array<abi::EpollEvent>(guest, p.result.value(),
                           [&](const abi::EpollEvent& event) { add_epoll_event(p, event); });
}

}  // namespace ferry::linux::strace
