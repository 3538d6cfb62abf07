// Calls whose result is any 32-bit number: signal gives the old handler, personality the old persona. Once a handler at
// -601 or -600 ended the process or left eax as it was, and one at -512 made the call start again.
//EXPECT: handlers fffffda7 fffffda8 fffffe00 fffffdff ffffffea
//EXPECT: persona 00080da8
#include <signal.h>
#include <stdio.h>

static unsigned call(int number, unsigned first, unsigned second) {
  unsigned result;
  __asm__ volatile("int $0x80" : "=a"(result) : "0"(number), "b"(first), "c"(second) : "memory");
  return result;
}

int main(void) {
  const unsigned handlers[] = {-601, -600, -512, -513, -22, 0};
  printf("handlers");
  call(48, SIGUSR1, handlers[0]);
  for (int i = 1; i < 6; ++i) printf(" %08x", call(48, SIGUSR1, handlers[i]));
  puts("");
  call(136, 0x80da8, 0);
  printf("persona %08x\n", call(136, 0, 0));
  return 0;
}
