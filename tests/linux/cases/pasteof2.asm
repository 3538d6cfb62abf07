; The same, and a read of a page that the file does not reach at all: SIGBUS.
;EXPECT: status 135
;NOT WITH 16 KB PAGES: the kernel sees one page of 16 KB, of which the rest is zero
BITS 32
org 0x08048000
ehdr: db 0x7f,"ELF",1,1,1,0
 times 8 db 0
 dw 2,3
 dd 1,start,phdr-$$,0,0
 dw 52,32,2,0,0,0
phdr: dd 1,0,$$,$$,fsz,fsz,5,0x1000
 dd 1,0,0x08050000,0x08050000,0x3000,0x3000,6,0x1000
start: mov eax,[0x08052000]   ; whole page past EOF: SIGBUS
 mov ebx,3
 mov eax,1
 int 0x80
fsz equ $-$$
