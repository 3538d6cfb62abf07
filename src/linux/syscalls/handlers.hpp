// The handlers of all system calls, group by group as in the files of their names. The types of the
// arguments say how a call is unpacked, checked and shown (arguments.hpp, call_traits.hpp); the
// numbers are in abi/i386/syscalls.inc. Manual pages say what the calls do, comments at the
// handlers where ferry's way needs a word.
#pragma once

#include "linux/syscalls/arguments.hpp"

namespace ferry::linux {

// async_io.cpp
CallResult sys_io_setup(Thread& thread, uint32_t count, GuestPointer id);
CallResult sys_io_destroy(Thread& thread, Word id);
CallResult sys_io_submit(Thread& thread, Word id, int32_t count, GuestPointer blocks);
CallResult sys_io_cancel(Thread& thread, Word id, GuestPointer block, GuestPointer result);
CallResult sys_io_getevents(Thread& thread, Word id, int32_t least, int32_t most,
                            GuestPointer events, GuestPointer timeout);
CallResult sys_io_pgetevents(Thread& thread, Word id, int32_t least, int32_t most,
                             GuestPointer events, GuestPointer timeout, GuestPointer mask);
CallResult sys_io_pgetevents_time64(Thread& thread, Word id, int32_t least, int32_t most,
                                    GuestPointer events, GuestPointer timeout, GuestPointer mask);

// directory.cpp
CallResult sys_getdents(Thread& thread, Fd fd, GuestPointer buffer, uint32_t size);
CallResult sys_getdents64(Thread& thread, Fd fd, GuestPointer buffer, uint32_t size);

// exec.cpp
CallResult sys_execve(Thread& thread, GuestPath path, GuestPointer arguments,
                      GuestPointer environment);
CallResult sys_execveat(Thread& thread, DirFd directory, GuestPath path, GuestPointer arguments,
                        GuestPointer environment, Flags options);

// file.cpp
CallResult sys_read(Thread& thread, Fd fd, GuestPointer buffer, uint32_t size);
CallResult sys_write(Thread& thread, Fd fd, GuestPointer buffer, uint32_t size);
CallResult sys_close(Thread& thread, Fd fd);
CallResult sys_lseek(Thread& thread, Fd fd, int32_t offset, int32_t whence);
NewFd sys_dup(Thread& thread, Fd fd);
CallResult sys_pipe(Thread& thread, GuestPointer ends);
CallResult sys_fcntl(Thread& thread, Fd fd, int32_t command, Word argument);
NewFd sys_dup2(Thread& thread, Fd fd, FdNumber number);
CallResult sys_ftruncate(Thread& thread, Fd fd, int32_t length);
CallResult sys_llseek(Thread& thread, Fd fd, Word high, Word low, GuestPointer result,
                      int32_t whence);
CallResult sys_flock(Thread& thread, Fd fd, int32_t operation);
CallResult sys_readv(Thread& thread, Fd fd, GuestPointer vectors, uint32_t count);
CallResult sys_writev(Thread& thread, Fd fd, GuestPointer vectors, uint32_t count);
CallResult sys_pread64(Thread& thread, Fd fd, GuestPointer buffer, uint32_t size,
                       FileOffset position);
CallResult sys_pwrite64(Thread& thread, Fd fd, GuestPointer buffer, uint32_t size,
                        FileOffset position);
CallResult sys_ftruncate64(Thread& thread, Fd fd, FileOffset length);
CallResult sys_fcntl64(Thread& thread, Fd fd, int32_t command, Word argument);
CallResult sys_readahead(Thread& thread, Fd fd, FileOffset offset, uint32_t count);
CallResult sys_fadvise64(Thread& thread, Fd fd, FileOffset offset, uint32_t length, int32_t advice);
CallResult sys_fadvise64_64(Thread& thread, Fd fd, FileOffset offset, FileOffset length,
                            int32_t advice);
NewFd sys_inotify_init(Thread& thread);
CallResult sys_sync_file_range(Thread& thread, Fd fd, FileOffset offset, FileOffset length,
                               Flags flags);
CallResult sys_cachestat(Thread& thread, Fd fd, GuestPointer range, GuestPointer counts,
                         Flags flags);
CallResult sys_tee(Thread& thread, Fd from, Fd to, uint32_t length, Flags flags);
NewFd sys_eventfd(Thread& thread, uint32_t value);
CallResult sys_fallocate(Thread& thread, Fd fd, Flags mode, FileOffset offset, FileOffset length);
NewFd sys_eventfd2(Thread& thread, uint32_t value, Flags flags);
NewFd sys_dup3(Thread& thread, Fd fd, FdNumber number, Flags flags);
CallResult sys_pipe2(Thread& thread, GuestPointer ends, Flags flags);
NewFd sys_inotify_init1(Thread& thread, Flags flags);
CallResult sys_preadv(Thread& thread, Fd fd, GuestPointer vectors, uint32_t count,
                      FileOffset position);
CallResult sys_pwritev(Thread& thread, Fd fd, GuestPointer vectors, uint32_t count,
                       FileOffset position);
NewFd sys_memfd_create(Thread& thread, GuestString name, Flags flags);
CallResult sys_preadv2(Thread& thread, Fd fd, GuestPointer vectors, uint32_t count,
                       FileOffset position, Flags flags);
CallResult sys_pwritev2(Thread& thread, Fd fd, GuestPointer vectors, uint32_t count,
                        FileOffset position, Flags flags);
CallResult sys_close_range(Thread& thread, uint32_t begin, uint32_t last, Flags flags);

// filesystem.cpp
NewFd sys_open(Thread& thread, GuestPath path, Flags flags, FileMode mode);
NewFd sys_creat(Thread& thread, GuestPath path, FileMode mode);
CallResult sys_link(Thread& thread, GuestPath from, GuestPath to);
CallResult sys_unlink(Thread& thread, GuestPath path);
CallResult sys_chdir(Thread& thread, GuestPath path);
CallResult sys_mknod(Thread& thread, GuestPath path, FileMode mode, Word device);
CallResult sys_chmod(Thread& thread, GuestPath path, FileMode mode);
CallResult sys_lchown(Thread& thread, GuestPath path, int32_t owner, int32_t group);
CallResult sys_oldstat(Thread& thread, GuestPath path, GuestPointer status);
CallResult sys_mount(Thread& thread, GuestString source, GuestPath target, GuestString type,
                     Flags flags, GuestPointer data);
CallResult sys_umount(Thread& thread, GuestPath path);
CallResult sys_oldfstat(Thread& thread, Fd fd, GuestPointer status);
CallResult sys_utime(Thread& thread, GuestPath path, GuestPointer times);
CallResult sys_access(Thread& thread, GuestPath path, FileMode mode);
CallResult sys_rename(Thread& thread, GuestPath from, GuestPath to);
CallResult sys_mkdir(Thread& thread, GuestPath path, FileMode mode);
CallResult sys_rmdir(Thread& thread, GuestPath path);
CallResult sys_umount2(Thread& thread, GuestPath path, Flags flags);
CallResult sys_chroot(Thread& thread, GuestPath path);
CallResult sys_symlink(Thread& thread, GuestString contents, GuestPath path);
CallResult sys_oldlstat(Thread& thread, GuestPath path, GuestPointer status);
CallResult sys_readlink(Thread& thread, GuestPath path, GuestPointer buffer, uint32_t size);
CallResult sys_swapon(Thread& thread, GuestPath path, Flags flags);
CallResult sys_truncate(Thread& thread, GuestPath path, int32_t length);
CallResult sys_fchown(Thread& thread, Fd fd, int32_t owner, int32_t group);
CallResult sys_statfs(Thread& thread, GuestPath path, GuestPointer status);
CallResult sys_fstatfs(Thread& thread, Fd fd, GuestPointer status);
CallResult sys_stat(Thread& thread, GuestPath path, GuestPointer status);
CallResult sys_lstat(Thread& thread, GuestPath path, GuestPointer status);
CallResult sys_fstat(Thread& thread, Fd fd, GuestPointer status);
CallResult sys_swapoff(Thread& thread, GuestPath path);
CallResult sys_chown(Thread& thread, GuestPath path, int32_t owner, int32_t group);
CallResult sys_getcwd(Thread& thread, GuestPointer buffer, uint32_t room);
CallResult sys_truncate64(Thread& thread, GuestPath path, FileOffset length);
CallResult sys_stat64(Thread& thread, GuestPath path, GuestPointer status);
CallResult sys_lstat64(Thread& thread, GuestPath path, GuestPointer status);
CallResult sys_fstat64(Thread& thread, Fd fd, GuestPointer status);
CallResult sys_lchown32(Thread& thread, GuestPath path, int32_t owner, int32_t group);
CallResult sys_chown32(Thread& thread, GuestPath path, int32_t owner, int32_t group);
CallResult sys_pivot_root(Thread& thread, GuestPath root, GuestPath old);
CallResult sys_setxattr(Thread& thread, GuestPath path, GuestString name, GuestPointer value,
                        uint32_t size, Flags flags);
CallResult sys_lsetxattr(Thread& thread, GuestPath path, GuestString name, GuestPointer value,
                         uint32_t size, Flags flags);
CallResult sys_fsetxattr(Thread& thread, Fd fd, GuestString name, GuestPointer value, uint32_t size,
                         Flags flags);
CallResult sys_getxattr(Thread& thread, GuestPath path, GuestString name, GuestPointer value,
                        uint32_t size);
CallResult sys_lgetxattr(Thread& thread, GuestPath path, GuestString name, GuestPointer value,
                         uint32_t size);
CallResult sys_fgetxattr(Thread& thread, Fd fd, GuestString name, GuestPointer value,
                         uint32_t size);
CallResult sys_listxattr(Thread& thread, GuestPath path, GuestPointer list, uint32_t size);
CallResult sys_llistxattr(Thread& thread, GuestPath path, GuestPointer list, uint32_t size);
CallResult sys_flistxattr(Thread& thread, Fd fd, GuestPointer list, uint32_t size);
CallResult sys_removexattr(Thread& thread, GuestPath path, GuestString name);
CallResult sys_lremovexattr(Thread& thread, GuestPath path, GuestString name);
CallResult sys_fremovexattr(Thread& thread, Fd fd, GuestString name);
CallResult sys_fchmodat2(Thread& thread, DirFd directory, GuestPath path, FileMode mode,
                         Flags flags);
CallResult sys_statfs64(Thread& thread, GuestPath path, uint32_t size, GuestPointer status);
CallResult sys_fstatfs64(Thread& thread, Fd fd, uint32_t size, GuestPointer status);
CallResult sys_utimes(Thread& thread, GuestPath path, GuestPointer times);
CallResult sys_inotify_add_watch(Thread& thread, Fd fd, GuestPath path, Flags mask);
NewFd sys_openat(Thread& thread, DirFd directory, GuestPath path, Flags flags, FileMode mode);
CallResult sys_mkdirat(Thread& thread, DirFd directory, GuestPath path, FileMode mode);
CallResult sys_mknodat(Thread& thread, DirFd directory, GuestPath path, FileMode mode, Word device);
CallResult sys_fchownat(Thread& thread, DirFd directory, GuestPath path, int32_t owner,
                        int32_t group, Flags flags);
CallResult sys_futimesat(Thread& thread, DirFd directory, GuestPath path, GuestPointer times);
CallResult sys_fstatat64(Thread& thread, DirFd directory, GuestPath path, GuestPointer status,
                         Flags flags);
CallResult sys_unlinkat(Thread& thread, DirFd directory, GuestPath path, Flags flags);
CallResult sys_renameat(Thread& thread, DirFd from_directory, GuestPath from, DirFd to_directory,
                        GuestPath to);
CallResult sys_linkat(Thread& thread, DirFd from_directory, GuestPath from, DirFd to_directory,
                      GuestPath to, Flags flags);
CallResult sys_symlinkat(Thread& thread, GuestString contents, DirFd directory, GuestPath path);
CallResult sys_readlinkat(Thread& thread, DirFd directory, GuestPath path, GuestPointer buffer,
                          uint32_t size);
CallResult sys_fchmodat(Thread& thread, DirFd directory, GuestPath path, FileMode mode);
CallResult sys_faccessat(Thread& thread, DirFd directory, GuestPath path, FileMode mode);
CallResult sys_utimensat(Thread& thread, DirFd directory, GuestPath path, GuestPointer times,
                         Flags flags);
CallResult sys_renameat2(Thread& thread, DirFd from_directory, GuestPath from, DirFd to_directory,
                         GuestPath to, Flags flags);
CallResult sys_statx(Thread& thread, DirFd directory, GuestPath path, Flags flags, Flags mask,
                     GuestPointer status);
CallResult sys_utimensat_time64(Thread& thread, DirFd directory, GuestPath path, GuestPointer times,
                                Flags flags);
CallResult sys_faccessat2(Thread& thread, DirFd directory, GuestPath path, FileMode mode,
                          Flags flags);

// ids.cpp
CallResult sys_setuid16(Thread& thread, int32_t user);
CallResult sys_getuid16(Thread& thread);
CallResult sys_nice(Thread& thread, int32_t increment);
CallResult sys_setgid16(Thread& thread, int32_t group);
CallResult sys_getgid16(Thread& thread);
CallResult sys_geteuid16(Thread& thread);
CallResult sys_getegid16(Thread& thread);
CallResult sys_getpgrp(Thread& thread);
CallResult sys_setreuid16(Thread& thread, int32_t real, int32_t effective);
CallResult sys_setregid16(Thread& thread, int32_t real, int32_t effective);
CallResult sys_getgroups16(Thread& thread, int32_t count, GuestPointer list);
CallResult sys_setgroups16(Thread& thread, int32_t count, GuestPointer list);
CallResult sys_setfsuid16(Thread& thread, int32_t user);
CallResult sys_setfsgid16(Thread& thread, int32_t group);
CallResult sys_setresuid16(Thread& thread, int32_t real, int32_t effective, int32_t saved);
CallResult sys_getresuid16(Thread& thread, GuestPointer real, GuestPointer effective,
                           GuestPointer saved);
CallResult sys_setresgid16(Thread& thread, int32_t real, int32_t effective, int32_t saved);
CallResult sys_getresgid16(Thread& thread, GuestPointer real, GuestPointer effective,
                           GuestPointer saved);
CallResult sys_getgroups32(Thread& thread, int32_t count, GuestPointer list);
CallResult sys_setgroups32(Thread& thread, int32_t count, GuestPointer list);
CallResult sys_getresuid32(Thread& thread, GuestPointer real, GuestPointer effective,
                           GuestPointer saved);
CallResult sys_getresgid32(Thread& thread, GuestPointer real, GuestPointer effective,
                           GuestPointer saved);

// ioctl.cpp
CallResult sys_ioctl(Thread& thread, Fd fd, Word request, Word argument);

// ipc.cpp
CallResult sys_ipc(Thread& thread, Flags call, int32_t first, int32_t second, Word third,
                   GuestPointer pointer, Word fifth);

// keys.cpp
CallResult sys_add_key(Thread& thread, GuestString type, GuestString description,
                       GuestPointer payload, uint32_t length, int32_t keyring);
CallResult sys_request_key(Thread& thread, GuestString type, GuestString description,
                           GuestString information, int32_t keyring);
CallResult sys_keyctl(Thread& thread, int32_t command, Word second, Word third, Word fourth,
                      Word fifth);

// memory.cpp
CallResult sys_brk(Thread& thread, GuestPointer address);
CallResult sys_mmap(Thread& thread, GuestPointer address, uint32_t length, Flags protection,
                    Flags flags, int32_t fd, Word offset);
CallResult sys_munmap(Thread& thread, GuestPointer address, uint32_t length);
CallResult sys_mprotect(Thread& thread, GuestPointer address, uint32_t size, Flags protection);
CallResult sys_msync(Thread& thread, GuestPointer address, uint32_t length, Flags flags);
CallResult sys_mlock(Thread& thread, GuestPointer address, uint32_t length);
CallResult sys_munlock(Thread& thread, GuestPointer address, uint32_t length);
CallResult sys_mlockall(Thread& thread, Flags flags);
CallResult sys_munlockall(Thread& thread);
CallResult sys_mremap(Thread& thread, GuestPointer address, uint32_t old_length, uint32_t length,
                      Flags flags, GuestPointer target);
CallResult sys_mmap2(Thread& thread, GuestPointer address, uint32_t length, Flags protection,
                     Flags flags, int32_t fd, Word page);
CallResult sys_remap_file_pages(Thread& thread, GuestPointer address, uint32_t size,
                                Word protection, Word page, Flags flags);
CallResult sys_mincore(Thread& thread, GuestPointer address, uint32_t length, GuestPointer vector);
CallResult sys_madvise(Thread& thread, GuestPointer address, uint32_t length, int32_t advice);
CallResult sys_mlock2(Thread& thread, GuestPointer address, uint32_t length, Flags flags);

// message.cpp
CallResult sys_msgsnd(Thread& thread, int32_t id, GuestPointer message, uint32_t length,
                      Flags flags);
CallResult sys_msgrcv(Thread& thread, int32_t id, GuestPointer message, uint32_t length,
                      int32_t type, Flags flags);
CallResult sys_msgctl(Thread& thread, int32_t id, int32_t command, GuestPointer queue);

// message_queue.cpp
NewFd sys_mq_open(Thread& thread, GuestString name, Flags flags, FileMode mode,
                  GuestPointer attributes);
CallResult sys_mq_unlink(Thread& thread, GuestString name);
CallResult sys_mq_timedsend(Thread& thread, Fd fd, GuestPointer message, uint32_t length,
                            uint32_t priority, GuestPointer timeout);
CallResult sys_mq_timedsend_time64(Thread& thread, Fd fd, GuestPointer message, uint32_t length,
                                   uint32_t priority, GuestPointer timeout);
CallResult sys_mq_timedreceive(Thread& thread, Fd fd, GuestPointer message, uint32_t length,
                               GuestPointer priority, GuestPointer timeout);
CallResult sys_mq_timedreceive_time64(Thread& thread, Fd fd, GuestPointer message, uint32_t length,
                                      GuestPointer priority, GuestPointer timeout);
CallResult sys_mq_notify(Thread& thread, Fd fd, GuestPointer notification);
CallResult sys_mq_getsetattr(Thread& thread, Fd fd, GuestPointer wanted, GuestPointer old);

// mounts.cpp
NewFd sys_open_tree(Thread& thread, DirFd directory, GuestPath path, Flags flags);
CallResult sys_move_mount(Thread& thread, DirFd from_directory, GuestPath from, DirFd to_directory,
                          GuestPath to, Flags flags);
NewFd sys_fsopen(Thread& thread, GuestString type, Flags flags);
CallResult sys_fsconfig(Thread& thread, Fd fd, uint32_t command, GuestString key, Word value,
                        int32_t extra);
NewFd sys_fspick(Thread& thread, DirFd directory, GuestPath path, Flags flags);
CallResult sys_mount_setattr(Thread& thread, DirFd directory, GuestPath path, Flags flags,
                             GuestPointer attributes, uint32_t size);
CallResult sys_statmount(Thread& thread, GuestPointer request, GuestPointer buffer, uint32_t size,
                         Flags flags);
CallResult sys_listmount(Thread& thread, GuestPointer request, GuestPointer ids, uint32_t count,
                         Flags flags);
NewFd sys_fanotify_init(Thread& thread, Flags flags, Flags event_flags);
CallResult sys_fanotify_mark(Thread& thread, Fd fd, Flags flags, FileOffset mask, DirFd directory,
                             GuestPath path);

// other_process.cpp
CallResult sys_process_vm_readv(Thread& thread, Pid pid, GuestPointer local, uint32_t local_count,
                                GuestPointer remote, uint32_t remote_count, Flags flags);
CallResult sys_process_vm_writev(Thread& thread, Pid pid, GuestPointer local, uint32_t local_count,
                                 GuestPointer remote, uint32_t remote_count, Flags flags);
CallResult sys_kcmp(Thread& thread, Pid first, Pid second, int32_t type, Word first_index,
                    Word second_index);
NewFd sys_pidfd_getfd(Thread& thread, Fd pidfd, FdNumber target, Flags flags);
CallResult sys_process_madvise(Thread& thread, Fd pidfd, GuestPointer vectors, uint32_t count,
                               int32_t advice, Flags flags);

// path_handles.cpp
CallResult sys_name_to_handle_at(Thread& thread, DirFd directory, GuestPath path,
                                 GuestPointer handle, GuestPointer mount, Flags flags);
NewFd sys_open_by_handle_at(Thread& thread, DirFd mount, GuestPointer handle, Flags flags);
NewFd sys_openat2(Thread& thread, DirFd directory, GuestPath path, GuestPointer how, uint32_t size);

// poll.cpp
CallResult sys_newselect(Thread& thread, int32_t count, GuestPointer reads, GuestPointer writes,
                         GuestPointer exceptions, GuestPointer timeout);
CallResult sys_poll(Thread& thread, GuestPointer descriptors, uint32_t count, int32_t timeout);
NewFd sys_epoll_create(Thread& thread, int32_t size);
CallResult sys_epoll_ctl(Thread& thread, Fd fd, int32_t operation, Fd target, GuestPointer event);
CallResult sys_epoll_wait(Thread& thread, Fd fd, GuestPointer events, int32_t count,
                          int32_t timeout);
CallResult sys_pselect6(Thread& thread, int32_t count, GuestPointer reads, GuestPointer writes,
                        GuestPointer exceptions, GuestPointer timeout, GuestPointer mask);
CallResult sys_ppoll(Thread& thread, GuestPointer descriptors, uint32_t count, GuestPointer timeout,
                     GuestPointer mask, uint32_t set_size);
CallResult sys_epoll_pwait(Thread& thread, Fd fd, GuestPointer events, int32_t count,
                           int32_t timeout, GuestPointer mask, uint32_t set_size);
NewFd sys_epoll_create1(Thread& thread, Flags flags);
CallResult sys_pselect6_time64(Thread& thread, int32_t count, GuestPointer reads,
                               GuestPointer writes, GuestPointer exceptions, GuestPointer timeout,
                               GuestPointer mask);
CallResult sys_ppoll_time64(Thread& thread, GuestPointer descriptors, uint32_t count,
                            GuestPointer timeout, GuestPointer mask, uint32_t set_size);
CallResult sys_epoll_pwait2(Thread& thread, Fd fd, GuestPointer events, int32_t count,
                            GuestPointer timeout, GuestPointer mask, uint32_t set_size);

// clone.cpp, clone_request.cpp
CallResult sys_exit(Thread& thread, int32_t status);
CallResult sys_exit_group(Thread& thread, int32_t status);
CallResult sys_fork(Thread& thread);
CallResult sys_vfork(Thread& thread);
CallResult sys_clone(Thread& thread, Flags flags, GuestPointer stack, GuestPointer parent_tid,
                     GuestPointer tls, GuestPointer child_tid);
CallResult sys_clone3(Thread& thread, GuestPointer arguments, uint32_t size);

// process.cpp
CallResult sys_waitpid(Thread& thread, Pid pid, GuestPointer status, Flags options);
CallResult sys_setrlimit(Thread& thread, int32_t resource, GuestPointer limit);
CallResult sys_getrlimit(Thread& thread, int32_t resource, GuestPointer limit);
CallResult sys_getrusage(Thread& thread, int32_t who, GuestPointer usage);
CallResult sys_wait4(Thread& thread, Pid pid, GuestPointer status, Flags options,
                     GuestPointer usage);
CallResult sys_ugetrlimit(Thread& thread, int32_t resource, GuestPointer limit);
CallResult sys_waitid(Thread& thread, int32_t type, Pid pid, GuestPointer info, Flags options,
                      GuestPointer usage);
CallResult sys_prlimit64(Thread& thread, Pid pid, int32_t resource, GuestPointer limit,
                         GuestPointer old);
NewFd sys_pidfd_open(Thread& thread, Pid pid, Flags flags);

// semaphore.cpp
CallResult sys_semctl(Thread& thread, int32_t id, int32_t number, int32_t command, Word argument);
CallResult sys_semtimedop_time64(Thread& thread, int32_t id, GuestPointer operations,
                                 uint32_t count, GuestPointer timeout);

// shared_segment.cpp
CallResult sys_shmget(Thread& thread, int32_t key, uint32_t bytes, Flags flags);
CallResult sys_shmat(Thread& thread, int32_t id, GuestPointer address, Flags flags);
CallResult sys_shmdt(Thread& thread, GuestPointer address);
CallResult sys_shmctl(Thread& thread, int32_t id, int32_t command, GuestPointer segment);

// prctl.cpp
CallResult sys_prctl(Thread& thread, int32_t option, Word second, Word third, Word fourth,
                     Word fifth);

// quota.cpp
CallResult sys_quotactl(Thread& thread, Flags command, GuestPath special, Word id, Word data);
CallResult sys_quotactl_fd(Thread& thread, Fd fd, Flags command, Word id, Word data);

// seccomp.cpp
CallResult sys_seccomp(Thread& thread, uint32_t operation, Flags flags, GuestPointer arguments);

// security.cpp
NewFd sys_landlock_create_ruleset(Thread& thread, GuestPointer attributes, uint32_t size,
                                  Flags flags);
CallResult sys_landlock_add_rule(Thread& thread, Fd ruleset, uint32_t type, GuestPointer rule,
                                 Flags flags);
CallResult sys_lsm_get_self_attr(Thread& thread, uint32_t attribute, GuestPointer contexts,
                                 GuestPointer size, Flags flags);
CallResult sys_lsm_set_self_attr(Thread& thread, uint32_t attribute, GuestPointer context,
                                 uint32_t size, Flags flags);
CallResult sys_lsm_list_modules(Thread& thread, GuestPointer ids, GuestPointer size, Flags flags);

// signal.cpp
CallResult sys_pause(Thread& thread);
CallResult sys_kill(Thread& thread, Pid pid, SignalNumber signal);
CallResult sys_signal(Thread& thread, SignalNumber signal, GuestPointer handler);
CallResult sys_sigaction(Thread& thread, SignalNumber signal, GuestPointer action,
                         GuestPointer old);
CallResult sys_sgetmask(Thread& thread);
CallResult sys_ssetmask(Thread& thread, Word mask);
CallResult sys_sigsuspend(Thread& thread, int32_t unused_history, int32_t unused_mask, Word mask);
CallResult sys_sigpending(Thread& thread, GuestPointer set);
CallResult sys_sigreturn(Thread& thread);
CallResult sys_sigprocmask(Thread& thread, int32_t how, GuestPointer set, GuestPointer old);
CallResult sys_rt_sigreturn(Thread& thread);
CallResult sys_rt_sigaction(Thread& thread, SignalNumber signal, GuestPointer action,
                            GuestPointer old, uint32_t set_size);
CallResult sys_rt_sigprocmask(Thread& thread, int32_t how, GuestPointer set, GuestPointer old,
                              uint32_t set_size);
CallResult sys_rt_sigpending(Thread& thread, GuestPointer set, uint32_t set_size);
CallResult sys_rt_sigtimedwait(Thread& thread, GuestPointer set, GuestPointer info,
                               GuestPointer timeout, uint32_t set_size);
CallResult sys_rt_sigqueueinfo(Thread& thread, Pid pid, SignalNumber signal, GuestPointer info);
CallResult sys_rt_sigsuspend(Thread& thread, GuestPointer set, uint32_t set_size);
CallResult sys_sigaltstack(Thread& thread, GuestPointer stack, GuestPointer old);
CallResult sys_tkill(Thread& thread, Pid tid, SignalNumber signal);
CallResult sys_tgkill(Thread& thread, Pid pid, Pid tid, SignalNumber signal);
NewFd sys_signalfd(Thread& thread, Fd fd, GuestPointer set, uint32_t set_size);
NewFd sys_signalfd4(Thread& thread, Fd fd, GuestPointer set, uint32_t set_size, Flags flags);
CallResult sys_pidfd_send_signal(Thread& thread, Fd fd, SignalNumber signal, GuestPointer info,
                                 Flags flags);
CallResult sys_rt_tgsigqueueinfo(Thread& thread, Pid pid, Pid tid, SignalNumber signal,
                                 GuestPointer info);
CallResult sys_rt_sigtimedwait_time64(Thread& thread, GuestPointer set, GuestPointer info,
                                      GuestPointer timeout, uint32_t set_size);

// socket.cpp
CallResult sys_socketcall(Thread& thread, int32_t number, GuestPointer words);
CallResult sys_recvmmsg(Thread& thread, Fd fd, GuestPointer messages, uint32_t count, Flags flags,
                        GuestPointer timeout);
CallResult sys_recvmmsg_time64(Thread& thread, Fd fd, GuestPointer messages, uint32_t count,
                               Flags flags, GuestPointer timeout);
CallResult sys_sendmmsg(Thread& thread, Fd fd, GuestPointer messages, uint32_t count, Flags flags);
NewFd sys_socket(Thread& thread, int32_t domain, Flags type, int32_t protocol);
CallResult sys_socketpair(Thread& thread, int32_t domain, Flags type, int32_t protocol,
                          GuestPointer pair);
CallResult sys_bind(Thread& thread, Fd fd, GuestPointer address, uint32_t length);
CallResult sys_connect(Thread& thread, Fd fd, GuestPointer address, uint32_t length);
NewFd sys_accept4(Thread& thread, Fd fd, GuestPointer address, GuestPointer length, Flags flags);
CallResult sys_getsockopt(Thread& thread, Fd fd, int32_t guest_level, int32_t guest_option,
                          GuestPointer value, GuestPointer size);
CallResult sys_setsockopt(Thread& thread, Fd fd, int32_t guest_level, int32_t guest_option,
                          GuestPointer value, uint32_t size);
CallResult sys_getsockname(Thread& thread, Fd fd, GuestPointer address, GuestPointer length);
CallResult sys_getpeername(Thread& thread, Fd fd, GuestPointer address, GuestPointer length);
CallResult sys_sendto(Thread& thread, Fd fd, GuestPointer buffer, uint32_t size, Flags flags,
                      GuestPointer address, uint32_t length);
CallResult sys_sendmsg(Thread& thread, Fd fd, GuestPointer message, Flags flags);
CallResult sys_recvfrom(Thread& thread, Fd fd, GuestPointer buffer, uint32_t size, Flags flags,
                        GuestPointer address, GuestPointer length);
CallResult sys_recvmsg(Thread& thread, Fd fd, GuestPointer message, Flags flags);

// system.cpp
CallResult sys_olduname(Thread& thread, GuestPointer name);
CallResult sys_sethostname(Thread& thread, GuestPointer name, int32_t length);
CallResult sys_reboot(Thread& thread, Word magic, Word magic2, Word command, GuestPointer argument);
CallResult sys_syslog(Thread& thread, int32_t action, GuestPointer buffer, int32_t size);
CallResult sys_sysinfo(Thread& thread, GuestPointer info);
CallResult sys_setdomainname(Thread& thread, GuestPointer name, int32_t length);
CallResult sys_uname(Thread& thread, GuestPointer name);
CallResult sys_personality(Thread& thread, Word wanted);
CallResult sys_capget(Thread& thread, GuestPointer header, GuestPointer data);
CallResult sys_capset(Thread& thread, GuestPointer header, GuestPointer data);
CallResult sys_getrandom(Thread& thread, GuestPointer buffer, uint32_t size, Flags flags);

// thread.cpp
CallResult sys_sched_setparam(Thread& thread, Pid pid, GuestPointer parameters);
CallResult sys_sched_getparam(Thread& thread, Pid pid, GuestPointer parameters);
CallResult sys_sched_setscheduler(Thread& thread, Pid pid, int32_t policy, GuestPointer parameters);
CallResult sys_sched_setattr(Thread& thread, Pid pid, GuestPointer attributes, Flags flags);
CallResult sys_sched_getattr(Thread& thread, Pid pid, GuestPointer attributes, uint32_t size,
                             Flags flags);
CallResult sys_sched_rr_get_interval(Thread& thread, Pid pid, GuestPointer interval);
CallResult sys_gettid(Thread& thread);
CallResult sys_futex(Thread& thread, GuestPointer address, Flags operation, uint32_t value,
                     GuestPointer timeout, GuestPointer second_address, uint32_t third_value);
CallResult sys_sched_setaffinity(Thread& thread, Pid pid, uint32_t mask_size, GuestPointer mask);
CallResult sys_sched_getaffinity(Thread& thread, Pid pid, uint32_t mask_size, GuestPointer mask);
CallResult sys_set_thread_area(Thread& thread, GuestPointer descriptor);
CallResult sys_get_thread_area(Thread& thread, GuestPointer descriptor);
CallResult sys_modify_ldt(Thread& thread, uint32_t function, GuestPointer pointer, uint32_t size);
CallResult sys_set_tid_address(Thread& thread, GuestPointer address);
CallResult sys_set_robust_list(Thread& thread, GuestPointer head, uint32_t size);
CallResult sys_get_robust_list(Thread& thread, Pid pid, GuestPointer head, GuestPointer size);
CallResult sys_getcpu(Thread& thread, GuestPointer cpu, GuestPointer node, GuestPointer cache);
CallResult sys_futex_waitv(Thread& thread, GuestPointer waiters, uint32_t count, Flags flags,
                           GuestPointer timeout, int32_t clock);
CallResult sys_futex_wake(Thread& thread, GuestPointer address, Word mask, int32_t count,
                          Flags flags);
CallResult sys_futex_wait(Thread& thread, GuestPointer address, Word value, Word mask, Flags flags,
                          GuestPointer timeout, int32_t clock);
CallResult sys_futex_requeue(Thread& thread, GuestPointer waiters, Flags flags, int32_t wake,
                             int32_t requeue);
CallResult sys_membarrier(Thread& thread, int32_t command, Flags flags, int32_t cpu);
CallResult sys_futex_time64(Thread& thread, GuestPointer address, Flags operation, uint32_t value,
                            GuestPointer timeout, GuestPointer second_address,
                            uint32_t third_value);
CallResult sys_sched_rr_get_interval_time64(Thread& thread, Pid pid, GuestPointer interval);

// time.cpp
CallResult sys_time(Thread& thread, GuestPointer time);
CallResult sys_stime(Thread& thread, GuestPointer time);
CallResult sys_alarm(Thread& thread, uint32_t seconds);
CallResult sys_times(Thread& thread, GuestPointer times);
CallResult sys_gettimeofday(Thread& thread, GuestPointer time, GuestPointer zone);
CallResult sys_settimeofday(Thread& thread, GuestPointer time, GuestPointer zone);
CallResult sys_setitimer(Thread& thread, int32_t which, GuestPointer timer, GuestPointer old);
CallResult sys_getitimer(Thread& thread, int32_t which, GuestPointer timer);
CallResult sys_nanosleep(Thread& thread, GuestPointer request, GuestPointer remaining);
CallResult sys_timer_create(Thread& thread, int32_t clock, GuestPointer event, GuestPointer timer);
CallResult sys_timer_settime(Thread& thread, int32_t timer, int32_t flags, GuestPointer time,
                             GuestPointer old);
CallResult sys_timer_gettime(Thread& thread, int32_t timer, GuestPointer time);
CallResult sys_clock_settime(Thread& thread, int32_t clock, GuestPointer time);
CallResult sys_clock_gettime(Thread& thread, int32_t clock, GuestPointer time);
CallResult sys_clock_getres(Thread& thread, int32_t clock, GuestPointer time);
CallResult sys_clock_nanosleep(Thread& thread, int32_t clock, int32_t flags, GuestPointer request,
                               GuestPointer remaining);
NewFd sys_timerfd_create(Thread& thread, int32_t clock, Flags flags);
CallResult sys_timerfd_settime(Thread& thread, Fd fd, Flags flags, GuestPointer time,
                               GuestPointer old);
CallResult sys_timerfd_gettime(Thread& thread, Fd fd, GuestPointer time);
CallResult sys_clock_gettime64(Thread& thread, int32_t clock, GuestPointer time);
CallResult sys_clock_settime64(Thread& thread, int32_t clock, GuestPointer time);
CallResult sys_clock_getres_time64(Thread& thread, int32_t clock, GuestPointer time);
CallResult sys_clock_nanosleep_time64(Thread& thread, int32_t clock, int32_t flags,
                                      GuestPointer request, GuestPointer remaining);
CallResult sys_timer_gettime64(Thread& thread, int32_t timer, GuestPointer time);
CallResult sys_timer_settime64(Thread& thread, int32_t timer, int32_t flags, GuestPointer time,
                               GuestPointer old);
CallResult sys_timerfd_gettime64(Thread& thread, Fd fd, GuestPointer time);
CallResult sys_timerfd_settime64(Thread& thread, Fd fd, Flags flags, GuestPointer time,
                                 GuestPointer old);

// time_adjust.cpp
CallResult sys_adjtimex(Thread& thread, GuestPointer time);
CallResult sys_clock_adjtime(Thread& thread, int32_t clock, GuestPointer time);
CallResult sys_clock_adjtime64(Thread& thread, int32_t clock, GuestPointer time);

// transfer.cpp
CallResult sys_sendfile(Thread& thread, Fd to, Fd from, GuestPointer offset, uint32_t count);
CallResult sys_sendfile64(Thread& thread, Fd to, Fd from, GuestPointer offset, uint32_t count);
CallResult sys_splice(Thread& thread, Fd from, GuestPointer from_offset, Fd to,
                      GuestPointer to_offset, uint32_t wanted, Flags flags);
CallResult sys_copy_file_range(Thread& thread, Fd from, GuestPointer from_offset, Fd to,
                               GuestPointer to_offset, uint32_t wanted, Flags flags);
CallResult sys_vmsplice(Thread& thread, Fd fd, GuestPointer vectors, uint32_t count, Flags flags);

}  // namespace ferry::linux
