// a page of a shared file, anonymous memory, code and a page without access, 4 KB each, in one host page of 16 KB: each keeps
// its own behaviour
//EXPECT: child's shared write 7.5 private 2.15625
//EXPECT: file code 5 6 7 8
//EXPECT: 1010101010101010
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <unistd.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <signal.h>
#include <setjmp.h>
#include <sys/wait.h>
static sigjmp_buf jb; static void sg(int s){siglongjmp(jb,s);} static int fault(volatile char*p,int w){int r=sigsetjmp(jb,1); if(!r){ if(w)*p=*p; else (void)*p;} return r;}
int main(){ signal(SIGSEGV,sg); signal(SIGBUS,sg); char fn[]="/tmp/mmXXXXXX"; int fd=mkstemp(fn); unlink(fn); ftruncate(fd,0x4000);
 char*b=mmap((void*)0x30000000,0x4000,PROT_NONE,MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED,-1,0);
 // page 0: shared file, page 1: anonymous, page 2: code, page 3: no access; a value straddles pages 0 and 1
 char*f=mmap(b,0x1000,3,MAP_FIXED|MAP_SHARED,fd,0x1000); char*a=mmap(b+0x1000,0x1000,3,MAP_FIXED|MAP_PRIVATE|MAP_ANONYMOUS,-1,0); unsigned char*c=mmap(b+0x2000,0x1000,7,MAP_FIXED|MAP_PRIVATE|MAP_ANONYMOUS,-1,0); printf("maps %d %d %d\n",f==b,a==b+0x1000,(char*)c==b+0x2000);
 float*x=(float*)(b+0xffe); volatile double*d=(double*)(b+0xffc); *d=3.25; printf("straddle %g\n",*d); msync(b,0x1000,MS_SYNC); unsigned t; pread(fd,&t,4,0x1ffc); printf("file has low half %x\n",t); pwrite(fd,"\0\0\x80\x3f",4,0x1000); printf("write(2) seen in map %g\n",*(float*)b);
 int p=fork(); if(!p){ *(float*)b=7.5f; *(float*)a=9.0f; _exit(0);} wait(0); printf("child's shared write %g private %g\n",*(float*)b,*(float*)a);
 memcpy(c,"\xb8\x05\x00\x00\x00\xc3",6); int(*g)(void)=(void*)c; printf("code %d\n",g()); for(int i=0;i<20;i++){ c[1]=i; if(g()!=i) printf("stale %d\n",i);} 
 // code in the shared file page, changed by write(2) and by another mapping
 mmap(b,0x1000,7,MAP_FIXED|MAP_SHARED,fd,0x1000); char*m2=mmap(0,0x1000,3,MAP_SHARED,fd,0x1000); memcpy(b+16,"\xb8\x05\x00\x00\x00\xc3",6); g=(void*)(b+16); printf("file code %d",g()); m2[17]=6; printf(" %d",g()); pwrite(fd,"\x07",1,0x1011); printf(" %d",g()); m2[17]=8; printf(" %d\n",g());
 mprotect(b+0x1000,0x1000,PROT_READ); printf("ro %d code page w %d none %d file %d\n",fault(b+0x1000,1),fault(b+0x2000,1),fault(b+0x3000,0),fault(b,1));
 munmap(b+0x1000,0x1000); printf("hole %d others %d %d\n",fault(b+0x1000,0),fault(b,1),fault(b+0x2000,1));
 // a private page of the file beside them; the file must not change when the copy is written
 char*q=mmap(b+0x1000,0x1000,3,MAP_FIXED|MAP_PRIVATE,fd,0x2000); q[0]='p'; pread(fd,&t,1,0x2000); printf("private kept %c file %d\n",q[0],t&0xff);
 // mprotect in strips over 16 pages
 char*s=mmap((void*)0x31000000,0x10000,3,MAP_FIXED|MAP_PRIVATE|MAP_ANONYMOUS,-1,0); for(int i=0;i<16;i++){ s[i*0x1000]=i+1; } for(int i=0;i<16;i+=2) mprotect(s+i*0x1000,0x1000,PROT_NONE); for(int i=0;i<16;i++) printf("%d",fault(s+i*0x1000,0)!=0); puts(""); mprotect(s,0x10000,PROT_READ); int ok=1; for(int i=0;i<16;i++) ok&=s[i*0x1000]==i+1; printf("kept %d\n",ok); return 0; }
