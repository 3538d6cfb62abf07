// a shared file page at a 4 KB position inside a host page of 16 KB: the file and other processes see what is written
//EXPECT: file after child's exit chil, seen chil
//EXPECT: mirror4 1
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <unistd.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
int main(){ char fn[]="/tmp/mmXXXXXX"; int fd=mkstemp(fn); unlink(fn); ftruncate(fd,0x8000); char t[5]={0};
 char*b=mmap((void*)0x30000000,0x8000,PROT_NONE,MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED,-1,0);
 char*f=mmap(b+0x1000,0x1000,3,MAP_FIXED|MAP_SHARED,fd,0); mmap(b+0x2000,0x1000,3,MAP_FIXED|MAP_PRIVATE|MAP_ANONYMOUS,-1,0);
 float*v=(float*)(b+0x1ffe); *v=1.5f; printf("val %g\n",*v); memcpy(f,"msyn",4); printf("msync %d\n",msync(f,0x1000,MS_SYNC)); pread(fd,t,4,0); printf("file after msync %s\n",t); memcpy(f,"munm",4); munmap(f,0x1000); pread(fd,t,4,0); printf("file after munmap %s\n",t);
 f=mmap(b+0x1000,0x1000,3,MAP_FIXED|MAP_SHARED,fd,0); int c=fork(); if(!c){ memcpy(f,"chil",4); _exit(0);} wait(0); pread(fd,t,4,0); printf("file after child's exit %s, seen %.4s\n",t,f);
 c=fork(); if(!c){ memcpy(f,"kill",4); raise(9);} wait(0); pread(fd,t,4,0); printf("after child's death %s\n",t);
 mmap(b+0x1000,0x1000,3,MAP_FIXED|MAP_PRIVATE|MAP_ANONYMOUS,-1,0);
 // two processes, one ring: mmap(NULL) of 4K at odd file offsets, as databases do
 char*x=mmap(0,0x1000,3,MAP_SHARED,fd,0x3000),*y=mmap(0,0x1000,3,MAP_SHARED,fd,0x3000),*z=mmap(0,0x3000,3,MAP_SHARED,fd,0x2000); x[1]='q'; printf("coherent %d %d\n",y[1]=='q',z[0x1001]=='q'); if(!fork()){ x[2]='r'; _exit(0);} wait(0); printf("child seen %d\n",y[2]=='r');
 // mirrored ring buffer
 char*r=mmap(0,0x8000,PROT_NONE,MAP_PRIVATE|MAP_ANONYMOUS,-1,0); mmap(r,0x4000,3,MAP_FIXED|MAP_SHARED,fd,0); mmap(r+0x4000,0x4000,3,MAP_FIXED|MAP_SHARED,fd,0); r[0x4005]='m'; printf("mirror16 %d\n",r[5]=='m'); mmap(r,0x1000,3,MAP_FIXED|MAP_SHARED,fd,0); mmap(r+0x1000,0x1000,3,MAP_FIXED|MAP_SHARED,fd,0); r[0x1006]='m'; printf("mirror4 %d\n",r[6]=='m'); 
 return 0; }
