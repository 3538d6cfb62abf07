// close_range(3, ~0, 0) must leave 0..2 alone; exec afterwards must work
//EXPECT: close_range 0, fd 1 open 1, fd 2 open 1
//PROCESSES: 1
#define _GNU_SOURCE
#include <stdio.h>
#include <unistd.h>
#include <fcntl.h>
#include <errno.h>
#include <sys/syscall.h>
#include <sys/wait.h>
int main(int c,char**v){ if(c>1){ puts("child runs"); return 0; } int r=syscall(436,3,~0u,0); printf("close_range %d, fd 1 open %d, fd 2 open %d\n",r,fcntl(1,F_GETFD)>=0,fcntl(2,F_GETFD)>=0); fflush(stdout); execl("/proc/self/exe","x","child",(char*)0); printf("exec errno %d\n",errno); return 1; }
