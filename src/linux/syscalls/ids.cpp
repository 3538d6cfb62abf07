// User and group ids: the 16-bit calls and those with pointers. The others pass as they are.
#include <errno.h>
#include <unistd.h>

#include <array>

#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/convert.hpp"
#include "linux/syscalls/handlers.hpp"

namespace ferry::linux {

namespace {

constexpr uint32_t kMaxGroups = 65536;  // NGROUPS_MAX

template <long Number>
int32_t get_id16() {
  return narrow_id(static_cast<uint32_t>(host_call(Number)));
}

template <long Number>
int32_t set_ids16(const Arguments& a) {
  return guest_result(host_call(Number, wide_id(a[0]), wide_id(a[1]), wide_id(a[2])));
}

template <typename Id, long Number>
int32_t get_three(Thread& t, const Arguments& a) {
  uint32_t ids[3];
  const long result = host_call(Number, &ids[0], &ids[1], &ids[2]);
  if (result < 0) return guest_result(result);
  for (unsigned i = 0; i < 3; ++i) {
    const Id id = sizeof(Id) == 2 ? static_cast<Id>(narrow_id(ids[i])) : static_cast<Id>(ids[i]);
    if (!copy_out(t, a[i], id)) return -abi::kEFAULT;
  }
  return 0;
}

template <typename Id>
int32_t get_groups(Thread& t, const Arguments& a) {
  static uint32_t groups[kMaxGroups];  // .bss: too large for a stack
  if (a.signed_at(0) < 0) return -abi::kEINVAL;
  const long count = host_call(SYS_getgroups, a[0] > kMaxGroups ? kMaxGroups : a[0], groups);
  if (count < 0 || a[0] == 0) return guest_result(count);
  for (uint32_t i = 0; i < static_cast<uint32_t>(count); ++i) {
    const Id id =
        sizeof(Id) == 2 ? static_cast<Id>(narrow_id(groups[i])) : static_cast<Id>(groups[i]);
    if (!copy_out(t, a[1] + i * static_cast<uint32_t>(sizeof id), id)) return -abi::kEFAULT;
  }
  return static_cast<int32_t>(count);
}

template <typename Id>
int32_t set_groups(const Arguments& a) {
  static uint32_t groups[kMaxGroups];
  if (a[0] > kMaxGroups) return -abi::kEINVAL;
  for (uint32_t i = 0; i < a[0]; ++i) {
    Id id;
    if (!copy_in(a[1] + i * static_cast<uint32_t>(sizeof id), id)) return -abi::kEFAULT;
    groups[i] = sizeof(Id) == 2 ? wide_id(id) : id;
  }
  return guest_result(host_call(SYS_setgroups, a[0], groups));
}

}  // namespace

int32_t sys_getpgrp(Thread&, const Arguments&) {
  return guest_result(host_call(SYS_getpgid, 0));
}

int32_t sys_nice(Thread&, const Arguments& a) {
  // getpriority's raw result is 20 - nice.
  const long nice = 20 - host_call(SYS_getpriority, 0, 0) + a.signed_at(0);
  const long result = host_call(SYS_setpriority, 0, 0, nice > 19 ? 19 : nice < -20 ? -20 : nice);
  return result == -EACCES ? -abi::kEPERM : guest_result(result);
}

int32_t sys_getuid16(Thread&, const Arguments&) {
  return get_id16<SYS_getuid>();
}
int32_t sys_geteuid16(Thread&, const Arguments&) {
  return get_id16<SYS_geteuid>();
}
int32_t sys_getgid16(Thread&, const Arguments&) {
  return get_id16<SYS_getgid>();
}
int32_t sys_getegid16(Thread&, const Arguments&) {
  return get_id16<SYS_getegid>();
}
int32_t sys_setuid16(Thread&, const Arguments& a) {
  return set_ids16<SYS_setuid>(a);
}
int32_t sys_setgid16(Thread&, const Arguments& a) {
  return set_ids16<SYS_setgid>(a);
}
int32_t sys_setreuid16(Thread&, const Arguments& a) {
  return set_ids16<SYS_setreuid>(a);
}
int32_t sys_setregid16(Thread&, const Arguments& a) {
  return set_ids16<SYS_setregid>(a);
}
int32_t sys_setresuid16(Thread&, const Arguments& a) {
  return set_ids16<SYS_setresuid>(a);
}
int32_t sys_setresgid16(Thread&, const Arguments& a) {
  return set_ids16<SYS_setresgid>(a);
}
int32_t sys_setfsuid16(Thread&, const Arguments& a) {
  return set_ids16<SYS_setfsuid>(a);
}
int32_t sys_setfsgid16(Thread&, const Arguments& a) {
  return set_ids16<SYS_setfsgid>(a);
}
int32_t sys_getresuid16(Thread& t, const Arguments& a) {
  return get_three<uint16_t, SYS_getresuid>(t, a);
}
int32_t sys_getresgid16(Thread& t, const Arguments& a) {
  return get_three<uint16_t, SYS_getresgid>(t, a);
}
int32_t sys_getresuid32(Thread& t, const Arguments& a) {
  return get_three<uint32_t, SYS_getresuid>(t, a);
}
int32_t sys_getresgid32(Thread& t, const Arguments& a) {
  return get_three<uint32_t, SYS_getresgid>(t, a);
}
int32_t sys_getgroups16(Thread& t, const Arguments& a) {
  return get_groups<uint16_t>(t, a);
}
int32_t sys_getgroups32(Thread& t, const Arguments& a) {
  return get_groups<uint32_t>(t, a);
}
int32_t sys_setgroups16(Thread&, const Arguments& a) {
  return set_groups<uint16_t>(a);
}
int32_t sys_setgroups32(Thread&, const Arguments& a) {
  return set_groups<uint32_t>(a);
}

}  // namespace ferry::linux
