// The handlers of all system calls, group by group as in the files of their names. The types of the
// arguments say how a call is unpacked, checked and shown (arguments.hpp, call_traits.hpp); the
// numbers are in abi/i386/syscalls.inc. Manual pages say what the calls do, comments at the
// handlers where ferry's way needs a word.
#pragma once

#include "linux/syscalls/arguments.hpp"

namespace ferry::linux {

// directory.cpp
int32_t sys_getdents(Thread& thread, Fd fd, GuestPointer buffer, uint32_t size);
int32_t sys_getdents64(Thread& thread, Fd fd, GuestPointer buffer, uint32_t size);

// exec.cpp
int32_t sys_execve(Thread& thread, GuestPath path, GuestPointer arguments,
                   GuestPointer environment);
int32_t sys_execveat(Thread& thread, DirFd directory, GuestPath path, GuestPointer arguments,
                     GuestPointer environment, Flags options);

// file.cpp
int32_t sys_read(Thread& thread, Fd fd, GuestPointer buffer, uint32_t size);
int32_t sys_write(Thread& thread, Fd fd, GuestPointer buffer, uint32_t size);
int32_t sys_close(Thread& thread, Fd fd);
int32_t sys_lseek(Thread& thread, Fd fd, int32_t offset, int32_t whence);
NewFd sys_dup(Thread& thread, Fd fd);
int32_t sys_pipe(Thread& thread, GuestPointer ends);
int32_t sys_fcntl(Thread& thread, Fd fd, int32_t command, Word argument);
NewFd sys_dup2(Thread& thread, Fd fd, FdNumber number);
int32_t sys_ftruncate(Thread& thread, Fd fd, int32_t length);
int32_t sys_llseek(Thread& thread, Fd fd, Word high, Word low, GuestPointer result, int32_t whence);
int32_t sys_flock(Thread& thread, Fd fd, int32_t operation);
int32_t sys_readv(Thread& thread, Fd fd, GuestPointer vectors, uint32_t count);
int32_t sys_writev(Thread& thread, Fd fd, GuestPointer vectors, uint32_t count);
int32_t sys_pread64(Thread& thread, Fd fd, GuestPointer buffer, uint32_t size, FileOffset position);
int32_t sys_pwrite64(Thread& thread, Fd fd, GuestPointer buffer, uint32_t size,
                     FileOffset position);
int32_t sys_ftruncate64(Thread& thread, Fd fd, FileOffset length);
int32_t sys_fcntl64(Thread& thread, Fd fd, int32_t command, Word argument);
int32_t sys_readahead(Thread& thread, Fd fd, FileOffset offset, uint32_t count);
int32_t sys_fadvise64(Thread& thread, Fd fd, FileOffset offset, uint32_t length, int32_t advice);
int32_t sys_fadvise64_64(Thread& thread, Fd fd, FileOffset offset, FileOffset length,
                         int32_t advice);
NewFd sys_inotify_init(Thread& thread);
int32_t sys_sync_file_range(Thread& thread, Fd fd, FileOffset offset, FileOffset length,
                            Flags flags);
int32_t sys_tee(Thread& thread, Fd from, Fd to, uint32_t length, Flags flags);
NewFd sys_eventfd(Thread& thread, uint32_t value);
int32_t sys_fallocate(Thread& thread, Fd fd, Flags mode, FileOffset offset, FileOffset length);
NewFd sys_eventfd2(Thread& thread, uint32_t value, Flags flags);
NewFd sys_dup3(Thread& thread, Fd fd, FdNumber number, Flags flags);
int32_t sys_pipe2(Thread& thread, GuestPointer ends, Flags flags);
NewFd sys_inotify_init1(Thread& thread, Flags flags);
int32_t sys_preadv(Thread& thread, Fd fd, GuestPointer vectors, uint32_t count,
                   FileOffset position);
int32_t sys_pwritev(Thread& thread, Fd fd, GuestPointer vectors, uint32_t count,
                    FileOffset position);
NewFd sys_memfd_create(Thread& thread, GuestString name, Flags flags);
int32_t sys_preadv2(Thread& thread, Fd fd, GuestPointer vectors, uint32_t count,
                    FileOffset position, Flags flags);
int32_t sys_pwritev2(Thread& thread, Fd fd, GuestPointer vectors, uint32_t count,
                     FileOffset position, Flags flags);
int32_t sys_close_range(Thread& thread, uint32_t begin, uint32_t last, Flags flags);

// filesystem.cpp
NewFd sys_open(Thread& thread, GuestPath path, Flags flags, FileMode mode);
NewFd sys_creat(Thread& thread, GuestPath path, FileMode mode);
int32_t sys_link(Thread& thread, GuestPath from, GuestPath to);
int32_t sys_unlink(Thread& thread, GuestPath path);
int32_t sys_chdir(Thread& thread, GuestPath path);
int32_t sys_mknod(Thread& thread, GuestPath path, FileMode mode, Word device);
int32_t sys_chmod(Thread& thread, GuestPath path, FileMode mode);
int32_t sys_lchown(Thread& thread, GuestPath path, int32_t owner, int32_t group);
int32_t sys_oldstat(Thread& thread, GuestPath path, GuestPointer status);
int32_t sys_mount(Thread& thread, GuestString source, GuestPath target, GuestString type,
                  Flags flags, GuestPointer data);
int32_t sys_umount(Thread& thread, GuestPath path);
int32_t sys_oldfstat(Thread& thread, Fd fd, GuestPointer status);
int32_t sys_utime(Thread& thread, GuestPath path, GuestPointer times);
int32_t sys_access(Thread& thread, GuestPath path, FileMode mode);
int32_t sys_rename(Thread& thread, GuestPath from, GuestPath to);
int32_t sys_mkdir(Thread& thread, GuestPath path, FileMode mode);
int32_t sys_rmdir(Thread& thread, GuestPath path);
int32_t sys_umount2(Thread& thread, GuestPath path, Flags flags);
int32_t sys_chroot(Thread& thread, GuestPath path);
int32_t sys_symlink(Thread& thread, GuestString contents, GuestPath path);
int32_t sys_oldlstat(Thread& thread, GuestPath path, GuestPointer status);
int32_t sys_readlink(Thread& thread, GuestPath path, GuestPointer buffer, uint32_t size);
int32_t sys_swapon(Thread& thread, GuestPath path, Flags flags);
int32_t sys_truncate(Thread& thread, GuestPath path, int32_t length);
int32_t sys_fchown(Thread& thread, Fd fd, int32_t owner, int32_t group);
int32_t sys_statfs(Thread& thread, GuestPath path, GuestPointer status);
int32_t sys_fstatfs(Thread& thread, Fd fd, GuestPointer status);
int32_t sys_stat(Thread& thread, GuestPath path, GuestPointer status);
int32_t sys_lstat(Thread& thread, GuestPath path, GuestPointer status);
int32_t sys_fstat(Thread& thread, Fd fd, GuestPointer status);
int32_t sys_swapoff(Thread& thread, GuestPath path);
int32_t sys_chown(Thread& thread, GuestPath path, int32_t owner, int32_t group);
int32_t sys_getcwd(Thread& thread, GuestPointer buffer, uint32_t room);
int32_t sys_truncate64(Thread& thread, GuestPath path, FileOffset length);
int32_t sys_stat64(Thread& thread, GuestPath path, GuestPointer status);
int32_t sys_lstat64(Thread& thread, GuestPath path, GuestPointer status);
int32_t sys_fstat64(Thread& thread, Fd fd, GuestPointer status);
int32_t sys_lchown32(Thread& thread, GuestPath path, int32_t owner, int32_t group);
int32_t sys_chown32(Thread& thread, GuestPath path, int32_t owner, int32_t group);
int32_t sys_pivot_root(Thread& thread, GuestPath root, GuestPath old);
int32_t sys_setxattr(Thread& thread, GuestPath path, GuestString name, GuestPointer value,
                     uint32_t size, Flags flags);
int32_t sys_lsetxattr(Thread& thread, GuestPath path, GuestString name, GuestPointer value,
                      uint32_t size, Flags flags);
int32_t sys_fsetxattr(Thread& thread, Fd fd, GuestString name, GuestPointer value, uint32_t size,
                      Flags flags);
int32_t sys_getxattr(Thread& thread, GuestPath path, GuestString name, GuestPointer value,
                     uint32_t size);
int32_t sys_lgetxattr(Thread& thread, GuestPath path, GuestString name, GuestPointer value,
                      uint32_t size);
int32_t sys_fgetxattr(Thread& thread, Fd fd, GuestString name, GuestPointer value, uint32_t size);
int32_t sys_listxattr(Thread& thread, GuestPath path, GuestPointer list, uint32_t size);
int32_t sys_llistxattr(Thread& thread, GuestPath path, GuestPointer list, uint32_t size);
int32_t sys_flistxattr(Thread& thread, Fd fd, GuestPointer list, uint32_t size);
int32_t sys_removexattr(Thread& thread, GuestPath path, GuestString name);
int32_t sys_lremovexattr(Thread& thread, GuestPath path, GuestString name);
int32_t sys_fremovexattr(Thread& thread, Fd fd, GuestString name);
int32_t sys_statfs64(Thread& thread, GuestPath path, uint32_t size, GuestPointer status);
int32_t sys_fstatfs64(Thread& thread, Fd fd, uint32_t size, GuestPointer status);
int32_t sys_utimes(Thread& thread, GuestPath path, GuestPointer times);
int32_t sys_inotify_add_watch(Thread& thread, Fd fd, GuestPath path, Flags mask);
NewFd sys_openat(Thread& thread, DirFd directory, GuestPath path, Flags flags, FileMode mode);
int32_t sys_mkdirat(Thread& thread, DirFd directory, GuestPath path, FileMode mode);
int32_t sys_mknodat(Thread& thread, DirFd directory, GuestPath path, FileMode mode, Word device);
int32_t sys_fchownat(Thread& thread, DirFd directory, GuestPath path, int32_t owner, int32_t group,
                     Flags flags);
int32_t sys_futimesat(Thread& thread, DirFd directory, GuestPath path, GuestPointer times);
int32_t sys_fstatat64(Thread& thread, DirFd directory, GuestPath path, GuestPointer status,
                      Flags flags);
int32_t sys_unlinkat(Thread& thread, DirFd directory, GuestPath path, Flags flags);
int32_t sys_renameat(Thread& thread, DirFd from_directory, GuestPath from, DirFd to_directory,
                     GuestPath to);
int32_t sys_linkat(Thread& thread, DirFd from_directory, GuestPath from, DirFd to_directory,
                   GuestPath to, Flags flags);
int32_t sys_symlinkat(Thread& thread, GuestString contents, DirFd directory, GuestPath path);
int32_t sys_readlinkat(Thread& thread, DirFd directory, GuestPath path, GuestPointer buffer,
                       uint32_t size);
int32_t sys_fchmodat(Thread& thread, DirFd directory, GuestPath path, FileMode mode);
int32_t sys_faccessat(Thread& thread, DirFd directory, GuestPath path, FileMode mode);
int32_t sys_utimensat(Thread& thread, DirFd directory, GuestPath path, GuestPointer times,
                      Flags flags);
int32_t sys_renameat2(Thread& thread, DirFd from_directory, GuestPath from, DirFd to_directory,
                      GuestPath to, Flags flags);
int32_t sys_statx(Thread& thread, DirFd directory, GuestPath path, Flags flags, Flags mask,
                  GuestPointer status);
int32_t sys_utimensat_time64(Thread& thread, DirFd directory, GuestPath path, GuestPointer times,
                             Flags flags);
int32_t sys_faccessat2(Thread& thread, DirFd directory, GuestPath path, FileMode mode, Flags flags);

// ids.cpp
int32_t sys_setuid16(Thread& thread, int32_t user);
int32_t sys_getuid16(Thread& thread);
int32_t sys_nice(Thread& thread, int32_t increment);
int32_t sys_setgid16(Thread& thread, int32_t group);
int32_t sys_getgid16(Thread& thread);
int32_t sys_geteuid16(Thread& thread);
int32_t sys_getegid16(Thread& thread);
int32_t sys_getpgrp(Thread& thread);
int32_t sys_setreuid16(Thread& thread, int32_t real, int32_t effective);
int32_t sys_setregid16(Thread& thread, int32_t real, int32_t effective);
int32_t sys_getgroups16(Thread& thread, int32_t count, GuestPointer list);
int32_t sys_setgroups16(Thread& thread, int32_t count, GuestPointer list);
int32_t sys_setfsuid16(Thread& thread, int32_t user);
int32_t sys_setfsgid16(Thread& thread, int32_t group);
int32_t sys_setresuid16(Thread& thread, int32_t real, int32_t effective, int32_t saved);
int32_t sys_getresuid16(Thread& thread, GuestPointer real, GuestPointer effective,
                        GuestPointer saved);
int32_t sys_setresgid16(Thread& thread, int32_t real, int32_t effective, int32_t saved);
int32_t sys_getresgid16(Thread& thread, GuestPointer real, GuestPointer effective,
                        GuestPointer saved);
int32_t sys_getgroups32(Thread& thread, int32_t count, GuestPointer list);
int32_t sys_setgroups32(Thread& thread, int32_t count, GuestPointer list);
int32_t sys_getresuid32(Thread& thread, GuestPointer real, GuestPointer effective,
                        GuestPointer saved);
int32_t sys_getresgid32(Thread& thread, GuestPointer real, GuestPointer effective,
                        GuestPointer saved);

// ioctl.cpp
int32_t sys_ioctl(Thread& thread, Fd fd, Word request, Word argument);

// memory.cpp
int32_t sys_brk(Thread& thread, GuestPointer address);
int32_t sys_mmap(Thread& thread, GuestPointer words);
int32_t sys_munmap(Thread& thread, GuestPointer address, uint32_t length);
int32_t sys_mprotect(Thread& thread, GuestPointer address, uint32_t size, Flags protection);
int32_t sys_msync(Thread& thread, GuestPointer address, uint32_t length, Flags flags);
int32_t sys_mlock(Thread& thread, GuestPointer address, uint32_t length);
int32_t sys_munlock(Thread& thread, GuestPointer address, uint32_t length);
int32_t sys_mlockall(Thread& thread, Flags flags);
int32_t sys_munlockall(Thread& thread);
int32_t sys_mremap(Thread& thread, GuestPointer address, uint32_t old_length, uint32_t length,
                   Flags flags, GuestPointer target);
int32_t sys_mmap2(Thread& thread, GuestPointer address, uint32_t length, Flags protection,
                  Flags flags, int32_t fd, Word page);
int32_t sys_mincore(Thread& thread, GuestPointer address, uint32_t length, GuestPointer vector);
int32_t sys_madvise(Thread& thread, GuestPointer address, uint32_t length, int32_t advice);
int32_t sys_mlock2(Thread& thread, GuestPointer address, uint32_t length, Flags flags);

// poll.cpp
int32_t sys_select(Thread& thread, GuestPointer words);
int32_t sys_newselect(Thread& thread, int32_t count, GuestPointer reads, GuestPointer writes,
                      GuestPointer exceptions, GuestPointer timeout);
int32_t sys_poll(Thread& thread, GuestPointer descriptors, uint32_t count, int32_t timeout);
NewFd sys_epoll_create(Thread& thread, int32_t size);
int32_t sys_epoll_ctl(Thread& thread, Fd fd, int32_t operation, Fd target, GuestPointer event);
int32_t sys_epoll_wait(Thread& thread, Fd fd, GuestPointer events, int32_t count, int32_t timeout);
int32_t sys_pselect6(Thread& thread, int32_t count, GuestPointer reads, GuestPointer writes,
                     GuestPointer exceptions, GuestPointer timeout, GuestPointer mask);
int32_t sys_ppoll(Thread& thread, GuestPointer descriptors, uint32_t count, GuestPointer timeout,
                  GuestPointer mask, uint32_t set_size);
int32_t sys_epoll_pwait(Thread& thread, Fd fd, GuestPointer events, int32_t count, int32_t timeout,
                        GuestPointer mask, uint32_t set_size);
NewFd sys_epoll_create1(Thread& thread, Flags flags);
int32_t sys_pselect6_time64(Thread& thread, int32_t count, GuestPointer reads, GuestPointer writes,
                            GuestPointer exceptions, GuestPointer timeout, GuestPointer mask);
int32_t sys_ppoll_time64(Thread& thread, GuestPointer descriptors, uint32_t count,
                         GuestPointer timeout, GuestPointer mask, uint32_t set_size);
int32_t sys_epoll_pwait2(Thread& thread, Fd fd, GuestPointer events, int32_t count,
                         GuestPointer timeout, GuestPointer mask, uint32_t set_size);

// process.cpp
int32_t sys_exit(Thread& thread, int32_t status);
int32_t sys_fork(Thread& thread);
int32_t sys_waitpid(Thread& thread, Pid pid, GuestPointer status, Flags options);
int32_t sys_setrlimit(Thread& thread, int32_t resource, GuestPointer limit);
int32_t sys_getrlimit(Thread& thread, int32_t resource, GuestPointer limit);
int32_t sys_getrusage(Thread& thread, int32_t who, GuestPointer usage);
int32_t sys_wait4(Thread& thread, Pid pid, GuestPointer status, Flags options, GuestPointer usage);
int32_t sys_clone(Thread& thread, Flags flags, GuestPointer stack, GuestPointer parent_tid,
                  GuestPointer tls, GuestPointer child_tid);
int32_t sys_vfork(Thread& thread);
int32_t sys_ugetrlimit(Thread& thread, int32_t resource, GuestPointer limit);
int32_t sys_exit_group(Thread& thread, int32_t status);
int32_t sys_waitid(Thread& thread, int32_t type, Pid pid, GuestPointer info, Flags options,
                   GuestPointer usage);
int32_t sys_prlimit64(Thread& thread, Pid pid, int32_t resource, GuestPointer limit,
                      GuestPointer old);
NewFd sys_pidfd_open(Thread& thread, Pid pid, Flags flags);

// signal.cpp
int32_t sys_pause(Thread& thread);
int32_t sys_kill(Thread& thread, Pid pid, SignalNumber signal);
int32_t sys_signal(Thread& thread, SignalNumber signal, GuestPointer handler);
int32_t sys_sigaction(Thread& thread, SignalNumber signal, GuestPointer action, GuestPointer old);
int32_t sys_sgetmask(Thread& thread);
int32_t sys_ssetmask(Thread& thread, Word mask);
int32_t sys_sigsuspend(Thread& thread, int32_t unused_history, int32_t unused_mask, Word mask);
int32_t sys_sigpending(Thread& thread, GuestPointer set);
int32_t sys_sigreturn(Thread& thread);
int32_t sys_sigprocmask(Thread& thread, int32_t how, GuestPointer set, GuestPointer old);
int32_t sys_rt_sigreturn(Thread& thread);
int32_t sys_rt_sigaction(Thread& thread, SignalNumber signal, GuestPointer action, GuestPointer old,
                         uint32_t set_size);
int32_t sys_rt_sigprocmask(Thread& thread, int32_t how, GuestPointer set, GuestPointer old,
                           uint32_t set_size);
int32_t sys_rt_sigpending(Thread& thread, GuestPointer set, uint32_t set_size);
int32_t sys_rt_sigtimedwait(Thread& thread, GuestPointer set, GuestPointer info,
                            GuestPointer timeout, uint32_t set_size);
int32_t sys_rt_sigqueueinfo(Thread& thread, Pid pid, SignalNumber signal, GuestPointer info);
int32_t sys_rt_sigsuspend(Thread& thread, GuestPointer set, uint32_t set_size);
int32_t sys_sigaltstack(Thread& thread, GuestPointer stack, GuestPointer old);
int32_t sys_tkill(Thread& thread, Pid tid, SignalNumber signal);
int32_t sys_tgkill(Thread& thread, Pid pid, Pid tid, SignalNumber signal);
NewFd sys_signalfd(Thread& thread, Fd fd, GuestPointer set, uint32_t set_size);
NewFd sys_signalfd4(Thread& thread, Fd fd, GuestPointer set, uint32_t set_size, Flags flags);
int32_t sys_rt_tgsigqueueinfo(Thread& thread, Pid pid, Pid tid, SignalNumber signal,
                              GuestPointer info);
int32_t sys_rt_sigtimedwait_time64(Thread& thread, GuestPointer set, GuestPointer info,
                                   GuestPointer timeout, uint32_t set_size);

// socket.cpp
int32_t sys_socketcall(Thread& thread, int32_t number, GuestPointer words);
int32_t sys_recvmmsg(Thread& thread, Fd fd, GuestPointer messages, uint32_t count, Flags flags,
                     GuestPointer timeout);
int32_t sys_sendmmsg(Thread& thread, Fd fd, GuestPointer messages, uint32_t count, Flags flags);
NewFd sys_socket(Thread& thread, int32_t domain, Flags type, int32_t protocol);
int32_t sys_socketpair(Thread& thread, int32_t domain, Flags type, int32_t protocol,
                       GuestPointer pair);
int32_t sys_bind(Thread& thread, Fd fd, GuestPointer address, uint32_t length);
int32_t sys_connect(Thread& thread, Fd fd, GuestPointer address, uint32_t length);
NewFd sys_accept4(Thread& thread, Fd fd, GuestPointer address, GuestPointer length, Flags flags);
int32_t sys_getsockopt(Thread& thread, Fd fd, int32_t guest_level, int32_t guest_option,
                       GuestPointer value, GuestPointer size);
int32_t sys_setsockopt(Thread& thread, Fd fd, int32_t guest_level, int32_t guest_option,
                       GuestPointer value, uint32_t size);
int32_t sys_getsockname(Thread& thread, Fd fd, GuestPointer address, GuestPointer length);
int32_t sys_getpeername(Thread& thread, Fd fd, GuestPointer address, GuestPointer length);
int32_t sys_sendto(Thread& thread, Fd fd, GuestPointer buffer, uint32_t size, Flags flags,
                   GuestPointer address, uint32_t length);
int32_t sys_sendmsg(Thread& thread, Fd fd, GuestPointer message, Flags flags);
int32_t sys_recvfrom(Thread& thread, Fd fd, GuestPointer buffer, uint32_t size, Flags flags,
                     GuestPointer address, GuestPointer length);
int32_t sys_recvmsg(Thread& thread, Fd fd, GuestPointer message, Flags flags);

// system.cpp
int32_t sys_olduname(Thread& thread, GuestPointer name);
int32_t sys_sethostname(Thread& thread, GuestPointer name, int32_t length);
int32_t sys_reboot(Thread& thread, Word magic, Word magic2, Word command, GuestPointer argument);
int32_t sys_syslog(Thread& thread, int32_t action, GuestPointer buffer, int32_t size);
int32_t sys_sysinfo(Thread& thread, GuestPointer info);
int32_t sys_setdomainname(Thread& thread, GuestPointer name, int32_t length);
int32_t sys_uname(Thread& thread, GuestPointer name);
int32_t sys_personality(Thread& thread, Word wanted);
int32_t sys_capget(Thread& thread, GuestPointer header, GuestPointer data);
int32_t sys_capset(Thread& thread, GuestPointer header, GuestPointer data);
int32_t sys_getrandom(Thread& thread, GuestPointer buffer, uint32_t size, Flags flags);

// thread.cpp
int32_t sys_sched_setparam(Thread& thread, Pid pid, GuestPointer parameters);
int32_t sys_sched_getparam(Thread& thread, Pid pid, GuestPointer parameters);
int32_t sys_sched_setscheduler(Thread& thread, Pid pid, int32_t policy, GuestPointer parameters);
int32_t sys_sched_rr_get_interval(Thread& thread, Pid pid, GuestPointer interval);
int32_t sys_prctl(Thread& thread, int32_t option, Word second, Word third, Word fourth, Word fifth);
int32_t sys_gettid(Thread& thread);
int32_t sys_futex(Thread& thread, GuestPointer address, Flags operation, uint32_t value,
                  GuestPointer timeout, GuestPointer second_address, uint32_t third_value);
int32_t sys_sched_setaffinity(Thread& thread, Pid pid, uint32_t mask_size, GuestPointer mask);
int32_t sys_sched_getaffinity(Thread& thread, Pid pid, uint32_t mask_size, GuestPointer mask);
int32_t sys_set_thread_area(Thread& thread, GuestPointer descriptor);
int32_t sys_get_thread_area(Thread& thread, GuestPointer descriptor);
int32_t sys_set_tid_address(Thread& thread, GuestPointer address);
int32_t sys_set_robust_list(Thread& thread, GuestPointer head, uint32_t size);
int32_t sys_get_robust_list(Thread& thread, Pid pid, GuestPointer head, GuestPointer size);
int32_t sys_getcpu(Thread& thread, GuestPointer cpu, GuestPointer node, GuestPointer cache);
int32_t sys_futex_time64(Thread& thread, GuestPointer address, Flags operation, uint32_t value,
                         GuestPointer timeout, GuestPointer second_address, uint32_t third_value);
int32_t sys_sched_rr_get_interval_time64(Thread& thread, Pid pid, GuestPointer interval);

// time.cpp
int32_t sys_time(Thread& thread, GuestPointer time);
int32_t sys_stime(Thread& thread, GuestPointer time);
int32_t sys_alarm(Thread& thread, uint32_t seconds);
int32_t sys_times(Thread& thread, GuestPointer times);
int32_t sys_gettimeofday(Thread& thread, GuestPointer time, GuestPointer zone);
int32_t sys_settimeofday(Thread& thread, GuestPointer time, GuestPointer zone);
int32_t sys_setitimer(Thread& thread, int32_t which, GuestPointer timer, GuestPointer old);
int32_t sys_getitimer(Thread& thread, int32_t which, GuestPointer timer);
int32_t sys_nanosleep(Thread& thread, GuestPointer request, GuestPointer remaining);
int32_t sys_timer_create(Thread& thread, int32_t clock, GuestPointer event, GuestPointer timer);
int32_t sys_timer_settime(Thread& thread, int32_t timer, int32_t flags, GuestPointer time,
                          GuestPointer old);
int32_t sys_timer_gettime(Thread& thread, int32_t timer, GuestPointer time);
int32_t sys_clock_settime(Thread& thread, int32_t clock, GuestPointer time);
int32_t sys_clock_gettime(Thread& thread, int32_t clock, GuestPointer time);
int32_t sys_clock_getres(Thread& thread, int32_t clock, GuestPointer time);
int32_t sys_clock_nanosleep(Thread& thread, int32_t clock, int32_t flags, GuestPointer request,
                            GuestPointer remaining);
NewFd sys_timerfd_create(Thread& thread, int32_t clock, Flags flags);
int32_t sys_timerfd_settime(Thread& thread, Fd fd, Flags flags, GuestPointer time,
                            GuestPointer old);
int32_t sys_timerfd_gettime(Thread& thread, Fd fd, GuestPointer time);
int32_t sys_clock_gettime64(Thread& thread, int32_t clock, GuestPointer time);
int32_t sys_clock_settime64(Thread& thread, int32_t clock, GuestPointer time);
int32_t sys_clock_getres_time64(Thread& thread, int32_t clock, GuestPointer time);
int32_t sys_clock_nanosleep_time64(Thread& thread, int32_t clock, int32_t flags,
                                   GuestPointer request, GuestPointer remaining);
int32_t sys_timer_gettime64(Thread& thread, int32_t timer, GuestPointer time);
int32_t sys_timer_settime64(Thread& thread, int32_t timer, int32_t flags, GuestPointer time,
                            GuestPointer old);
int32_t sys_timerfd_gettime64(Thread& thread, Fd fd, GuestPointer time);
int32_t sys_timerfd_settime64(Thread& thread, Fd fd, Flags flags, GuestPointer time,
                              GuestPointer old);

// transfer.cpp
int32_t sys_sendfile(Thread& thread, Fd to, Fd from, GuestPointer offset, uint32_t count);
int32_t sys_sendfile64(Thread& thread, Fd to, Fd from, GuestPointer offset, uint32_t count);
int32_t sys_splice(Thread& thread, Fd from, GuestPointer from_offset, Fd to, GuestPointer to_offset,
                   uint32_t wanted, Flags flags);
int32_t sys_copy_file_range(Thread& thread, Fd from, GuestPointer from_offset, Fd to,
                            GuestPointer to_offset, uint32_t wanted, Flags flags);

}  // namespace ferry::linux
