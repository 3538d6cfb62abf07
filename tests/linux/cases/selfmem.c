// a write through /proc/self/mem changes code that was executed
//EXPECT: byte 2 call 2
#include <stdio.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>
#include <sys/mman.h>
int main(){ volatile unsigned char*c=mmap((void*)0x23000000,0x4000,7,MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED,-1,0); memcpy((void*)c,"\xb8\x01\0\0\0\xc3",6); int(*f)(void)=(void*)c; for(int i=0;i<100;i++) f(); int m=open("/proc/self/mem",O_RDWR); char two=2; pwrite(m,&two,1,(unsigned)c+1); int b=c[1]; int r=f(); printf("byte %d call %d\n",b,r); return 0; }
