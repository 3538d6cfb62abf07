// mremap of nothing makes a second mapping of shared memory; MAP_GROWSDOWN grows
//EXPECT: copy sees 9
//EXPECT: grew down
#define _GNU_SOURCE
#include <stdio.h>
#include <errno.h>
#include <sys/mman.h>
int main(){ char*p=mmap(0,0x4000,3,MAP_SHARED|MAP_ANONYMOUS,-1,0); p[1]=9; char*q=mremap(p,0,0x4000,MREMAP_MAYMOVE); if(q==MAP_FAILED) printf("failed errno %d\n",errno); else printf("copy sees %d\n",q[1]); 
 char*g=mmap((void*)0x5a010000,0x4000,3,MAP_PRIVATE|MAP_ANONYMOUS|MAP_GROWSDOWN|MAP_FIXED,-1,0); g[-16]=1; puts("grew down"); return 0; }
