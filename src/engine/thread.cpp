#include "engine/thread.hpp"

namespace ferry::engine {

void Counters::add_to(Statistics& sum) const {
#define STATISTIC(name) sum.name += name.get();  // NOLINT(bugprone-macro-parentheses)
#include "engine/statistics.inc"
#undef STATISTIC
}

void Threads::join(Thread& thread) {
  lock_.acquire();
  thread.next_ = first_;
  first_ = &thread;
  lock_.release();
}

void Threads::part(Thread& thread) {
  lock_.acquire();
  thread.counters_.add_to(ended_);
  Thread** place = &first_;
  while (*place != &thread) place = &(*place)->next_;
  *place = thread.next_;
  lock_.release();
}

void Threads::keep_only(Thread& survivor) {
  for (Thread* thread = first_; thread != nullptr; thread = thread->next_) {
    if (thread == &survivor) continue;
    thread->counters_.add_to(ended_);
    epochs_.part(thread->slot_);
  }
  first_ = &survivor;
  survivor.next_ = nullptr;
}

void Threads::add_to(Statistics& sum) {
  lock_.acquire();
#define STATISTIC(name) sum.name += ended_.name;  // NOLINT(bugprone-macro-parentheses)
#include "engine/statistics.inc"
#undef STATISTIC
  for (const Thread* thread = first_; thread != nullptr; thread = thread->next_) {
    thread->counters_.add_to(sum);
  }
  lock_.release();
}

void Threads::nudge_lagging(void (*nudge)(int32_t thread)) {
  lock_.acquire();
  for (const Thread* thread = first_; thread != nullptr; thread = thread->next_) {
    if (epochs_.lags(thread->slot_)) nudge(thread->number_.load(std::memory_order_relaxed));
  }
  lock_.release();
}

}  // namespace ferry::engine
