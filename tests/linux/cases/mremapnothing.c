// mremap of nothing makes a second mapping of shared memory
//EXPECT: copy sees 9
//NOT UNDER AN EMULATOR: qemu-user refuses mremap of nothing (ENOMEM, its check of the range's length)
#define _GNU_SOURCE
#include <stdio.h>
#include <errno.h>
#include <sys/mman.h>
int main(){ char*p=mmap(0,0x4000,3,MAP_SHARED|MAP_ANONYMOUS,-1,0); p[1]=9; char*q=mremap(p,0,0x4000,MREMAP_MAYMOVE); if(q==MAP_FAILED) printf("failed errno %d\n",errno); else printf("copy sees %d\n",q[1]); 
return 0; }
