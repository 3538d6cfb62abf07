// How strace shows the arguments of calls that work on files.
#pragma once

#include <cstdint>

#include "linux/strace/printer.hpp"

namespace ferry::linux::strace {

void show_open_flags(Printer& p, uint32_t flags);
/// The mode after `flags`, shown only where the call creates a file.
void show_creation_mode(Printer& p, const uint32_t* words);
void show_open_how(Printer& p, const uint32_t* words);
/// S_IFREG|0644.
void show_file_mode(Printer& p, uint32_t mode);
/// Mode and device of mknod; the device only of a device.
void show_node(Printer& p, const uint32_t* words);
/// A user or a group, -1 for none; of 16 bits or of 32.
void show_id(Printer& p, uint32_t id);
void show_id16(Printer& p, uint32_t id);
void show_access(Printer& p, uint32_t bits);

void show_stat(Printer& p, uint32_t guest);
void show_stat64(Printer& p, uint32_t guest);
void show_statx(Printer& p, uint32_t guest);
void show_statx_flags(Printer& p, uint32_t flags);
void show_statfs(Printer& p, uint32_t guest);
void show_statfs64(Printer& p, uint32_t guest);

/// iovec arrays: address and count. What the call reads, what it wrote, and where another process's
/// memory is meant.
void show_vectors(Printer& p, const uint32_t* words);
void show_read_vectors(Printer& p, const uint32_t* words);
void show_remote_vectors(Printer& p, const uint32_t* words);
/// Elements of an iovec array, of whose bytes the first `bytes` count; UINT32_MAX: all.
void show_iovec(Printer& p, uint32_t guest, uint32_t count, uint32_t bytes);

/// fcntl's arguments after its descriptor.
void show_fcntl(Printer& p, const uint32_t* words);
void show_directory_entries(Printer& p, uint32_t guest);
void show_directory_entries64(Printer& p, uint32_t guest);
/// _llseek: the offset in two words, high word first, and the place of the result.
void show_llseek_offset(Printer& p, const uint32_t* words);
void show_place(Printer& p, uint32_t guest);
/// [3, 4]
void show_descriptor_pair(Printer& p, uint32_t guest);
/// [5]: a number of 64 bits, or of 32.
void show_offset(Printer& p, uint32_t guest);
/// sendfile's offset before and after the call.
void show_moving_offset(Printer& p, const uint32_t* words);
void show_moving_offset64(Printer& p, const uint32_t* words);
/// A file handle that the call fills in, and one that it is given.
void show_handle(Printer& p, const uint32_t* words);
void show_known_handle(Printer& p, uint32_t guest);
void show_swap_flags(Printer& p, uint32_t flags);
/// A path that the call wrote.
void show_written_path(Printer& p, uint32_t guest);
void show_fanotify_events(Printer& p, uint32_t events);
void show_fanotify_init(Printer& p, uint32_t flags);
/// An attribute's names, as listxattr wrote them, or a value: buffer and size.
void show_attribute(Printer& p, const uint32_t* words);
void show_landlock_ruleset(Printer& p, uint32_t guest);

}  // namespace ferry::linux::strace
