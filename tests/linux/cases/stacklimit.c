// RLIMIT_STACK raised and lowered at run time, inherited, unlimited
//EXPECT: 64M: limit 67108864
//EXPECT: eat 0
//EXPECT: 256K: limit 262144
//EXPECT: st b
//PROCESSES: 7
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include <sys/wait.h>
#include <string.h>
static int eat(int n){ volatile char b[65536]; b[0]=n; b[65535]=n; return n? eat(n-1)+b[0]-b[65535]:0; }
int main(int c,char**v){ if(c>1){ struct rlimit r; getrlimit(RLIMIT_STACK,&r); printf("%s: limit %ld\n",v[1],r.rlim_cur==RLIM_INFINITY?-1:(long)r.rlim_cur); fflush(stdout); printf("eat %d\n",eat(atoi(v[2]))); return 0; }
 struct rlimit r={64<<20,RLIM_INFINITY}; printf("set %d\n",setrlimit(RLIMIT_STACK,&r)); fflush(stdout); int p=fork(),st; if(!p){ printf("grown %d\n",eat(32*16)); fflush(stdout); _exit(0);} wait(&st); printf("st %x\n",st); fflush(stdout);
 if(!(p=fork())){ execl("/proc/self/exe","x","64M","800",(char*)0); _exit(9);} wait(&st); printf("st %x\n",st); fflush(stdout); r.rlim_cur=RLIM_INFINITY; setrlimit(RLIMIT_STACK,&r); if(!(p=fork())){ execl("/proc/self/exe","x","unl","1600",(char*)0); _exit(9);} wait(&st); printf("st %x\n",st); fflush(stdout); r.rlim_cur=256<<10; setrlimit(RLIMIT_STACK,&r); if(!(p=fork())){ execl("/proc/self/exe","x","256K","2",(char*)0); _exit(9);} wait(&st); printf("st %x\n",st); fflush(stdout); if(!(p=fork())){ execl("/proc/self/exe","x","256K","20",(char*)0); _exit(9);} wait(&st); printf("st %x\n",st); 
 r.rlim_cur=RLIM_INFINITY; setrlimit(RLIMIT_STACK,&r); r.rlim_cur=r.rlim_max=200<<20; printf("AS %d\n",setrlimit(RLIMIT_AS,&r)); fflush(stdout); void*q=malloc(300<<20); printf("malloc over AS %d\n",q!=0); q=malloc(50<<20); printf("malloc under %d\n",q!=0); r.rlim_cur=r.rlim_max=5; setrlimit(RLIMIT_NOFILE,&r); printf("dup %d\n",dup(0)>=0); printf("dup %d\n",dup(0)>=0); printf("dup %d\n",dup(0)>=0); if(!(p=fork())){ execl("/proc/self/exe","x","nofile","2",(char*)0); _exit(9);} wait(&st); printf("st %x\n",st);
 return 0; }
