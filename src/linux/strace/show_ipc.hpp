// How strace shows System V IPC and POSIX queues.
#pragma once

#include <cstdint>

#include "linux/strace/printer.hpp"

namespace ferry::linux::strace {

void show_key(Printer& p, uint32_t key);
/// Flags and mode of msgget and its like.
void show_ipc_flags(Printer& p, uint32_t flags);
void show_shm_flags(Printer& p, uint32_t flags);
/// Command, with IPC_64, and argument.
void show_msgctl(Printer& p, const uint32_t* words);
void show_semctl(Printer& p, const uint32_t* words);
void show_shmctl(Printer& p, const uint32_t* words);
/// Operations: address and count.
void show_semaphore_operations(Printer& p, const uint32_t* words);
/// A message: address and length.
void show_sent_message(Printer& p, const uint32_t* words);
void show_received_message(Printer& p, const uint32_t* words);
void show_queue_attributes(Printer& p, uint32_t guest);
/// Mode and attributes of mq_open, shown if the call creates a queue.
void show_queue_mode(Printer& p, const uint32_t* words);
void show_created_queue(Printer& p, const uint32_t* words);

}  // namespace ferry::linux::strace
