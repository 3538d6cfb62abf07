// a writable shared mapping of a file, put at a 4 KB address by MAP_FIXED beside reserved memory
//EXPECT: msync 0 file 'data'
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/mman.h>
int main(){ char fn[]="/tmp/mmXXXXXX"; int fd=mkstemp(fn); unlink(fn); ftruncate(fd,0x1000); char*b=mmap(0,0x8000,PROT_NONE,MAP_PRIVATE|MAP_ANONYMOUS,-1,0); char*f=mmap(b+0x1000,0x1000,PROT_READ|PROT_WRITE,MAP_FIXED|MAP_SHARED,fd,0); if(f==MAP_FAILED){ puts("refused"); return 0; } memcpy(f,"data",4); int m=msync(f,0x1000,MS_SYNC); char t[5]={0}; pread(fd,t,4,0); printf("msync %d file '%s'\n",m,t); return 0; }
