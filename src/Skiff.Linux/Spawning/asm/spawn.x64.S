// What the interpreter of a child program calls. A child may share its parent's memory: nothing here touches errno, the C library or thread-local storage.
//    0  nint call(number, a, b, c, d, e, f)       a system call; -errno when it fails
//   64  nint birth(args, size, entry, argument)   clone3(2), and in the child entry(argument), which does not return
    .globl _start
_start:
    mov %rdi, %rax
    mov %rsi, %rdi
    mov %rdx, %rsi
    mov %rcx, %rdx
    mov %r8, %r10
    mov %r9, %r8
    mov 8(%rsp), %r9
    syscall
    ret
    .balign 64
birth:
    mov %rdx, %r8
    mov %rcx, %r9
    mov $435, %eax
    syscall
    test %rax, %rax
    jnz parent
    xor %ebp, %ebp
    and $-16, %rsp
    mov %r9, %rdi
    call *%r8
    hlt
parent:
    ret
