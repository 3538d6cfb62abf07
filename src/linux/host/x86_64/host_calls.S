// The calls of x86-64 Linux that C++ cannot express.
//
// long ferry_safe_syscall(pending, number, a, b, c, d, e, f): see ../host_syscall.hpp.
//
// A signal may arrive between the check of *pending and the syscall instruction: its handler sets *pending too
// late for the check. So the handler moves a pc inside [begin, instruction) to `not_begun`. It moves a pc at the
// instruction, where the kernel puts the pc of an interrupted call that it restarts, to `restart`. Past the
// instruction the call has its result and continues.

        .text
        .globl  ferry_safe_syscall
        .globl  ferry_safe_syscall_begin
        .globl  ferry_safe_syscall_end
        .globl  ferry_safe_syscall_instruction
        .globl  ferry_safe_syscall_not_begun
        .globl  ferry_safe_syscall_restart
        .hidden ferry_safe_syscall_begin
        .hidden ferry_safe_syscall_end
        .hidden ferry_safe_syscall_instruction
        .hidden ferry_safe_syscall_not_begun
        .hidden ferry_safe_syscall_restart
        .type   ferry_safe_syscall, @function
ferry_safe_syscall:
        mov     %rdi, %r11
        mov     %rsi, %rax
        mov     %rdx, %rdi
        mov     %rcx, %rsi
        mov     %r8, %rdx
        mov     %r9, %r10
        mov     8(%rsp), %r8
        mov     16(%rsp), %r9
ferry_safe_syscall_begin:
        cmpl    $0, (%r11)
        jne     ferry_safe_syscall_not_begun
ferry_safe_syscall_instruction:
        syscall
ferry_safe_syscall_end:
        ret
ferry_safe_syscall_not_begun:
        mov     $-513, %rax
        ret
ferry_safe_syscall_restart:
        mov     $-512, %rax
        ret
        .size   ferry_safe_syscall, . - ferry_safe_syscall

// What a host signal handler returns to (../host_signals.cpp): rt_sigreturn.
        .globl  ferry_signal_restorer
        .hidden ferry_signal_restorer
        .type   ferry_signal_restorer, @function
ferry_signal_restorer:
        mov     $15, %eax
        syscall
        .size   ferry_signal_restorer, . - ferry_signal_restorer

// long ferry_clone_on_stack(flags, stack_top, entry, argument): clone(2); the child calls entry(argument) on the
// new stack and never returns.
        .globl  ferry_clone_on_stack
        .type   ferry_clone_on_stack, @function
ferry_clone_on_stack:
        sub     $16, %rsi
        mov     %rdx, (%rsi)
        mov     %rcx, 8(%rsi)
        xor     %edx, %edx
        xor     %r10d, %r10d
        xor     %r8d, %r8d
        mov     $56, %eax               # __NR_clone
        syscall
        test    %rax, %rax
        jz      1f
        ret
1:      pop     %rax
        pop     %rdi
        xor     %ebp, %ebp
        call    *%rax
        hlt
        .size   ferry_clone_on_stack, . - ferry_clone_on_stack
        .section .note.GNU-stack, "", @progbits
