# Makes the calls of a list, then executes a program with this process's own arguments and environment. There is no other thread here, as some calls demand (setns(2) and unshare(2) of a user namespace).
# An entry has nine words: number, six arguments, address and length of what to say when it fails (0: the failure does not matter). The last one has number -1 and the address of the program's path.
# LIST is patched by CallList: it stands in the marked immediate.
    .intel_syntax noprefix
    .globl _start
_start:
    mov ebx, 0x11223344           # patched: address of the list
next:
    mov rax, [rbx]
    cmp rax, -1
    je run
    mov rdi, [rbx+8]
    mov rsi, [rbx+16]
    mov rdx, [rbx+24]
    mov r10, [rbx+32]
    mov r8, [rbx+40]
    mov r9, [rbx+48]
    syscall
    cmp rax, -4095
    jb advance
    cmp qword ptr [rbx+64], 0
    jne fail
advance:
    add rbx, 72
    jmp next
run:
    mov rdi, [rbx+8]              # execve(path, argv, envp)
    lea rsi, [rsp+8]
    mov rdx, [rsp]
    lea rdx, [rsi+rdx*8+8]
    mov eax, 59
    syscall
fail:
    mov rsi, [rbx+56]             # write(2, sentence)
    mov rdx, [rbx+64]
    mov edi, 2
    mov eax, 1
    syscall
    mov edi, 125
    mov eax, 231                  # exit_group(125)
    syscall
