// What /proc/self and related files say about a program.
//EXPECT: at exe /proc
//EXPECT: stat startcode ok 1 startstack ok 1
//EXPECT: cmdline after overwrite xx
//PROCESSES: 1
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <unistd.h>
#include <fcntl.h>
#include <errno.h>
#include <dirent.h>
#include <sys/stat.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/personality.h>
#include <sys/utsname.h>
#include <elf.h>
#include <sys/syscall.h>
#include <sys/mman.h>
static char buf[1<<16]; static int slurp(const char*p){int f=open(p,O_RDONLY); if(f<0){printf("%s: errno %d\n",p,errno);return -1;} int n=0,k; while((k=read(f,buf+n,sizeof buf-1-n))>0)n+=k; buf[n]=0; close(f); return n;}
extern char __executable_start, etext; int data_var=3;
int main(int argc,char**argv,char**envp){
 for(int i=3;i<1024;i++) close(i);
 char l[4096]; int n=readlink("/proc/self/exe",l,sizeof l-1); l[n>0?n:0]=0; printf("exe %s\n",strrchr(l,'/')?strrchr(l,'/'):l);
 snprintf(buf,100,"/proc/%d/exe",getpid()); n=readlink(buf,l,sizeof l-1); l[n>0?n:0]=0; printf("pid exe %s\n",strrchr(l,'/')?strrchr(l,'/'):l);
 n=readlink("/proc/thread-self/exe",l,sizeof l-1); l[n>0?n:0]=0; printf("thread-self exe %s\n",strrchr(l,'/')?strrchr(l,'/'):l);
 snprintf(buf,100,"/proc/%d/task/%d/exe",getpid(),getpid()); n=readlink(buf,l,sizeof l-1); l[n>0?n:0]=0; printf("task exe %s\n",strrchr(l,'/')?strrchr(l,'/'):l);
 n=readlink("/proc/self/./exe",l,sizeof l-1); l[n>0?n:0]=0; printf("dot exe %s\n",strrchr(l,'/')?strrchr(l,'/'):l);
 int df=open("/proc/self",O_RDONLY|O_DIRECTORY); n=readlinkat(df,"exe",l,sizeof l-1); l[n>0?n:0]=0; printf("at exe %s\n",strrchr(l,'/')?strrchr(l,'/'):l);
 int ef=open("/proc/self/exe",O_RDONLY); unsigned char e[20]; read(ef,e,20); printf("open exe class %d machine %d\n",e[4],e[18]); ef=openat(df,"exe",O_RDONLY); read(ef,e,20); printf("openat exe class %d machine %d\n",e[4],e[18]);
 struct stat s1,s2; stat("/proc/self/exe",&s1); stat(argv[0],&s2); printf("stat same %d size %d\n",s1.st_ino==s2.st_ino,s1.st_size==s2.st_size); printf("access %d\n",access("/proc/self/exe",X_OK)); printf("realpath %s\n",realpath("/proc/self/exe",l)?strrchr(l,'/'):"fail");
 n=slurp("/proc/self/cmdline"); printf("cmdline %d:",n); for(int i=0;i<n;i++)putchar(buf[i]?buf[i]:'|'); puts("");
 slurp("/proc/self/comm"); printf("comm %s",buf); prctl(PR_SET_NAME,"renamed"); slurp("/proc/self/comm"); printf("comm %s",buf); prctl(PR_GET_NAME,l); printf("name %s\n",l); slurp("/proc/self/status"); printf("%.*s\n",(int)strcspn(buf,"\n"),buf); slurp("/proc/self/stat"); char*pp=strchr(buf,'('); printf("stat %.*s\n",(int)strcspn(pp,")")+1,pp);
 { long long pid,ppid; unsigned long startcode=0,endcode=0,startstack=0; char*q=strrchr(buf,')')+2; char*tok=strtok(q," "); int f=3; while(tok){ if(f==26)startcode=strtoul(tok,0,10); if(f==27)endcode=strtoul(tok,0,10); if(f==28)startstack=strtoul(tok,0,10); f++; tok=strtok(0," ");} printf("stat startcode ok %d startstack ok %d\n",startcode>=(unsigned long)&__executable_start-0x1000&&startcode<=(unsigned long)main, startstack>(unsigned long)&pp&&startstack-(unsigned long)&pp<1000000); }
 n=slurp("/proc/self/environ"); printf("environ FOO %d\n",memmem(buf,n,"FOO=",4)!=0);
 n=slurp("/proc/self/auxv"); Elf32_auxv_t*av=(void*)buf; int cnt=0,ph=0; for(;(char*)av<buf+n&&av->a_type;av++){cnt++; if(av->a_type==AT_PHDR&&av->a_un.a_val==getauxval(AT_PHDR))ph=1;} printf("auxv entries of 8 %d phdr %d\n",n%8==0&&cnt>10&&cnt<30,ph);
 n=slurp("/proc/self/maps"); int m=0,st=0,hp=0,hi=0,dat=0,bad=0,ex=0; char*sv,*ln=strtok_r(buf,"\n",&sv); unsigned long long prev=0; while(ln){ unsigned long long a,b; char pr[8]; if(sscanf(ln,"%llx-%llx %4s",&a,&b,pr)!=3)bad++; if(a<prev)bad++; prev=b; if((unsigned)main>=a&&(unsigned)main<b){m=1; ex=pr[2]=='x'&&strstr(ln,"proc")!=0&&pr[1]=='-';} if((unsigned)&data_var>=a&&(unsigned)&data_var<b) dat=pr[1]=='w'&&pr[2]=='-'; if(strstr(ln,"[stack]")&&(unsigned)&m>=a&&(unsigned)&m<b)st=1; if(strstr(ln,"[heap]"))hp=1; if(b>0x100000000ull)hi++; ln=strtok_r(0,"\n",&sv);} printf("maps main %d rx %d data rw %d stack %d heap(later) %d above4G %d bad %d\n",m,ex,dat,st,hp,hi,bad);
 malloc(100000-1); n=slurp("/proc/self/maps"); printf("heap named %d\n",strstr(buf,"[heap]")!=0); n=slurp("/proc/self/smaps"); printf("smaps %d\n",n>0&&strstr(buf,"Rss:")!=0);
 int mf=open("/proc/self/mem",O_RDWR); int v=0; printf("mem read %d",(int)pread64(mf,&v,4,(unsigned)&data_var)); printf(" %d\n",v); v=77; pwrite64(mf,&v,4,(unsigned)&data_var); printf("mem wrote %d\n",data_var);
 DIR*d=opendir("/proc/self/fd"); struct dirent*de; int c=0,mx=0; while((de=readdir(d))) if(de->d_name[0]!='.'){c++; if(atoi(de->d_name)>mx)mx=atoi(de->d_name);} closedir(d); printf("fds %d max %d\n",c,mx);
 /* qemu-user has a task of its own, and knows neither PR_SET_CHILD_SUBREAPER nor PR_GET_THP_DISABLE. */
 struct utsname u; uname(&u); printf("sys %s\n",u.sysname); /* ferry says i686, a 64-bit kernel x86_64 */ printf("pers %x\n",personality(0xffffffff)&~0x40000); personality(PER_LINUX32); uname(&u); printf("machine %s pers %x\n",u.machine,personality(0xffffffff)&0xff); personality(ADDR_NO_RANDOMIZE); printf("pers %x\n",personality(0xffffffff));
 printf("platform %s hwcap2 %lx pagesz %ld clktck %ld secure %ld execfn %s uid %d random %d sysinfo %d sysinfo_ehdr %d minsigstk %d base %d\n",(char*)getauxval(AT_PLATFORM),getauxval(AT_HWCAP2)&0,getauxval(AT_PAGESZ),getauxval(AT_CLKTCK),getauxval(AT_SECURE),(char*)getauxval(AT_EXECFN),getauxval(AT_UID)==getuid(),getauxval(AT_RANDOM)!=0,getauxval(AT_SYSINFO)!=0,getauxval(AT_SYSINFO_EHDR)!=0,getauxval(51)>500,getauxval(AT_BASE)!=0);
 n=slurp("/proc/cpuinfo"); printf("cpuinfo flags fpu %d x86ish %d\n",strstr(buf,"fpu")!=0,strstr(buf,"vendor_id")!=0); slurp("/proc/sys/kernel/osrelease"); printf("osrel %d\n",strlen(buf)>3);
 prctl(PR_SET_MM,PR_SET_MM_ARG_START,0,0,0); printf("dumpable %d\n",prctl(PR_GET_DUMPABLE)); prctl(PR_SET_PDEATHSIG,9); int pd=0; prctl(PR_GET_PDEATHSIG,&pd); printf("pdeath %d\n",pd); printf("nnp %d %d\n",prctl(PR_SET_NO_NEW_PRIVS,1,0,0,0),prctl(PR_GET_NO_NEW_PRIVS,0,0,0,0)); int tsc=0; printf("tsc %d %d\n",prctl(PR_GET_TSC,&tsc),tsc); printf("timerslack %d\n",prctl(PR_GET_TIMERSLACK)>0); printf("capbset %d\n",prctl(PR_CAPBSET_READ,0)); printf("seccomp %d\n",prctl(PR_GET_SECCOMP)); printf("keepcaps %d\n",prctl(PR_GET_KEEPCAPS)); printf("securebits %d\n",prctl(PR_GET_SECUREBITS)); int fpemu; errno=0; fpemu=prctl(12345); printf("bad %d %d\n",fpemu,errno);
 strcpy(argv[0],"xx"); n=slurp("/proc/self/cmdline"); printf("cmdline after overwrite %s\n",buf);
 return 0; }
