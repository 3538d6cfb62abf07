// exec and fork under a small RLIMIT_NOFILE, and after closing every descriptor; which numbers the guest can use
//EXPECT: after close_range runs, first fd 3
//PROCESSES: 13
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <fcntl.h>
#include <errno.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sys/syscall.h>
#include <string.h>
int main(int c,char**v){ if(c>1){ printf("%s runs, first fd %d\n",v[1],dup(0)); return 0; } for(int i=3;i<1024;i++) close(i); struct rlimit soft; getrlimit(RLIMIT_NOFILE,&soft); soft.rlim_cur=1024; setrlimit(RLIMIT_NOFILE,&soft); int n[]={1024,256,64,20,10,5,4,3},st,p; for(int i=0;i<8;i++){ fflush(stdout); if(!(p=fork())){ struct rlimit r={n[i],n[i]}; setrlimit(RLIMIT_NOFILE,&r); char t[20]; sprintf(t,"nofile %d",n[i]); execl("/proc/self/exe","x",t,(char*)0); printf("exec with %d: errno %d\n",n[i],errno); fflush(stdout); _exit(9);} wait(&st);} 
 if(!(p=fork())){ for(int i=3;i<4096;i++) close(i); execl("/proc/self/exe","x","after closing all",(char*)0); _exit(9);} wait(&st); printf("st %x\n",st); fflush(stdout);
 if(!(p=fork())){ syscall(436,3,~0u,0); execl("/proc/self/exe","x","after close_range",(char*)0); _exit(9);} wait(&st); printf("st %x\n",st); fflush(stdout);
 int bad=0; for(int i=3;i<1024;i++) if(dup2(0,i)!=i) bad++; printf("dup2 onto every number: bad %d\n",bad); fflush(stdout); if(!(p=fork())){ execl("/proc/self/exe","x","all used",(char*)0); _exit(9);} wait(&st); printf("st %x\n",st); printf("open when full %d %d\n",open("/dev/null",0),errno); close(500); printf("lowest %d\n",open("/dev/null",0)); fflush(stdout);
 close(0); close(1); close(2); if(!(p=fork())){ execl("/proc/self/exe","x","no std",(char*)0); _exit(9);} wait(&st); dup2(5,1); return st>>8; }
