; The file is 45 bytes long, shorter than an ELF header (52): the kernel reads zeroes after it (bprm->buf), and starts it.
;EXPECT: status 42
BITS 32
org 0x10000
 db 0x7f,"ELF"
 dd 1          ; p_type PT_LOAD (also ident)
 dd 0          ; p_offset
 dd $$         ; p_vaddr
 dw 2          ; e_type / p_paddr
 dw 3
 dd start      ; e_version / p_filesz
 dd start      ; e_entry / p_memsz
 dd 4          ; e_phoff / p_flags
start:
 mov bl,42     ; e_shoff / p_align
 xor eax,eax   ; e_flags
 inc eax
 int 0x80
 db 0
 dw 0x34
 dw 0x20
 db 1
