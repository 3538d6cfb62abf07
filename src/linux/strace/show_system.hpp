// How strace shows System V IPC, POSIX queues, ioctl, and what calls tell of the system.
#pragma once

#include <cstdint>

#include "linux/strace/printer.hpp"

namespace ferry::linux::strace {

void show_key(Printer& p, uint32_t key);
/// Flags and mode of msgget and its like.
void show_ipc_flags(Printer& p, uint32_t flags);
void show_shm_flags(Printer& p, uint32_t flags);
/// Commands with IPC_64.
void show_msgctl_command(Printer& p, uint32_t command);
void show_semctl_command(Printer& p, uint32_t command);
void show_shmctl_command(Printer& p, uint32_t command);
/// Operations: address and count.
void show_semaphore_operations(Printer& p, const uint32_t* words);
/// A message: address and length.
void show_sent_message(Printer& p, const uint32_t* words);
void show_received_message(Printer& p, const uint32_t* words);
void show_queue_attributes(Printer& p, uint32_t guest);
/// Mode and attributes of mq_open, shown if the call creates a queue.
void show_queue_mode(Printer& p, const uint32_t* words);
void show_created_queue(Printer& p, const uint32_t* words);

/// The name of sethostname, unless it is too long for a kernel.
void show_host_name(Printer& p, const uint32_t* words);
void show_uname(Printer& p, uint32_t guest);
void show_sysinfo(Printer& p, uint32_t guest);
/// reboot's command, and its argument if the command takes one.
void show_reboot(Printer& p, const uint32_t* words);
void show_syslog_action(Printer& p, uint32_t action);
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
