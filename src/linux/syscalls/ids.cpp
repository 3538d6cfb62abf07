// User and group ids: the 16-bit calls and those with pointers. All others are PASS rows.
#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/convert.hpp"
#include "linux/syscalls/handlers.hpp"

namespace ferry::linux {

namespace {

constexpr uint32_t kMaxGroups = 65536;  // NGROUPS_MAX

template <long Number>
CallResult get_id16() {
  return uint32_t{narrow_id(static_cast<uint32_t>(host_call(Number)))};
}

template <long Number, typename... Ids>
CallResult set_ids16(Ids... ids) {
  return guest_result(host_call(Number, wide_id(static_cast<uint32_t>(ids))...));
}

template <typename Id>
Id guest_id(uint32_t host) {
  return sizeof(Id) == 2 ? static_cast<Id>(narrow_id(host)) : static_cast<Id>(host);
}

template <typename Id, long Number>
CallResult get_three(Thread& t, GuestPointer real, GuestPointer effective, GuestPointer saved) {
  uint32_t ids[3];
  const long result = host_call(Number, &ids[0], &ids[1], &ids[2]);
  if (result < 0) return guest_result(result);
  const bool written = copy_out(t, real, guest_id<Id>(ids[0])) &&
                       copy_out(t, effective, guest_id<Id>(ids[1])) &&
                       copy_out(t, saved, guest_id<Id>(ids[2]));
  return written ? kOk : abi::kEFAULT;
}

template <typename Id>
CallResult get_groups(Thread& t, int32_t count, GuestPointer list) {
  if (count < 0) return abi::kEINVAL;
  std::vector<uint32_t> groups(std::min(static_cast<uint32_t>(count), kMaxGroups));
  const long found = host_call(SYS_getgroups, groups.size(), groups.data());
  if (found < 0 || count == 0) return guest_result(found);
  uint32_t at = list;
  for (uint32_t i = 0; i < static_cast<uint32_t>(found); ++i, at += sizeof(Id)) {
    if (!copy_out(t, at, guest_id<Id>(groups[i]))) return abi::kEFAULT;
  }
  return static_cast<uint32_t>(found);
}

template <typename Id>
CallResult set_groups(int32_t count, GuestPointer list) {
  if (static_cast<uint32_t>(count) > kMaxGroups) return abi::kEINVAL;
  std::vector<uint32_t> groups(static_cast<uint32_t>(count));
  uint32_t at = list;
  for (uint32_t& group : groups) {
    Id id;
    if (!copy_in(at, id)) return abi::kEFAULT;
    group = sizeof(Id) == 2 ? wide_id(id) : id;
    at += sizeof(Id);
  }
  return guest_result(host_call(SYS_setgroups, groups.size(), groups.data()));
}

}  // namespace

CallResult sys_getpgrp(Thread&) {
  return guest_result(host_call(SYS_getpgid, 0));
}

CallResult sys_nice(Thread&, int32_t increment) {
  // getpriority's raw result is 20 - nice.
  const long nice = 20 - host_call(SYS_getpriority, 0, 0) + increment;
  const long result = host_call(SYS_setpriority, 0, 0, nice > 19 ? 19 : nice < -20 ? -20 : nice);
  if (result == -EACCES) return abi::kEPERM;
  return guest_result(result);
}

CallResult sys_getuid16(Thread&) {
  return get_id16<SYS_getuid>();
}
CallResult sys_geteuid16(Thread&) {
  return get_id16<SYS_geteuid>();
}
CallResult sys_getgid16(Thread&) {
  return get_id16<SYS_getgid>();
}
CallResult sys_getegid16(Thread&) {
  return get_id16<SYS_getegid>();
}
CallResult sys_setuid16(Thread&, int32_t user) {
  return set_ids16<SYS_setuid>(user);
}
CallResult sys_setgid16(Thread&, int32_t group) {
  return set_ids16<SYS_setgid>(group);
}
CallResult sys_setreuid16(Thread&, int32_t real, int32_t effective) {
  return set_ids16<SYS_setreuid>(real, effective);
}
CallResult sys_setregid16(Thread&, int32_t real, int32_t effective) {
  return set_ids16<SYS_setregid>(real, effective);
}
CallResult sys_setresuid16(Thread&, int32_t real, int32_t effective, int32_t saved) {
  return set_ids16<SYS_setresuid>(real, effective, saved);
}
CallResult sys_setresgid16(Thread&, int32_t real, int32_t effective, int32_t saved) {
  return set_ids16<SYS_setresgid>(real, effective, saved);
}
CallResult sys_setfsuid16(Thread&, int32_t user) {
  return set_ids16<SYS_setfsuid>(user);
}
CallResult sys_setfsgid16(Thread&, int32_t group) {
  return set_ids16<SYS_setfsgid>(group);
}
CallResult sys_getresuid16(Thread& t, GuestPointer real, GuestPointer effective,
                           GuestPointer saved) {
  return get_three<uint16_t, SYS_getresuid>(t, real, effective, saved);
}
CallResult sys_getresgid16(Thread& t, GuestPointer real, GuestPointer effective,
                           GuestPointer saved) {
  return get_three<uint16_t, SYS_getresgid>(t, real, effective, saved);
}
CallResult sys_getresuid32(Thread& t, GuestPointer real, GuestPointer effective,
                           GuestPointer saved) {
  return get_three<uint32_t, SYS_getresuid>(t, real, effective, saved);
}
CallResult sys_getresgid32(Thread& t, GuestPointer real, GuestPointer effective,
                           GuestPointer saved) {
  return get_three<uint32_t, SYS_getresgid>(t, real, effective, saved);
}
CallResult sys_getgroups16(Thread& t, int32_t count, GuestPointer list) {
  return get_groups<uint16_t>(t, count, list);
}
CallResult sys_getgroups32(Thread& t, int32_t count, GuestPointer list) {
  return get_groups<uint32_t>(t, count, list);
}
CallResult sys_setgroups16(Thread&, int32_t count, GuestPointer list) {
  return set_groups<uint16_t>(count, list);
}
CallResult sys_setgroups32(Thread&, int32_t count, GuestPointer list) {
  return set_groups<uint32_t>(count, list);
}

}  // namespace ferry::linux
