// The machine: names, numbers, random bytes.
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <cstring>

#include "linux/syscalls/calls.hpp"
#include "linux/syscalls/handlers.hpp"

namespace ferry::linux {

namespace {

/// What uname says of this system. Returns 0 or a host's negative error.
long name_system(const GuestProcess& process, abi::UtsName& guest) {
  struct utsname host;
  const long result = host_call(SYS_uname, &host);
  if (result < 0) return result;
  static_assert(sizeof host == sizeof guest);
  std::memcpy(&guest, &host, sizeof guest);
  std::memset(guest.machine, 0, sizeof guest.machine);
  std::memcpy(guest.machine, "i686", 5);
  const std::string& release = process.kernel_release;
  if (!release.empty()) std::snprintf(guest.release, sizeof guest.release, "%s", release.c_str());
  return 0;
}

}  // namespace

CallResult sys_uname(Thread& t, GuestPointer name) {
  abi::UtsName guest;
  const long result = name_system(*t.process, guest);
  if (result < 0) return guest_result(result);
  return copy_out(t, name, guest) ? kOk : abi::kEFAULT;
}

CallResult sys_olduname(Thread& t, GuestPointer name) {
  abi::UtsName guest;
  const long result = name_system(*t.process, guest);
  if (result < 0) return guest_result(result);
  // struct old_utsname: the same without the domain name
  return copy_out_bytes(t, name, &guest, offsetof(abi::UtsName, domainname)) ? kOk : abi::kEFAULT;
}

CallResult sys_sysinfo(Thread& t, GuestPointer info) {
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
  return copy_out(t, info, guest) ? kOk : abi::kEFAULT;
}

CallResult sys_personality(Thread& t, Word wanted) {
  uint32_t& personality = t.process->personality;
  const uint32_t old = personality;
  constexpr uint32_t kQuery = UINT32_MAX, kReadImpliesExec = 0x0400000;
  if (wanted != kQuery) {
    personality = wanted;
    if ((wanted & kReadImpliesExec) != 0) t.process->space->set_read_implies_exec(true);
  }
  return old;
}

CallResult sys_getrandom(Thread& t, GuestPointer buffer_pointer, uint32_t size, Flags flags) {
  const GuestBuffer buffer = writable(t, buffer_pointer, size);
  return blocking_call(t, SYS_getrandom, buffer.pointer(), buffer.length(), flags);
}

CallResult sys_sethostname(Thread& t, GuestPointer name, int32_t length) {
  return guest_result(host_call(
      SYS_sethostname, readable(t, name, static_cast<uint32_t>(length)).pointer(), length));
}
CallResult sys_setdomainname(Thread& t, GuestPointer name, int32_t length) {
  return guest_result(host_call(
      SYS_setdomainname, readable(t, name, static_cast<uint32_t>(length)).pointer(), length));
}
CallResult sys_syslog(Thread& t, int32_t action, GuestPointer buffer, int32_t size) {
  return blocking_call(t, SYS_syslog, action,
                       writable(t, buffer, static_cast<uint32_t>(size)).pointer(), size);
}
CallResult sys_reboot(Thread& t, Word magic, Word magic2, Word command, GuestPointer argument) {
  constexpr uint32_t kMostText = 256;
  return guest_result(
      host_call(SYS_reboot, magic, magic2, command, readable(t, argument, kMostText).pointer()));
}
CallResult sys_capget(Thread& t, GuestPointer header, GuestPointer data) {
  const GuestBuffer sets = writable(t, data, 24);
  return guest_result(host_call(SYS_capget, writable(t, header, 8).pointer(),
                                data == 0 ? nullptr : sets.pointer()));
}
CallResult sys_capset(Thread& t, GuestPointer header, GuestPointer data) {
  return guest_result(
      host_call(SYS_capset, writable(t, header, 8).pointer(), readable(t, data, 24).pointer()));
}

}  // namespace ferry::linux
