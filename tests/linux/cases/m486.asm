; e_machine EM_486 (6), a senseless e_version, and other fields that the kernel does not look at: it accepts EM_386 and EM_486
;EXPECT: status 24
BITS 32
org 0x08048000
 db 0x7f,"ELF",1,1,1,0
 times 8 db 0
 dw 2,6
 dd 77,start,52,0,0xffff
 dw 11,32,1,7,7,7
 dd 1,0,0x08048000,0,tsz,tsz,5,0x1000
start: mov ebx,24
 mov eax,1
 int 0x80
tsz equ $-$$
