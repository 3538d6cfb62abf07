; A segment that ends 2 pages after its file: the rest of the last page reads as zeroes.
;EXPECT: status 0
BITS 32
org 0x08048000
ehdr: db 0x7f,"ELF",1,1,1,0
 times 8 db 0
 dw 2,3
 dd 1,start,phdr-$$,0,0
 dw 52,32,2,0,0,0
phdr: dd 1,0,$$,$$,fsz,fsz,5,0x1000
 dd 1,0,0x08050000,0x08050000,0x3000,0x3000,6,0x1000   ; file range beyond EOF
start:
 mov eax,[0x08050000]     ; inside file
 cmp eax,0x464c457f
 jne bad
 mov eax,[0x08050f00]     ; past EOF, same page
 test eax,eax
 jne bad
 mov ebx,0
 jmp out
bad: mov ebx,1
out: mov eax,1
 int 0x80
fsz equ $-$$
