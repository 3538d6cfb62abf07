// The forms of execve and execveat: names, scripts (255 bytes of a line are read), argv and envp, descriptors, and which state
// of a process survives an exec.
//EXPECT: == execveat nofollow
//EXPECT: == etxtbsy script
//ARGUMENTS: go
//PROCESSES: 90
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <unistd.h>
#include <fcntl.h>
#include <errno.h>
#include <sys/wait.h>
#include <sys/stat.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/resource.h>
static char self[4096]; extern char**environ;
static void put(const char*f,const char*t,int n,int mode){int d=open(f,O_WRONLY|O_CREAT|O_TRUNC,0755);write(d,t,n<0?strlen(t):n);fchmod(d,mode);close(d);}
static void run(const char*n,const char*p,char**av,char**ev){ printf("== %s\n",n); fflush(stdout); int c=fork(); if(!c){ execve(p,av,ev); printf("errno %d\n",errno); fflush(stdout); _exit(99);} int st; waitpid(c,&st,0); printf("-> %x\n",st); fflush(stdout);}
int main(int argc,char**argv){
 if(argc==0||argv[0]==0||!argv[0][0]||!strcmp(argv[0],"show")||getenv("SHOW")){ printf("argc %d",argc); for(int i=0;i<argc;i++)printf(" [%.60s:%d]",argv[i],strlen(argv[i])); char*fn=(char*)getauxval(AT_EXECFN); /* of a path to the program itself only the last part */ printf(" execfn %s",fn[0]=='/'&&strncmp(fn,"/dev/",5)&&strncmp(fn,"/proc/",6)?strrchr(fn,'/')+1:fn); int n=0; while(environ[n])n++; printf(" env %d",n); char l[4096]; int k; k=readlink("/proc/self/exe",l,4095); l[k>0?k:0]=0; printf(" exe %s",strncmp(l,"/memfd",6)?strrchr(l,'/'):l); char c[100]; int f=open("/proc/self/comm",0); k=read(f,c,99); c[k>0?k-1:0]=0; printf(" comm %s",c); sigset_t m; sigprocmask(0,0,&m); struct sigaction sa; sigaction(SIGUSR1,0,&sa); printf(" mask %d ign %d",sigismember(&m,SIGUSR2),sa.sa_handler==SIG_IGN); sigaction(SIGHUP,0,&sa); printf(" hup %d",sa.sa_handler==SIG_DFL); stack_t o; sigaltstack(0,&o); printf(" alt %d",o.ss_flags); printf(" fd9 %d fd8 %d",fcntl(9,F_GETFD),fcntl(8,F_GETFD)); puts(""); return argc; }
 int k; if(argc<2||strcmp(argv[1],"go"))return 88; k=readlink("/proc/self/exe",self,4095); self[k]=0; mkdir("bin",0755); { int from=open(self,0), to=open("bin/execs",O_WRONLY|O_CREAT,0755); char b[4096]; while((k=read(from,b,sizeof b))>0) write(to,b,k); close(from); close(to); } mkdir("x",0755); chdir("x"); for(k=3;k<1024;k++) close(k);
 put("s1","#!../bin/execs a b\n",-1,0755); put("s2","#! \t ../bin/execs  a  b  \n",-1,0755); put("s3","#!../bin/execs",-1,0755); put("s4","#!./s1\n",-1,0755); put("s5","#!/nonexistent\n",-1,0755); put("s6","#!\n",-1,0755); put("s7","echo hi\n",-1,0755); put("s8","",-1,0755); put("s9","#!../bin/execs\n",-1,0644); put("s10","#!./s10\n",-1,0755); put("s11","\177ELF garbage here and more and more and more and more and more...",-1,0755); put("s12","#!../bin/execs a\r\n",-1,0755); { char b[5000]; memset(b,'a',5000); memcpy(b,"#!../bin/execs ",15); put("s13",b,5000,0755); } put("s14","#!/bin/true\n",-1,0755); put("s15","#!../bin/execs a\0b\n",20,0755);
 put("s16","#!",-1,0755); put("s17","#!  ",-1,0755); put("s18","#!../bin/execs  ",-1,0755); put("s19","#!../bin/execs\0x y\n",20,0755); put("s20","#!\t../bin/execs\ta b\tc \t\n",-1,0755); put("s21","#!../bin/execs\\ \n",-1,0755);
 for(int n=252;n<260;n++){ char b[300], f[20]; memset(b,'/',n); memcpy(b,"#!..",4); memcpy(b+n-9,"bin/execs",9); b[n]='\n'; sprintf(f,"long%d",n); put(f,b,n+1,0755); memcpy(b,"#!../bin/execs ",15); memset(b+15,'y',n-15); b[n]='\n'; sprintf(f,"arg%d",n); put(f,b,n+1,0755); b[n]='z'; sprintf(f,"open%d",n); put(f,b,n+1,0755); memset(b+2,' ',n-2); sprintf(f,"blank%d",n); put(f,b,n,0755); }
 put("d0","#!../bin/execs\n",-1,0755); for(int n=1;n<8;n++){ char b[30], f[20]; sprintf(b,"#!./d%d\n",n-1); sprintf(f,"d%d",n); put(f,b,-1,0755); } put("e5","#!./d4\n",-1,0755); put("m0","#!/nowhere\n",-1,0755); for(int n=1;n<7;n++){ char b[30], f[20]; sprintf(b,"#!./m%d\n",n-1); sprintf(f,"m%d",n); put(f,b,-1,0755); }
 char*ev[]={"SHOW=1","A=b",0}; char*av[]={"arg0","x","y",0};
 char n[20]; for(int i=1;i<=21;i++){ sprintf(n,"./s%d",i); if(i==14)continue; run(n,n,av,ev);} 
 for(int i=252;i<260;i++){ sprintf(n,"./long%d",i); run(n,n,av,ev); sprintf(n,"./arg%d",i); run(n,n,av,ev); sprintf(n,"./open%d",i); run(n,n,av,ev); sprintf(n,"./blank%d",i); run(n,n,av,ev);} for(int i=0;i<8;i++){ sprintf(n,"./d%d",i); run(n,n,av,ev);} for(int i=4;i<7;i++){ sprintf(n,"./m%d",i); run(n,n,av,ev);}
 char*none[]={0}; run("null argv",self,none,ev); run("NULL argv ptr",self,0,ev); run("null env",self,(char*[]){"show",0},0); run("empty arg",self,(char*[]){"show","","z",0},ev); run("dir","/tmp",av,ev); run("enoent","/nope",av,ev); run("notdir","./s1/x",av,ev); run("empty","",av,ev); run("bad ptr",(char*)1,av,ev); run("bad argv",self,(char**)1,ev); run("dev","/dev/null",av,ev); run("script null argv","./s1",none,ev);
 char*big=malloc(200000); memset(big,'q',199999); memcpy(big,"Q=",2); /* qemu-user drops what has no = */ big[199999]=0; run("E2BIG one",self,(char*[]){"show",big,0},ev); big[131071]=0; run("max one",self,(char*[]){"show",0},(char*[]){"SHOW=1",big,0}); 
 symlink("../bin/execs","lnk"); run("symlink","./lnk",(char*[]){"show",0},ev); 
 int fd=open(self,O_RDONLY|O_CLOEXEC); printf("== fexecve\n"); fflush(stdout); int c=fork(); if(!c){ syscall(SYS_execveat,fd,"",(char*[]){"show",0},ev,AT_EMPTY_PATH); printf("errno %d\n",errno); fflush(stdout);_exit(1);} int st; wait(&st); printf("-> %x\n",st);
 int dd=open("../bin",O_PATH); printf("== execveat dir\n"); fflush(stdout); c=fork(); if(!c){ syscall(SYS_execveat,dd,"execs",(char*[]){"show",0},ev,0); printf("errno %d\n",errno); fflush(stdout);_exit(1);} wait(&st); printf("-> %x\n",st);
 printf("== execveat nofollow\n"); fflush(stdout); c=fork(); if(!c){ syscall(SYS_execveat,AT_FDCWD,"lnk",(char*[]){"show",0},ev,AT_SYMLINK_NOFOLLOW); printf("errno %d\n",errno); fflush(stdout);_exit(1);} wait(&st); printf("-> %x\n",st);
 int sf=open("s1",O_RDONLY); printf("== fexecve script\n"); fflush(stdout); c=fork(); if(!c){ syscall(SYS_execveat,sf,"",(char*[]){"show",0},ev,AT_EMPTY_PATH); printf("errno %d\n",errno); fflush(stdout);_exit(1);} wait(&st); printf("-> %x\n",st);
 fcntl(sf,F_SETFD,FD_CLOEXEC); printf("== fexecve script cloexec\n"); fflush(stdout); c=fork(); if(!c){ syscall(SYS_execveat,sf,"",(char*[]){"show",0},ev,AT_EMPTY_PATH); printf("errno %d\n",errno); fflush(stdout);_exit(1);} wait(&st); printf("-> %x\n",st);
 int mf=memfd_create("mm",MFD_CLOEXEC); int rf=open(self,0); char bb[65536]; while((k=read(rf,bb,sizeof bb))>0) write(mf,bb,k); printf("== memfd\n"); fflush(stdout); c=fork(); if(!c){ syscall(SYS_execveat,mf,"",(char*[]){"show",0},ev,AT_EMPTY_PATH); printf("errno %d\n",errno); fflush(stdout);_exit(1);} wait(&st); printf("-> %x\n",st);
 char pf[40]; sprintf(pf,"/proc/self/fd/%d",mf); run("proc fd memfd",pf,(char*[]){"show",0},ev); run("/proc/self/exe","/proc/self/exe",(char*[]){"show",0},ev); 
 // signal state across exec
 signal(SIGUSR1,SIG_IGN); signal(SIGHUP,(void*)main); sigset_t m; sigemptyset(&m); sigaddset(&m,SIGUSR2); sigprocmask(SIG_BLOCK,&m,0); stack_t ss={malloc(65536),0,65536}; sigaltstack(&ss,0); dup2(fd,9); dup2(fd,8); fcntl(8,F_SETFD,FD_CLOEXEC); run("sigstate",self,(char*[]){"show",0},ev);
 // pending signal kept over exec
 // ETXTBSY
 put("busy","#!/bin/sh\n",-1,0755); int w=open("busy",O_WRONLY); run("etxtbsy script","./busy",av,ev); close(w);
 // vfork + exec failing leaves parent memory
 volatile int x=1; c=vfork(); if(!c){ x=5; execve("/nope",av,ev); _exit(7);} wait(&st); printf("vfork st %x\n",st); /* qemu-user makes a fork of it: x is not looked at */
 struct rlimit rl={0,0}; return 0; }
