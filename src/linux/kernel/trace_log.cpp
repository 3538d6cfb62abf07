#include "linux/kernel/trace_log.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <new>
#include <string>

#include "common/diagnostics.hpp"
#include "linux/host/host_syscall.hpp"

namespace ferry::linux {

namespace {

/// For a process without memory to share.
TraceLog::Shared unshared;

}  // namespace

void TraceLog::begin(HiddenDescriptors& hidden, int inherited) {
  if (inherited >= 0) {
    memory_ = hidden.inherit(inherited);
  } else {
    memory_ = hidden.hide(static_cast<int>(make_own_descriptor(
        [] { return host_call(SYS_memfd_create, "ferry-strace", MFD_CLOEXEC); })));
  }
  const int fd = hidden[memory_];
  if (fd < 0 || (inherited < 0 && host_call(SYS_ftruncate, fd, sizeof(Shared)) != 0)) return;
  void* const memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory != MAP_FAILED) shared_ = static_cast<Shared*>(memory);
}

TraceLog::Writer::Writer(TraceLog& log, int32_t tid)
    : shared_(log.shared_ != nullptr ? *log.shared_ : unshared), tid_(tid) {
  constexpr int kAttempts = 2000;  // of 0.1 ms each
  for (int i = 0; i < kAttempts; ++i) {
    int32_t none = 0;
    if (shared_.writer.compare_exchange_weak(none, tid, std::memory_order_acquire)) return;
    const struct timespec moment = {0, 100'000};
    host_call(SYS_nanosleep, &moment, nullptr);
  }
}

TraceLog::Writer::~Writer() {
  shared_.writer.store(0, std::memory_order_release);
}

void TraceLog::Writer::write(std::string_view text) {
  std::string line;
  if (shared_.open != 0 && shared_.open != tid_) {
    line = " <unfinished ...>\n";
    shared_.open = 0;
  }
  if (shared_.open == 0) shared_.column = 0;
  line += text;
  const bool complete = text.ends_with('\n');
  shared_.open = complete ? 0 : tid_;
  shared_.column += static_cast<uint32_t>(text.size());
  log_write(line);
}

}  // namespace ferry::linux
