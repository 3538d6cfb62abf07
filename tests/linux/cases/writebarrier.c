// a garbage collector's write barrier: pages of 4 KB are protected, a SIGSEGV handler unprotects one at a time; where the kernel
// is to write into a protected page, the call fails with EFAULT
//EXPECT: hits 16 last f005 err 7
//EXPECT: write across -1
//EXPECT: xadd across hits 1
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <ucontext.h>
static char*p; static volatile int hits; static unsigned lastaddr, lasterr; static void h(int s,siginfo_t*i,void*c){ hits++; lastaddr=(unsigned)i->si_addr-(unsigned)p; lasterr=((ucontext_t*)c)->uc_mcontext.gregs[REG_ERR]; mprotect((void*)((unsigned)i->si_addr&~0xfff),0x1000,3);}
int main(){ struct sigaction sa={.sa_sigaction=h,.sa_flags=SA_SIGINFO|SA_ONSTACK}; static char as[65536]; stack_t st={as,0,sizeof as}; sigaltstack(&st,0); sigaction(SIGSEGV,&sa,0); p=mmap((void*)0x32000000,0x10000,3,MAP_FIXED|MAP_PRIVATE|MAP_ANONYMOUS,-1,0); memset(p,1,0x10000);
 mprotect(p,0x10000,PROT_READ); for(int i=0;i<16;i++) p[i*0x1000+5]=i; printf("hits %d last %x err %x\n",hits,lastaddr,lasterr); hits=0; mprotect(p,0x10000,PROT_READ); memset(p+0x800,2,0x4000); printf("memset hits %d\n",hits); hits=0; mprotect(p,0x10000,PROT_READ); asm volatile("cld; rep movsl"::"S"(p+0x8000),"D"(p+0x1ffe),"c"(0x800):"memory"); printf("movs hits %d\n",hits); hits=0; mprotect(p,0x10000,PROT_READ); asm volatile("std; rep stosl; cld"::"a"(5),"D"(p+0x5ffd),"c"(0x900):"memory"); printf("std stos hits %d last %x\n",hits,lastaddr); hits=0;
 mprotect(p+0x3000,0x1000,PROT_NONE); int f=open("/dev/zero",0); errno=0; int r=read(f,p+0x2000,0x3000); printf("read across none %d errno %d hits %d\n",r,errno,hits); r=read(f,p+0x3000,1); printf("read into none %d errno %d\n",r,errno); int fd[2]; pipe(fd); r=write(fd[1],p+0x3000,1); printf("write from none %d errno %d\n",r,errno); r=write(fd[1],p+0x2ff0,0x20); printf("write across %d\n",r); 
 hits=0; asm volatile("pushl %%ebp; movl %0,%%ebp; fldpi; fstpt (%%ebp); popl %%ebp"::"r"(p+0x2ffc):"memory"); printf("fstpt across hits %d last %x\n",hits,lastaddr); hits=0; mprotect(p+0x3000,0x1000,PROT_NONE); static unsigned sp; asm volatile("movl %%esp,%0; movl %1,%%esp; pushal; movl %0,%%esp":"=m"(sp):"r"(p+0x3010):"memory"); printf("pusha across hits %d last %x\n",hits,lastaddr); hits=0; mprotect(p+0x3000,0x1000,PROT_NONE); asm volatile("lock; cmpxchg8b (%0)"::"r"(p+0x2ffd),"a"(0),"b"(1),"c"(2),"d"(0):"memory","cc"); printf("cmpxchg8b across hits %d err %x\n",hits,lasterr); hits=0; mprotect(p+0x3000,0x1000,PROT_NONE); asm volatile("lock; xaddl %1,(%0)"::"r"(p+0x2ffe),"r"(5):"memory","cc"); printf("xadd across hits %d\n",hits);
 hits=0; mprotect(p+0x3000,0x1000,PROT_NONE); unsigned char fx[600]; asm volatile("fnsave (%0)"::"r"(p+0x2fe0):"memory"); printf("fnsave across hits %d\n",hits); hits=0; mprotect(p+0x3000,0x1000,PROT_READ); asm volatile("movl %%esp,%0; movl %1,%%esp; pushl %%ebp; movl %%esp,%%ebp; enter $16,$3; leave; popl %%ebp; movl %0,%%esp":"=m"(sp):"r"(p+0x3004):"memory"); printf("enter hits\n"); return 0; }
