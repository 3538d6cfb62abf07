#include "linux/strace/show_processes.hpp"

#include <algorithm>

#include "linux/abi/i386/abi_types.hpp"
#include "linux/abi/i386/file_names.hpp"
#include "linux/abi/i386/process_names.hpp"
#include "linux/strace/show_files.hpp"

namespace ferry::linux::strace {

void show_wait_status(Printer& p, uint32_t guest) {
  uint32_t status;
  if (p.result.value() == 0) return p.address(guest);
  if (!p.fetch(guest, status)) return;
  constexpr uint32_t kContinued = 0xffff, kStopped = 0x7f, kCore = 0x80;
  const uint32_t high = status >> 8 & 0xff;
  if (status == kContinued) {
    p.text += "[{WIFCONTINUED(s)}]";
  } else if ((status & 0xff) == kStopped) {
    p.text += "[{WIFSTOPPED(s) && WSTOPSIG(s) == ";
    p.signal(high);
    p.text += "}]";
  } else if ((status & 0x7f) == 0) {
    p.add("[{WIFEXITED(s) && WEXITSTATUS(s) == %u}]", high);
  } else {
    p.text += "[{WIFSIGNALED(s) && WTERMSIG(s) == ";
    p.signal(status & 0x7f);
    p.text += (status & kCore) != 0 ? " && WCOREDUMP(s)}]" : "}]";
  }
}

void show_rusage(Printer& p, uint32_t guest) {
  abi::RUsage usage;
  if (!p.fetch(guest, usage)) return;
  p.add("{ru_utime={tv_sec=%d, tv_usec=%d}, ru_stime={tv_sec=%d, tv_usec=%d}, ...}",
        usage.user.seconds, usage.user.microseconds, usage.system.seconds,
        usage.system.microseconds);
}

void show_wait_rusage(Printer& p, uint32_t guest) {
  p.result.value() == 0 ? p.address(guest) : show_rusage(p, guest);
}

namespace {

void add_limit(Printer& p, uint64_t limit, uint64_t infinity, const char* infinity_name) {
  const auto number = static_cast<unsigned long long>(limit);
  if (limit == infinity) {
    p.add("%s", infinity_name);
  } else if (limit > 1024 && limit % 1024 == 0) {
    p.add("%llu*1024", number / 1024);
  } else {
    p.add("%llu", number);
  }
}

template <typename Number>
void show_limits(Printer& p, uint32_t guest, const char* infinity_name) {
  struct {
    Number soft [[gnu::aligned(4)]], hard [[gnu::aligned(4)]];
  } limit;
  if (!p.fetch(guest, limit)) return;
  constexpr auto kInfinity = static_cast<Number>(-1);
  p.text += "{rlim_cur=";
  add_limit(p, limit.soft, kInfinity, infinity_name);
  p.text += ", rlim_max=";
  add_limit(p, limit.hard, kInfinity, infinity_name);
  p.text += "}";
}

}  // namespace

void show_rlimit(Printer& p, uint32_t guest) {
  show_limits<uint32_t>(p, guest, "RLIM_INFINITY");
}

void show_rlimit64(Printer& p, uint32_t guest) {
  show_limits<uint64_t>(p, guest, "RLIM64_INFINITY");
}

namespace {

constexpr uint32_t kCloneSetTls = 0x80000, kCloneParentSetTid = 0x100000,
                   kCloneChildClearTid = 0x200000, kCloneChildSetTid = 0x1000000,
                   kClonePidfd = 0x1000;

void add_clone_flags(Printer& p, uint32_t flags) {
  const uint32_t signal = flags & 0xff;
  const uint32_t bits = flags & ~0xffu;
  if (bits != 0) p.flags(abi::kCloneFlags, bits);
  if (bits != 0 && signal != 0) p.text += "|";
  if (signal != 0) p.signal(signal);
  if (flags == 0) p.text += "0";
}

}  // namespace

void show_clone(Printer& p, const uint32_t* words) {
  const uint32_t flags = words[0], stack = words[1], parent_tid = words[2], tls = words[3],
                 child_tid = words[4];
  if (!p.exiting) {
    p.text += "child_stack=";
    p.address(stack);
    p.text += ", flags=";
    return add_clone_flags(p, flags);
  }
  if ((flags & (kCloneParentSetTid | kClonePidfd)) != 0) {
    p.text += (flags & kClonePidfd) != 0 ? ", pidfd=" : ", parent_tid=";
    int32_t tid;
    if (p.fetch(parent_tid, tid)) p.add("[%d]", tid);
  }
  if ((flags & kCloneSetTls) != 0) {
    p.text += ", tls=";
    abi::UserDesc description;
    copy_in(tls, description) ? show_user_desc(p, tls) : p.address(tls);
  }
  if ((flags & (kCloneChildSetTid | kCloneChildClearTid)) != 0) {
    p.text += ", child_tidptr=";
    p.address(child_tid);
  }
}

namespace {

struct CloneArguments {
  abi::U64 flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
};

void add_clone_arguments(Printer& p, const CloneArguments& arguments) {
  const auto flags = static_cast<uint32_t>(arguments.flags);
  const auto pointer = [&](const char* name, uint64_t guest) {
    p.add(", %s=", name);
    p.address(static_cast<uint32_t>(guest));
  };
  p.text += "{flags=";
  p.flags(abi::kCloneFlags, flags);
  if ((flags & kClonePidfd) != 0) pointer("pidfd", arguments.pidfd);
  if ((flags & (kCloneChildSetTid | kCloneChildClearTid)) != 0)
    pointer("child_tid", arguments.child_tid);
  if ((flags & kCloneParentSetTid) != 0) pointer("parent_tid", arguments.parent_tid);
  p.text += ", exit_signal=";
  p.signal(static_cast<uint32_t>(arguments.exit_signal));
  pointer("stack", arguments.stack);
  p.add(", stack_size=%#llx", static_cast<unsigned long long>(arguments.stack_size));
  if ((flags & kCloneSetTls) != 0) {
    p.text += ", tls=";
    show_user_desc(p, static_cast<uint32_t>(arguments.tls));
  }
  p.text += "}";
}

}  // namespace

void show_clone3(Printer& p, const uint32_t* words) {
  CloneArguments arguments{};
  const bool readable = words[1] >= sizeof arguments && copy_in(words[0], arguments);
  if (!p.exiting) {
    readable ? add_clone_arguments(p, arguments) : p.address(words[0]);
    return;
  }
  if (readable && p.result.ok()) {
    const auto flags = static_cast<uint32_t>(arguments.flags);
    const char* separator = " => {";
    const auto number = [&](uint32_t flag, const char* name, uint64_t guest) {
      int32_t value;
      if ((flags & flag) == 0 || !copy_in(static_cast<uint32_t>(guest), value)) return;
      p.add("%s%s=[%d]", separator, name, value);
      separator = ", ";
    };
    number(kClonePidfd, "pidfd", arguments.pidfd);
    number(kCloneParentSetTid, "parent_tid", arguments.parent_tid);
    if (*separator == ',') p.text += "}";
  }
  p.add(", %u", words[1]);
}

void show_user_desc(Printer& p, uint32_t guest) {
  abi::UserDesc description;
  if (!p.fetch(guest, description)) return;
  const auto bit = [&](uint32_t mask) { return (description.flags & mask) != 0 ? 1 : 0; };
  p.add("{entry_number=%d, base_addr=%#08x, limit=%#08x",
        static_cast<int32_t>(description.entry_number), description.base, description.limit);
  p.add(", seg_32bit=%d, contents=%u, read_exec_only=%d, limit_in_pages=%d, seg_not_present=%d",
        bit(abi::kDescSeg32Bit), (description.flags & abi::kDescContents) >> 1,
        bit(abi::kDescReadExecOnly), bit(abi::kDescLimitInPages), bit(abi::kDescSegNotPresent));
  p.add(", useable=%d}", bit(abi::kDescUsable));
}

void show_got_user_desc(Printer& p, uint32_t guest) {
  uint32_t number;
  if (p.failed() && copy_in(guest, number)) {
    p.add("{entry_number=%d, ...}", static_cast<int32_t>(number));
  } else {
    show_user_desc(p, guest);
  }
}

void note_entry_number(Printer& p) {
  uint32_t number;
  if (p.result.ok() && copy_in(p.words[0], number)) p.add_note("entry_number=%u", number);
}

void show_ldt(Printer& p, const uint32_t* words) {
  words[1] == sizeof(abi::UserDesc) ? show_user_desc(p, words[0]) : p.address(words[0]);
  p.add(", %u", words[1]);
}

void show_arguments(Printer& p, uint32_t guest) {
  uint32_t argument = 0;
  if (guest == 0 || !copy_in(guest, argument)) return p.address(guest);
  p.text += "[";
  for (uint32_t i = 0; copy_in(guest + i * 4, argument) && argument != 0; ++i) {
    if (i > 0) p.text += ", ";
    if (i == kMostShown) {
      p.text += "...";
      break;
    }
    p.string(argument);
  }
  p.text += "]";
}

void show_environment(Printer& p, uint32_t guest) {
  p.address(guest);
  if (guest == 0) return;
  uint32_t count = 0, variable = 0;
  while (copy_in(guest + count * 4, variable) && variable != 0) ++count;
  p.add(count == 1 ? " /* %u var */" : " /* %u vars */", count);
}

void show_personality(Printer& p, uint32_t personality) {
  if (personality == UINT32_MAX) return p.add("0xffffffff");
  p.value_and_flags(abi::kPersonalities, 0xff, abi::kPersonalityFlags, personality);
}

void note_personality(Printer& p) {
  p.style = ResultStyle::hexadecimal;
  if (p.result.ok()) p.note_shown([&] { show_personality(p, p.result.value()); });
}

namespace prctl_option {
constexpr uint32_t kSetDeathSignal = 1, kGetDeathSignal = 2, kGetDumpable = 3, kSetDumpable = 4,
                   kGetKeepCaps = 7, kSetKeepCaps = 8, kSetName = 15, kGetName = 16,
                   kGetSeccomp = 21, kSetSeccomp = 22, kCapBoundRead = 23, kCapBoundDrop = 24,
                   kSetTimerSlack = 29, kGetTimerSlack = 30, kSetSubreaper = 36, kGetSubreaper = 37,
                   kSetNoNewPrivileges = 38, kGetNoNewPrivileges = 39, kGetTidAddress = 40;
}  // namespace prctl_option

void show_prctl(Printer& p, const uint32_t* words) {
  using namespace prctl_option;
  const uint32_t option = words[0], second = words[1];
  if (!p.exiting) {
    p.value(abi::kPrctlOptions, option);
    switch (option) {
      case kGetDumpable:
      case kGetKeepCaps:
      case kGetSeccomp:
      case kGetTimerSlack:
        return;
      case kSetDeathSignal:
        p.text += ", ";
        return p.signal(second);
      case kSetDumpable:
        p.text += ", ";
        return p.value(abi::kDumpable, second);
      case kSetName:
        p.text += ", ";
        return p.string(second, 15);
      case kCapBoundRead:
      case kCapBoundDrop:
        p.text += ", ";
        return p.value(abi::kCapabilities, second);
      case kSetSeccomp:
        p.text += ", ";
        p.value(abi::kSeccompModes, second);
        return second == 2 ? p.add(", %#x", words[2]) : void();
      case kSetKeepCaps:
      case kSetTimerSlack:
      case kSetSubreaper:
        return p.add(", %u", second);
      case kSetNoNewPrivileges:
      case kGetNoNewPrivileges:
        return p.add(", %u, %u, %u, %u", second, words[2], words[3], words[4]);
      case kGetDeathSignal:
      case kGetName:
      case kGetSubreaper:
      case kGetTidAddress:
        p.text += ", ";
        return;
      default:
        return p.add(", %#x, %#x, %#x, %#x", second, words[2], words[3], words[4]);
    }
  }
  uint32_t number = 0;
  switch (option) {
    case kGetDumpable:
      if (p.result.ok()) p.note_shown([&] { p.value(abi::kDumpable, p.result.value()); });
      break;
    case kGetDeathSignal:
      if (!p.fetch(second, number)) break;
      p.text += "[";
      p.signal(number);
      p.text += "]";
      break;
    case kGetName:
      p.failed() ? p.address(second) : p.string(second, 15);
      break;
    case kGetSubreaper:
      if (p.fetch(second, number)) p.add("[%u]", number);
      break;
    case kGetTidAddress:
      show_pointer_at(p, second);
      break;
    default:
      break;
  }
}

void show_kcmp(Printer& p, const uint32_t* words) {
  constexpr uint32_t kFile = 0, kEpoll = 7;
  p.value(abi::kKcmpTypes, words[0]);
  if (words[0] == kFile)
    p.add(", %d, %d", static_cast<int32_t>(words[1]), static_cast<int32_t>(words[2]));
  if (words[0] == kEpoll) p.add(", %d, %#x", static_cast<int32_t>(words[1]), words[2]);
}

void show_seccomp(Printer& p, const uint32_t* words) {
  constexpr uint32_t kSetFilter = 1, kActionAvailable = 2;
  uint32_t action = 0;
  abi::SockFilterProgram program;
  p.value(abi::kSeccompOperations, words[0]);
  p.text += ", ";
  if (words[0] == kSetFilter) {
    p.flags(abi::kSeccompFlags, words[1]);
    p.text += ", ";
    if (p.fetch(words[2], program)) {
      p.add("{len=%u, filter=", program.length);
      p.address(program.filter);
      p.text += "}";
    }
  } else {
    p.add("%#x, ", words[1]);
    if (words[0] != kActionAvailable) return p.address(words[2]);
    if (!p.fetch(words[2], action)) return;
    p.text += "[";
    p.value(abi::kSeccompActions, action);
    p.text += "]";
  }
}

void show_capability_header(Printer& p, uint32_t guest) {
  struct {
    uint32_t version;
    int32_t pid;
  } header;
  if (guest == 0 || !copy_in(guest, header)) return p.address(guest);
  p.text += "{version=";
  p.value(abi::kCapabilityVersions, header.version);
  p.add(", pid=%d}", header.pid);
}

namespace {

void add_capability_set(Printer& p, uint64_t set) {
  if (set == 0) {
    p.text += "0";
    return;
  }
  const char* separator = "";
  for (uint32_t bit = 0; bit < 64; ++bit) {
    if ((set >> bit & 1) == 0) continue;
    const char* name = name_of(abi::kCapabilities, bit);
    name != nullptr ? p.add("%s1<<%s", separator, name) : p.add("%s1<<%u", separator, bit);
    separator = "|";
  }
}

}  // namespace

void show_capabilities(Printer& p, uint32_t guest) {
  struct {
    uint32_t effective, permitted, inheritable;
  } data[2] = {};
  constexpr uint32_t kVersion1 = 0x19980330;
  uint32_t version = 0;
  const bool narrow = copy_in(p.words[0], version) && version == kVersion1;
  if (!p.fetch_bytes(guest, data, narrow ? 12 : 24)) return;
  const auto both_halves = [](uint32_t low, uint32_t high) {
    return low | static_cast<uint64_t>(high) << 32;
  };
  p.text += "{effective=";
  add_capability_set(p, both_halves(data[0].effective, data[1].effective));
  p.text += ", permitted=";
  add_capability_set(p, both_halves(data[0].permitted, data[1].permitted));
  p.text += ", inheritable=";
  add_capability_set(p, both_halves(data[0].inheritable, data[1].inheritable));
  p.text += "}";
}

void note_scheduler(Printer& p) {
  if (p.result.ok()) p.note_shown([&] { p.value(abi::kSchedulers, p.result.value()); });
}

namespace {

void add_processors(Printer& p, uint32_t guest, uint32_t bytes) {
  uint8_t byte = 0;
  if (guest == 0 || p.failed() || !copy_in(guest, byte)) return p.address(guest);
  p.text += "[";
  const char* separator = "";
  for (uint32_t i = 0; i < std::min(bytes, 128u) && copy_in(guest + i, byte); ++i) {
    for (uint32_t bit = 0; bit < 8; ++bit) {
      if ((byte >> bit & 1) == 0) continue;
      p.add("%s%u", separator, i * 8 + bit);
      separator = " ";
    }
  }
  p.text += "]";
}

}  // namespace

void show_affinity(Printer& p, const uint32_t* words) {
  p.add("%u, ", words[0]);
  add_processors(p, words[1], words[0]);
}

void show_got_affinity(Printer& p, const uint32_t* words) {
  add_processors(p, words[0], p.result.value());
}

void show_sched_attributes(Printer& p, uint32_t guest) {
  struct {
    uint32_t size, policy;
    abi::U64 flags;
    int32_t nice;
    uint32_t priority;
    abi::U64 runtime, deadline, period;
    uint32_t util_min, util_max;
  } attributes{};
  constexpr uint32_t kFirstSize = 48;  // SCHED_ATTR_SIZE_VER0
  uint32_t size = 0;
  if (!p.fetch(guest, size)) return;
  const uint32_t known = std::min<uint32_t>(std::max(size, kFirstSize), sizeof attributes);
  if (!p.fetch_bytes(guest, &attributes, known)) return;
  const auto number = [](uint64_t value) { return static_cast<unsigned long long>(value); };
  p.add("{size=%u, sched_policy=", attributes.size);
  p.value(abi::kSchedulers, attributes.policy);
  p.text += ", sched_flags=";
  p.flags(abi::kSchedFlags, static_cast<uint32_t>(attributes.flags));
  p.add(", sched_nice=%d, sched_priority=%u, sched_runtime=%llu", attributes.nice,
        attributes.priority, number(attributes.runtime));
  p.add(", sched_deadline=%llu, sched_period=%llu", number(attributes.deadline),
        number(attributes.period));
  if (size >= sizeof attributes)
    p.add(", sched_util_min=%#x, sched_util_max=%#x", attributes.util_min, attributes.util_max);
  p.text += "}";
}

void show_ioprio(Printer& p, uint32_t priority) {
  p.text += "IOPRIO_PRIO_VALUE(";
  p.value(abi::kIoprioClasses, priority >> 13);
  p.add(", %u)", priority & 0x1fff);
}

void note_ioprio(Printer& p) {
  if (p.result.ok()) p.note_shown([&] { show_ioprio(p, p.result.value()); });
}

void show_pointer_at(Printer& p, uint32_t guest) {
  uint32_t pointer;
  if (!p.fetch(guest, pointer)) return;
  p.text += "[";
  p.address(pointer);
  p.text += "]";
}

void show_id_at(Printer& p, uint32_t guest) {
  uint32_t id;
  if (!p.fetch(guest, id)) return;
  p.text += "[";
  show_id(p, id);
  p.text += "]";
}

void show_id16_at(Printer& p, uint32_t guest) {
  uint16_t id;
  if (!p.fetch(guest, id)) return;
  p.text += "[";
  show_id16(p, id);
  p.text += "]";
}

namespace {

template <typename Id>
void add_groups(Printer& p, uint32_t guest, uint32_t count) {
  constexpr uint32_t kMost = 65536;  // NGROUPS_MAX
  if (count > kMost) return p.address(guest);
  p.array<Id>(guest, count,
              [&](Id group) { sizeof(Id) == 2 ? show_id16(p, group) : show_id(p, group); });
}

}  // namespace

void show_groups(Printer& p, const uint32_t* words) {
  p.add("%u, ", words[0]);
  add_groups<uint32_t>(p, words[1], words[0]);
}
void show_got_groups(Printer& p, uint32_t guest) {
  add_groups<uint32_t>(p, guest, p.result.value());
}
void show_groups16(Printer& p, const uint32_t* words) {
  p.add("%u, ", words[0]);
  add_groups<uint16_t>(p, words[1], words[0]);
}
void show_got_groups16(Printer& p, uint32_t guest) {
  add_groups<uint16_t>(p, guest, p.result.value());
}

void show_membarrier_result(Printer& p) {
  if (!p.result.ok() || p.words[0] != 0) return;
  p.style = ResultStyle::hexadecimal;
  p.note_shown([&] { p.flags(abi::kMembarrierSet, p.result.value()); });
}

}  // namespace ferry::linux::strace
