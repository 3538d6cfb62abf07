// The calls of MIPS64 Linux that C++ cannot express.
//
// long ferry_safe_syscall(pending, number, a, b, c, d, e, f): see ../host_syscall.hpp.
//
// A signal may arrive between the check of *pending and the syscall instruction: its handler sets *pending too
// late for the check. So the handler moves a pc inside [begin, instruction) to `not_begun`. It moves a pc at the
// instruction, where the kernel puts the pc of an interrupted call that it restarts, to `restart`. Past the
// instruction the call has its result and continues.

        .text
        .set    noreorder
        .globl  ferry_safe_syscall
        .globl  ferry_safe_syscall_begin
        .globl  ferry_safe_syscall_end
        .globl  ferry_safe_syscall_instruction
        .globl  ferry_safe_syscall_not_begun
        .globl  ferry_safe_syscall_restart
        .type   ferry_safe_syscall, @function
        .ent    ferry_safe_syscall
ferry_safe_syscall:
        move    $24, $4
        move    $2, $5
        move    $4, $6
        move    $5, $7
        move    $6, $8
        move    $7, $9
        move    $8, $10
        move    $9, $11
ferry_safe_syscall_begin:
        lw      $25, 0($24)
        bnez    $25, ferry_safe_syscall_not_begun
        nop
ferry_safe_syscall_instruction:
        syscall
ferry_safe_syscall_end:
        beqz    $7, 1f
        nop
        dsubu   $2, $0, $2
1:      jr      $31
        nop
ferry_safe_syscall_not_begun:
        jr      $31
        li      $2, -513
ferry_safe_syscall_restart:
        jr      $31
        li      $2, -512
        .end    ferry_safe_syscall
        .size   ferry_safe_syscall, . - ferry_safe_syscall

// long ferry_clone_on_stack(flags, stack_top, entry, argument): clone(2); the child calls entry(argument) on the
// new stack and never returns.
        .globl  ferry_clone_on_stack
        .type   ferry_clone_on_stack, @function
        .ent    ferry_clone_on_stack
ferry_clone_on_stack:
        daddiu  $5, $5, -32
        sd      $6, 0($5)
        sd      $7, 8($5)
        li      $2, 5055                # __NR_clone of n64
        move    $6, $0
        move    $7, $0
        move    $8, $0
        syscall
        bnez    $7, 1f
        nop
        beqz    $2, 2f
        nop
        jr      $31
        nop
1:      jr      $31
        dsubu   $2, $0, $2
2:      ld      $25, 0($29)
        ld      $4, 8($29)
        jalr    $25
        nop
        break
        .end    ferry_clone_on_stack
        .size   ferry_clone_on_stack, . - ferry_clone_on_stack
        .section .note.GNU-stack, "", @progbits
