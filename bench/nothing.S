/* The smallest static program: exit(0), for i386 and for MIPS64 (n64). */
#ifdef __i386__
  .globl _start
_start:
  movl $1, %eax
  xorl %ebx, %ebx
  int $0x80
#else
  .globl __start
__start:
  li $2, 5058
  move $4, $0
  syscall
#endif
  .section .note.GNU-stack, "", %progbits
