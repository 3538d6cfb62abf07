; PT_LOAD in descending order of address
;EXPECT: status 13
BITS 32
org 0x08048000
 db 0x7f,"ELF",1,1,1,0
 times 8 db 0
 dw 2,3
 dd 1,start,52,0,0
 dw 52,32,2,0,0,0
 dd 1,0,0x08058000,0,tsz,tsz,6,0x1000
 dd 1,0,0x08048000,0,tsz,tsz,5,0x1000
start: mov ebx,13
 mov eax,1
 int 0x80
tsz equ $-$$
