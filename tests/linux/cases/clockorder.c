// Found by comparing logs of system calls: clock_settime of a clock that cannot be set, with a bad pointer, failed with
// EFAULT, not with the kernel's EINVAL (kernel/time/posix-timers.c looks at the clock first). So did clock_nanosleep on a
// clock on which nobody can sleep.
//EXPECT: settime monotonic: Invalid argument
//EXPECT: nanosleep thread: Operation not supported
//NOT UNDER AN EMULATOR: qemu-user reads the time first
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void say(const char *what, long result) {
  printf("%s: %s\n", what, result == 0 ? "done" : strerror(errno));
}

int main(void) {
  void *const bad = (void *)16;
  struct timespec nothing = {0, 0}, wrong = {0, -1};
  say("settime realtime", syscall(SYS_clock_settime, CLOCK_REALTIME, bad));
  say("settime monotonic", syscall(SYS_clock_settime, CLOCK_MONOTONIC, bad));
  say("settime monotonic, a time", syscall(SYS_clock_settime, CLOCK_MONOTONIC, &nothing));
  say("settime unknown", syscall(SYS_clock_settime, 77, bad));
  say("settime unknown, wide", syscall(404, 77, bad));
  say("settime boottime, wide", syscall(404, CLOCK_BOOTTIME, bad));
  say("nanosleep monotonic", syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, bad, 0));
  say("nanosleep thread", syscall(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, bad, 0));
  say("nanosleep unknown", syscall(SYS_clock_nanosleep, 77, 0, bad, 0));
  say("nanosleep unknown, wide", syscall(407, 77, 0, bad, 0));
  say("nanosleep wrong time", syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &wrong, bad));
  say("nanosleep", syscall(SYS_nanosleep, bad, bad));
  say("nanosleep of nothing", syscall(SYS_clock_nanosleep, CLOCK_REALTIME, 0, &nothing, bad));
  return 0;
}
