#include "trace.h"

#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

static char buffer[1024];

static void system_v(void) {
  int segment = call(SYS_shmget, IPC_PRIVATE, 4096, IPC_CREAT | 0600);
  call(SYS_shmctl, segment, IPC_STAT | 0x100, buffer);
  char* at = (char*)call(SYS_shmat, segment, NULL, SHM_RDONLY);
  call(SYS_shmdt, at);
  call(SYS_shmctl, segment, IPC_RMID, NULL);
  int set = call(SYS_semget, IPC_PRIVATE, 2, IPC_CREAT | IPC_EXCL | 0644);
  call(SYS_semctl, set, 1, SETVAL, 3);
  call(SYS_semctl, set, 1, GETVAL, 0);
  static struct sembuf operations[2] = {{0, 1, 0}, {1, -1, SEM_UNDO | IPC_NOWAIT}};
  static int64_t wide[2];
  call(SYS_semtimedop_time64, set, operations, 2, wide);
  call(SYS_ipc, 1, set, 1, 0, operations);
  call(SYS_semctl, set, 0, IPC_RMID, 0);
  int queue = call(SYS_msgget, IPC_PRIVATE, IPC_CREAT | 0600);
  static struct {
    int type;
    char text[32];
  } message = {5, "hello"};
  call(SYS_msgsnd, queue, &message, 5, IPC_NOWAIT);
  call(SYS_msgrcv, queue, &message, 32, 0, IPC_NOWAIT);
  call(SYS_msgrcv, queue, &message, 32, -3, IPC_NOWAIT | MSG_NOERROR);
  call(SYS_ipc, 11, queue, 5, 0, &message);
  call(SYS_msgctl, queue, IPC_RMID, NULL);
  call(SYS_ipc, 23, IPC_PRIVATE, 4096, 0);
}

static void queues(void) {
  static struct mq_attr attributes = {0, 4, 16, 0};
  call(SYS_mq_open, "ferry-strace", O_RDWR | O_CREAT, 0600, &attributes);
  call(SYS_mq_getsetattr, 3, NULL, &attributes);
  static int64_t none[2];
  static unsigned priority;
  call(SYS_mq_timedsend_time64, 3, "text", 4, 2, NULL);
  call(SYS_mq_timedreceive_time64, 3, buffer, 16, &priority, none);
  call(SYS_mq_unlink, "ferry-strace");
  call(SYS_mq_open, "ferry-strace", O_RDONLY);
}

static void system_wide(void) {
  call(SYS_uname, buffer);
  call(SYS_sysinfo, buffer);
  call(SYS_sethostname, "name", 100);
  call(SYS_syslog, 99, NULL, 0);
  call(SYS_modify_ldt, 0, buffer, 16);
  call(SYS_seccomp, 2, 0, BAD);
  call(SYS_io_setup, 0, NULL);
  // Not `buffer`, where sysinfo has left the seconds since the start of the machine.
  static char handle[64];
  call(SYS_name_to_handle_at, AT_FDCWD, "missing", handle, handle, 0);
  call(SYS_adjtimex, BAD);
  call(400 + 99);
  call(500, 1, 2, 3, 4, 5, 6);
}

int main(void) {
  begin();
  system_v();
  queues();
  system_wide();
  return 0;
}
