// Calls whose arguments are words in memory: the old forms of mmap and select, and socketcall. Also their errors: words that
// cannot be read, an offset that is no multiple of the page size, a descriptor that is not open.
//EXPECT: mmap 1 contents 0
//EXPECT: mmap of words at the end 1
//EXPECT: mmap errors 14 14 22 9
//EXPECT: select 1 reads 1 left 0
//EXPECT: select errors 14 22
//EXPECT: socketcall errors 14 22 9
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { kPart = 16384 };  // a host page, whatever its size

static int error(long result) { return result == -1 ? errno : 0; }

static int map_error(unsigned flags, unsigned descriptor, unsigned offset) {
  unsigned words[] = {0, 4096, PROT_READ, flags, descriptor, offset};
  return error(syscall(SYS_mmap, words));
}

static void maps(void) {
  unsigned words[] = {0, 2 * kPart, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0};
  char *page = (char *)syscall(SYS_mmap, words);
  printf("mmap %d contents %d\n", page != MAP_FAILED, page[0]);
  // The words end just before unmapped memory; then the last of them lies in it.
  munmap(page + kPart, kPart);
  unsigned *last = (unsigned *)(page + kPart - sizeof words);
  memcpy(last, words, sizeof words);
  printf("mmap of words at the end %d\n", syscall(SYS_mmap, last) != -1);
  int past = error(syscall(SYS_mmap, last + 1));
  int nowhere = error(syscall(SYS_mmap, 16));
  printf("mmap errors %d %d %d %d\n", past, nowhere, map_error(MAP_PRIVATE | MAP_ANONYMOUS, -1, 1),
         map_error(MAP_PRIVATE, 99, 0));
}

static void selects(void) {
  int ends[2];
  (void)!pipe(ends);
  (void)!write(ends[1], "x", 1);
  fd_set reads;
  FD_ZERO(&reads);
  FD_SET(ends[0], &reads);
  struct timeval time = {0, 0};
  unsigned words[] = {ends[0] + 1, (unsigned)&reads, 0, 0, (unsigned)&time};
  long ready = syscall(SYS_select, words);
  printf("select %ld reads %d left %ld\n", ready, FD_ISSET(ends[0], &reads) != 0, time.tv_usec);
  words[0] = -1;
  printf("select errors %d %d\n", error(syscall(SYS_select, 16)), error(syscall(SYS_select, words)));
}

static void sockets(void) {
  unsigned words[] = {99, 5};
  int nowhere = error(syscall(SYS_socketcall, 4, 16));
  int unknown = error(syscall(SYS_socketcall, 21, words));
  printf("socketcall errors %d %d %d\n", nowhere, unknown, error(syscall(SYS_socketcall, 4, words)));
}

int main(void) {
  maps();
  selects();
  sockets();
  return 0;
}
