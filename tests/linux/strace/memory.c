#include "trace.h"

#include <sys/mman.h>

int main(void) {
  begin();
  char* p = (char*)call(SYS_mmap2, NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  call(SYS_mmap2, 0x20000000, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
  call(SYS_mmap2, 0x20000000, 4096, PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  call(SYS_mmap2, NULL, 4096, PROT_READ, MAP_SHARED, 99, 1);
  call(SYS_mmap2, NULL, 0, 0x100, 0x10, -1, 0);
  unsigned words[6] = {0, 4096, 3, 0x22, -1, 0};
  call(SYS_mmap, words);
  call(SYS_mprotect, p, 4096, PROT_READ | PROT_EXEC);
  call(SYS_mprotect, p, 4096, PROT_READ | PROT_WRITE);
  call(SYS_mprotect, 1, 4096, PROT_READ | PROT_GROWSDOWN);
  call(SYS_madvise, p, 4096, MADV_DONTNEED);
  call(SYS_madvise, p, 4096, 99);
  call(SYS_msync, p, 4096, MS_SYNC);
  call(SYS_msync, p, 4096, MS_ASYNC | MS_INVALIDATE);
  call(SYS_mlock, p, 4096);
  call(SYS_mlock2, p, 4096, 1);
  call(SYS_munlock, p, 4096);
  call(SYS_mlockall, 99);
  call(SYS_munlockall);
  call(SYS_mincore, p, 8192, p);
  call(SYS_mincore, 1, 8192, p);
  call(SYS_mremap, p, 8192, 4096, 0, 0);
  call(SYS_mremap, p, 4096, 16384, MREMAP_MAYMOVE, 0);
  call(SYS_mremap, p, 0, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, 0x21000000);
  call(SYS_munmap, 0x20000000, 4096);
  call(SYS_munmap, 1, 4096);
  call(SYS_brk, 0);
  call(SYS_remap_file_pages, 0x20000000, 4096, 0, 0, 0);
  call(SYS_membarrier, 0, 0, 0);
  call(SYS_membarrier, 8, 0, 0);
  static char buffer[64];
  call(SYS_getrandom, buffer, 0, 1);
  call(SYS_getrandom, buffer, 5, 4);
  call(SYS_process_vm_readv, 1, NULL, 0, NULL, 0, 1);
  return 3;
}
