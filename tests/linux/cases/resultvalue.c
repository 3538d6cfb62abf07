// Calls whose result may be any 32-bit number: signal returns the old handler, personality the old persona. Results that look
// like ferry's internal codes were once taken for these: a handler at -601 or -600 ended the process or left eax as it was, and
// one at -512 restarted the call. F_GETOWN returns a group as a negative number, which was converted like an errno: group 300
// became -5.
//EXPECT: handlers fffffda7 fffffda8 fffffe00 fffffdff ffffffea
//EXPECT: persona 00080da8
//EXPECT: owner 1 1 0
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static unsigned call(int number, unsigned first, unsigned second, unsigned third) {
  unsigned result;
  __asm__ volatile("int $0x80" : "=a"(result) : "0"(number), "b"(first), "c"(second), "d"(third) : "memory");
  return result;
}

int main(void) {
  const unsigned handlers[] = {-601, -600, -512, -513, -22, 0};
  printf("handlers");
  call(48, SIGUSR1, handlers[0], 0);
  for (int i = 1; i < 6; ++i) printf(" %08x", call(48, SIGUSR1, handlers[i], 0));
  puts("");
  call(136, 0x80da8, 0, 0);
  printf("persona %08x\n", call(136, 0, 0, 0));
  int ends[2];
  (void)!pipe(ends);
  setpgid(0, 0);
  unsigned nobody = call(55, ends[0], F_GETOWN, 0);
  call(55, ends[0], F_SETOWN, getpid());
  unsigned process = call(55, ends[0], F_GETOWN, 0);
  call(55, ends[0], F_SETOWN, -getpgrp());
  printf("owner %d %d %u\n", process == getpid(), call(55, ends[0], F_GETOWN, 0) == -getpgrp(), nobody);
  return 0;
}
