// The machine: names, numbers, random bytes.
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/handlers.hpp"

namespace ferry::linux {

int32_t sys_uname(Thread& t, const Arguments& a) {
  struct utsname host;
  const long result = host_call(SYS_uname, &host);
  if (result < 0) return guest_result(result);
  abi::UtsName guest;
  static_assert(sizeof host == sizeof guest);
  std::memcpy(&guest, &host, sizeof guest);
  std::memset(guest.machine, 0, sizeof guest.machine);
  std::memcpy(guest.machine, "i686", 5);
  const std::string& release = t.process->kernel_release;
  if (!release.empty()) std::snprintf(guest.release, sizeof guest.release, "%s", release.c_str());
  return copy_out(t, a[0], guest) ? 0 : -abi::kEFAULT;
}

int32_t sys_olduname(Thread& t, const Arguments& a) {  // struct old_utsname: no domain name
  struct utsname host;
  host_call(SYS_uname, &host);
  std::memset(host.machine, 0, sizeof host.machine);
  std::memcpy(host.machine, "i686", 5);
  return copy_out_bytes(t, a[0], &host, 5 * 65) ? 0 : -abi::kEFAULT;
}

int32_t sys_sysinfo(Thread& t, const Arguments& a) {
  struct sysinfo host;
  const long result = host_call(SYS_sysinfo, &host);
  if (result < 0) return guest_result(result);
  // As the kernel's compat_sysinfo: a larger unit when bytes do not fit.
  unsigned shift = 0;
  uint32_t unit = host.mem_unit;
  const uint64_t largest = host.totalram > host.totalswap ? host.totalram : host.totalswap;
  while ((largest >> shift) > UINT32_MAX) ++shift;
  unit <<= shift;
  abi::SysInfo guest{};
  const auto scaled = [shift](uint64_t value) { return static_cast<uint32_t>(value >> shift); };
  guest.uptime = static_cast<int32_t>(host.uptime);
  for (unsigned i = 0; i < 3; ++i) guest.loads[i] = static_cast<uint32_t>(host.loads[i]);
  guest.total_ram = scaled(host.totalram);
  guest.free_ram = scaled(host.freeram);
  guest.shared_ram = scaled(host.sharedram);
  guest.buffer_ram = scaled(host.bufferram);
  guest.total_swap = scaled(host.totalswap);
  guest.free_swap = scaled(host.freeswap);
  guest.processes = host.procs;
  guest.total_high = scaled(host.totalhigh);
  guest.free_high = scaled(host.freehigh);
  guest.unit = unit;
  return copy_out(t, a[0], guest) ? 0 : -abi::kEFAULT;
}

int32_t sys_personality(Thread& t, const Arguments& a) {
  uint32_t& personality = t.process->personality;
  const auto old = static_cast<int32_t>(personality);
  constexpr uint32_t kQuery = UINT32_MAX, kReadImpliesExec = 0x0400000;
  if (a[0] != kQuery) {
    personality = a[0];
    if ((a[0] & kReadImpliesExec) != 0) t.process->space->set_read_implies_exec(true);
  }
  return old;
}

int32_t sys_getrandom(Thread& t, const Arguments& a) {
  const GuestBuffer buffer = writable(t, a[0], a[1]);
  return blocking_call(t, SYS_getrandom, buffer.pointer(), buffer.length(), a[2]);
}

int32_t sys_sethostname(Thread& t, const Arguments& a) {
  return guest_result(
      host_call(SYS_sethostname, readable(t, a[0], a[1]).pointer(), a.signed_at(1)));
}
int32_t sys_setdomainname(Thread& t, const Arguments& a) {
  return guest_result(
      host_call(SYS_setdomainname, readable(t, a[0], a[1]).pointer(), a.signed_at(1)));
}
int32_t sys_syslog(Thread& t, const Arguments& a) {
  return blocking_call(t, SYS_syslog, a.signed_at(0), writable(t, a[1], a[2]).pointer(),
                       a.signed_at(2));
}
int32_t sys_reboot(Thread& t, const Arguments& a) {
  constexpr uint32_t kMostText = 256;
  return guest_result(
      host_call(SYS_reboot, a[0], a[1], a[2], readable(t, a[3], kMostText).pointer()));
}
int32_t sys_capget(Thread& t, const Arguments& a) {
  const GuestBuffer sets = writable(t, a[1], 24);
  return guest_result(
      host_call(SYS_capget, writable(t, a[0], 8).pointer(), a[1] == 0 ? nullptr : sets.pointer()));
}
int32_t sys_capset(Thread& t, const Arguments& a) {
  return guest_result(
      host_call(SYS_capset, writable(t, a[0], 8).pointer(), readable(t, a[1], 24).pointer()));
}

}  // namespace ferry::linux
