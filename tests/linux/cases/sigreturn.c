// What sigreturn takes from a frame that a handler has changed: eip, flags, segments. (Of uc_flags, UC_FP_XSTATE is not printed: it
// says that the processor has XSAVE.)
//EXPECT: mode 10: got sig 11 code 128 addr 0 trap 13 err 0 cs 3 ss 2b
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <setjmp.h>
#include <unistd.h>
#include <sys/syscall.h>
static sigjmp_buf jb; static volatile int mode; static volatile unsigned seen;
static void segv(int s,siginfo_t*i,void*c){ ucontext_t*u=c; printf(" got sig %d code %d addr %x trap %d err %x cs %x ss %x\n",s,i->si_code,(unsigned)i->si_addr,u->uc_mcontext.gregs[REG_TRAPNO],u->uc_mcontext.gregs[REG_ERR],u->uc_mcontext.gregs[REG_CS],u->uc_mcontext.gregs[REG_SS]); siglongjmp(jb,1);}
static void h(int s,siginfo_t*i,void*c){ ucontext_t*u=c; greg_t*g=u->uc_mcontext.gregs;
 if(mode==99){printf("entry cs %x ss %x ds %x es %x fs %x gs %x efl-stat %x trap %d err %x oldmask %x flags %lx link %p\n",g[REG_CS],g[REG_SS],g[REG_DS],g[REG_ES],g[REG_FS],g[REG_GS]?1:0,g[REG_EFL]&0x3ff700,g[REG_TRAPNO],g[REG_ERR],u->uc_mcontext.oldmask,u->uc_flags&~0x7ul,u->uc_link); printf(" uesp==esp %d\n",g[REG_UESP]==g[REG_ESP]);}
 if(mode==1) g[REG_EFL]|=0x100000|0x80000; // VIP VIF
 if(mode==2) g[REG_EFL]|=0x200000; // ID
 if(mode==3) g[REG_EFL]|=0x40000; //AC
 if(mode==4) g[REG_EFL]|=0x3000; // IOPL
 if(mode==5) g[REG_EFL]|=0x4000; // NT
 if(mode==6) g[REG_EFL]|=0x400; // DF
 if(mode==7) g[REG_EFL]=0;
 if(mode==8) g[REG_EFL]|=0x8d5;
 if(mode==10) g[REG_CS]=0;
 if(mode==11) g[REG_CS]=0x2b;
 if(mode==12) g[REG_SS]=0;
 if(mode==13) g[REG_SS]=0x23;
 if(mode==14) g[REG_DS]=0xffff;
 if(mode==15) g[REG_CS]=0x20; 
 if(mode==16) g[REG_ES]=0;
 if(mode==17) g[REG_EIP]=0;
 if(mode==18) g[REG_ESP]=0;
 if(mode==19) g[REG_FS]=0x2b;
 if(mode==20) g[REG_EIP]=0xc0000000;
 if(mode==21) g[REG_UESP]=0x1000;
 if(mode==22) sigaddset(&u->uc_sigmask,SIGUSR2);
 if(mode==23) u->uc_flags=~0;
 if(mode==24) g[REG_CS]=0x0f;
 if(mode==25) g[REG_GS]=0;
}
static void hold(int s, struct sigcontext sc){ printf("legacy frame sig %d cs %x trap %d oldmask %lx fp %d\n",s,sc.cs,sc.trapno,sc.oldmask,sc.fpstate!=0); }
int main(){ struct sigaction sa={.sa_sigaction=h,.sa_flags=SA_SIGINFO|SA_NODEFER}; sigaction(SIGUSR1,&sa,0); sa.sa_sigaction=segv; sigaction(SIGSEGV,&sa,0); sigaction(SIGBUS,&sa,0);sigaction(SIGILL,&sa,0);
 int ms[]={99,1,2,3,4,5,6,7,8,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24};
 int pid=getpid();
 for(int k=0;k<sizeof ms/sizeof*ms;k++){ mode=ms[k]; printf("mode %d:",mode); unsigned fl=0,ax=0,es=0,fs=0,ds=0;
  if(!sigsetjmp(jb,1)){ asm volatile("pushl $0x202; popfl; movl $37,%%eax; movl %5,%%ebx; movl $10,%%ecx; int $0x80; pushfl; popl %0; movl %%eax,%4; movw %%es,%1; movw %%fs,%2; movw %%ds,%3; pushl %%ss; pushl %%ss; popl %%ds; popl %%es; xorl %%eax,%%eax; movl %%eax,%%fs; pushl $0x202; popfl; cld":"=m"(fl),"=m"(es),"=m"(fs),"=m"(ds),"=m"(ax):"m"(pid):"eax","ebx","ecx","memory"); sigset_t ss; sigprocmask(0,0,&ss); printf(" fl %x es %x fs %x ds %x ax %x m12 %d\n",fl,es,fs,ds,ax,sigismember(&ss,SIGUSR2)); }
  fflush(stdout); sigset_t e; sigemptyset(&e); sigprocmask(SIG_SETMASK,&e,0); asm volatile("pushl $0x202; popfl; cld; pushl %%ss; pushl %%ss; popl %%ds; popl %%es; xorl %%eax,%%eax; movl %%eax,%%fs":::"eax","memory"); }
 struct {void*h; unsigned long flags; void*r; unsigned long m[2];} k={hold,0,0,{0,0}}; syscall(SYS_rt_sigaction,SIGUSR1,&k,0,8); raise(SIGUSR1); 
 // sigreturn without a frame: esp is at unmapped memory
 mode=0; if(!sigsetjmp(jb,1)){ asm volatile("movl %%esp,%%esi; movl $0x1000,%%esp; movl $173,%%eax; int $0x80; movl %%esi,%%esp":::"eax","esi"); puts("came back"); }
 mode=0; if(!sigsetjmp(jb,1)){ asm volatile("movl %%esp,%%esi; movl $0x1000,%%esp; movl $119,%%eax; int $0x80; movl %%esi,%%esp":::"eax","esi"); puts("came back"); }
 return 0;}
