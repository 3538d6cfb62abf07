// Calls whose structures few programs use: states and limits of System V IPC, asynchronous I/O, the clock's adjustment, old
// names of the system, attributes of mounts, vectors of futexes, quotas.
//NOT UNDER AN EMULATOR: qemu-user does not have these calls
#include "trace.h"

#include <linux/aio_abi.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <time.h>

enum { kIpc64 = 0x100, kKey = 0x7e55a1 };

static char buffer[512] __attribute__((aligned(16)));

static void ipc_states(void) {
  const int segment = call(SYS_shmget, kKey, 8192, IPC_CREAT | 0600);
  call(SYS_shmctl, segment, IPC_STAT, buffer);
  call(SYS_shmctl, segment, IPC_STAT, buffer);
  call(SYS_shmctl, segment, IPC_SET, buffer);
  call(SYS_shmctl, 0, IPC_INFO, buffer);
  call(SYS_shmctl, 0, SHM_INFO, buffer);
  call(SYS_shmctl, 0, SHM_STAT, buffer);
  call(SYS_ipc, 24, segment, kIpc64 | IPC_STAT, 0, buffer, 0);
  call(SYS_shmctl, -1, IPC_STAT, buffer);
  call(SYS_shmctl, segment, IPC_STAT, BAD);
  call(SYS_shmctl, segment, SHM_LOCK, 0);
  call(SYS_shmctl, segment, IPC_RMID, 0);
  const int queue = call(SYS_msgget, IPC_PRIVATE, IPC_CREAT | 0600);
  call(SYS_msgctl, queue, IPC_STAT, buffer);
  call(SYS_msgctl, queue, IPC_SET, buffer);
  call(SYS_msgctl, queue, IPC_STAT, buffer);
  call(SYS_msgctl, 0, IPC_INFO, buffer);
  call(SYS_msgctl, 0, MSG_INFO, buffer);
  call(SYS_ipc, 14, queue, kIpc64 | IPC_STAT, 0, buffer, 0);
  call(SYS_msgctl, queue, IPC_RMID, 0);
  const int set = call(SYS_semget, IPC_PRIVATE, 3, IPC_CREAT | 0600);
  call(SYS_semctl, set, 0, IPC_STAT, buffer);
  call(SYS_semctl, set, 0, IPC_STAT, buffer);
  call(SYS_semctl, set, 0, IPC_SET, buffer);
  call(SYS_semctl, 0, 0, IPC_INFO, buffer);
  call(SYS_semctl, 0, 0, SEM_INFO, buffer);
  call(SYS_semctl, set, 1, SETVAL, 7);
  call(SYS_semctl, set, 1, GETVAL, 0);
  call(SYS_semctl, set, 0, GETALL, buffer);
  void *argument = buffer;
  call(SYS_ipc, 3, set, 0, kIpc64 | IPC_STAT, &argument, 0);
  call(SYS_semctl, set, 0, SETALL, buffer);
  call(SYS_semctl, set, 9, GETPID, 0);
  call(SYS_semctl, set, 0, IPC_RMID, 0);
}

static void asynchronous(void) {
  aio_context_t context = 0;
  call(SYS_io_setup, 4, &context);
  static char text[] = "text";
  const int file = open("aio", O_RDWR | O_CREAT, 0600);
  struct iovec vector = {text, 4};
  struct iocb written = {.aio_data = 5, .aio_lio_opcode = IOCB_CMD_PWRITE, .aio_buf = (uintptr_t)text, .aio_nbytes = 4};
  struct iocb read = {.aio_data = 6, .aio_buf = (uintptr_t)buffer, .aio_nbytes = 4, .aio_offset = 1};
  struct iocb gathered = {.aio_lio_opcode = IOCB_CMD_PWRITEV, .aio_buf = (uintptr_t)&vector, .aio_nbytes = 1};
  struct iocb synchronised = {.aio_lio_opcode = IOCB_CMD_FSYNC}, unknown = {.aio_lio_opcode = 99};
  written.aio_fildes = read.aio_fildes = gathered.aio_fildes = synchronised.aio_fildes = unknown.aio_fildes = file;
  struct iocb *list[] = {&written}, *list2[] = {&read, &gathered}, *list3[] = {&unknown}, *list4[] = {&synchronised};
  struct io_event events[8];
  struct timespec second = {1, 0};
  call(SYS_io_submit, context, 1, list);
  call(SYS_io_getevents, context, 1, 8, events, &second);
  call(SYS_io_submit, context, 2, list2);
  call(SYS_io_getevents, context, 2, 8, events, NULL);
  call(SYS_io_submit, context, 1, list3);
  call(SYS_io_submit, context, 1, list4);
  call(SYS_io_submit, context, 1, 1);
  call(SYS_io_submit, context, 0, NULL);
  call(SYS_io_cancel, context, &read, events);
  call(SYS_io_cancel, context, NULL, events);
  call(SYS_io_getevents, context, 1, 8, events, &second);
  second.tv_sec = 0;
  struct { const void *set; unsigned size; } mask = {buffer, 8};
  call(SYS_io_pgetevents, context, 1, 8, events, &second, &mask);
  call(SYS_io_pgetevents_time64, context, 0, 8, events, NULL, NULL);
  call(SYS_io_destroy, context);
  call(SYS_io_destroy, context);
  call(SYS_io_setup, 0, &context);
  close(file);
}

static void adjusted(void) {
  static struct timex change;
  call(SYS_adjtimex, &change);
  call(SYS_adjtimex, BAD);
  call(SYS_adjtimex, NULL);
  memset(&change, 0, sizeof change);
  call(SYS_clock_adjtime, CLOCK_REALTIME, &change);
  call(SYS_clock_adjtime, CLOCK_MONOTONIC, &change);
  memset(buffer, 0, sizeof buffer);
  call(SYS_clock_adjtime64, CLOCK_REALTIME, buffer);
}

static void mounts_and_quotas(void) {
  struct {
    uint64_t set, clear, propagation, namespace;
  } attributes = {1, 8 | 0x70, 1 << 18, 3};
  call(SYS_mount_setattr, -1, "aio", 0x8000, &attributes, 32);
  call(SYS_mount_setattr, -1, "aio", 0, &attributes, 16);
  call(SYS_mount_setattr, -1, "aio", 0, NULL, 32);
  memset(buffer, 0, sizeof buffer);
  buffer[0] = 9;
  call(SYS_quotactl, 0x80000700, "/dev/none", 0, buffer);
  call(SYS_quotactl, 0x80000701, "/dev/none", 1, buffer);
  call(SYS_quotactl, 0x80000800, "/dev/none", 0, buffer);
  call(SYS_quotactl, 0x80000200, "/dev/none", 2, "file");
  call(SYS_quotactl, 0x80000100, NULL, 0, NULL);
}

static void futexes(void) {
  struct {
    uint64_t value, address;
    uint32_t flags, reserved;
  } vector[2] = {{1, (uintptr_t)buffer, 2, 0}, {2, (uintptr_t)buffer, 0x82, 3}};
  struct {
    int64_t seconds, nanoseconds;
  } zero = {0, 0};
  call(SYS_futex_waitv, vector, 2, 0, &zero, CLOCK_MONOTONIC);
}

int main(void) {
  // Other programs' objects would be counted, and one may come or go between the two runs.
  unshare(CLONE_NEWIPC);
  begin();
  ipc_states();
  asynchronous();
  adjusted();
  call(SYS_oldolduname, buffer);
  call(SYS_olduname, buffer);
  call(SYS_olduname, BAD);
  call(SYS_oldstat, "aio", buffer);
  call(SYS_oldfstat, 1, buffer);
  call(SYS_oldlstat, "missing", buffer);
  mounts_and_quotas();
  futexes();
  return 0;
}
