// execveat of a memfd with MFD_CLOEXEC; exec of an unlinked file by descriptor
//EXPECT: unlinked /proc/self/fd: child runs
//PROCESSES: 8
#define _GNU_SOURCE
#include <stdio.h>
#include <unistd.h>
#include <fcntl.h>
#include <string.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sys/syscall.h>
static void go(const char*n,int fd,int how){ char p[40]; printf("%s: ",n); fflush(stdout); int c=fork(); if(!c){ char*av[]={"self","child",0},*ev[]={0}; sprintf(p,"/proc/self/fd/%d",fd); if(how==0) syscall(SYS_execveat,fd,"",av,ev,AT_EMPTY_PATH); else if(how==1) execve(p,av,ev); else fexecve(fd,av,ev); printf("errno %d\n",errno); fflush(stdout); _exit(1);} int st; wait(&st); if(st) printf("  status %x\n",st); fflush(stdout);}
static int copy(int o){ char b[65536]; int i=open("/proc/self/exe",0),k; while((k=read(i,b,sizeof b))>0) write(o,b,k); close(i); return o; }
int main(int c,char**v){ if(c>1&&!strcmp(v[1],"child")){ puts("child runs"); return 0; }
 int m=copy(memfd_create("a",MFD_CLOEXEC)); go("memfd cloexec execveat",m,0); go("memfd cloexec /proc/self/fd",m,1); int m2=copy(memfd_create("b",0)); go("memfd plain execveat",m2,0); go("memfd plain /proc/self/fd",m2,1); go("fexecve",m2,2);
 int f=copy(open("delme",O_RDWR|O_CREAT|O_TRUNC,0755)); close(f); f=open("delme",O_RDONLY|O_CLOEXEC); unlink("delme"); go("unlinked execveat",f,0); go("unlinked /proc/self/fd",f,1); return 0; }
