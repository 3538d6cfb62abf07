// How strace shows ioctl and what calls tell of the system.
#pragma once

#include <cstdint>

#include "linux/strace/printer.hpp"

namespace ferry::linux::strace {

/// The name of sethostname, unless it is too long for a kernel.
void show_host_name(Printer& p, const uint32_t* words);
void show_uname(Printer& p, uint32_t guest);
void show_sysinfo(Printer& p, uint32_t guest);
/// reboot's command, and its argument if the command takes one.
void show_reboot(Printer& p, const uint32_t* words);
void show_syslog_action(Printer& p, uint32_t action);
/// Command, device, number and argument of quotactl, and the same without the device.
void show_quotactl(Printer& p, const uint32_t* words);
void show_quotactl_fd(Printer& p, const uint32_t* words);
/// mount_setattr's attributes and their size.
void show_mount_attributes(Printer& p, const uint32_t* words);
/// A key's number, or the name of one of the process's keyrings.
void show_keyring(Printer& p, uint32_t key);
void show_keyctl(Printer& p, const uint32_t* words);
/// Request and argument of ioctl.
void show_ioctl(Printer& p, const uint32_t* words);
/// mincore's address and length, and the vector after them.
void show_range(Printer& p, const uint32_t* words);
void show_residency(Printer& p, const uint32_t* words);
void show_map_flags(Printer& p, uint32_t flags);
void show_page_offset(Printer& p, uint32_t page);
/// mremap's new address, shown where it counts.
void show_new_address(Printer& p, const uint32_t* words);
/// Random bytes.
void show_random(Printer& p, const uint32_t* words);

}  // namespace ferry::linux::strace
