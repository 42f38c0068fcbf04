# Process 1 of a container with --init: starts the target, forwards signals, reaps orphans, ends with the target's code.
# Same stack and patches as the trampoline, which stands behind it at the label trampoline (the child continues there), but two words before the target's argv: what ps(1) shows of us.
    .intel_syntax noprefix
    .globl _start
_start:
    mov rbp, rsp
    sub rsp, 256                  # [rsp]: mask, [rsp+16]: siginfo (128), [rsp+160]: status
    mov qword ptr [rsp], -1       # rt_sigprocmask(SIG_SETMASK, all)
    mov edi, 2
    mov rsi, rsp
    xor edx, edx
    mov r10d, 8
    mov eax, 14
    syscall
    mov edi, 17                   # clone(SIGCHLD)
    xor esi, esi
    xor edx, edx
    xor r10d, r10d
    xor r8d, r8d
    mov eax, 56
    syscall
    test rax, rax
    jz child
    mov r12d, eax
    mov edi, 0x55667788           # patched: report descriptor; close(report): its end now means that the target runs
    mov eax, 3
    syscall
    mov edi, 15                   # prctl(PR_SET_NAME, name)
    lea rsi, [rip+name]
    mov eax, 157
    syscall
wait_signal:
    mov rdi, rsp                  # rt_sigtimedwait(all, siginfo, forever)
    lea rsi, [rsp+16]
    xor edx, edx
    mov r10d, 8
    mov eax, 128
    syscall
    cmp eax, 17
    je reap
    test eax, eax
    jle wait_signal
    cmp dword ptr [rsp+24], 0     # si_code > 0: the kernel sent it to the whole foreground group, the target has it already
    jg wait_signal
    mov edi, r12d                 # kill(target, signal)
    mov esi, eax
    mov eax, 62
    syscall
    jmp wait_signal
reap:
    mov rdi, -1                   # wait4(any, status, WNOHANG)
    lea rsi, [rsp+160]
    mov edx, 1
    xor r10d, r10d
    mov eax, 61
    syscall
    test eax, eax
    jle wait_signal
    cmp eax, r12d
    jne reap
    mov edi, [rsp+160]
    mov eax, edi
    and eax, 127
    jz exited
    lea edi, [eax+128]
    jmp leave
exited:
    shr edi, 8
    and edi, 255
leave:
    mov eax, 231                  # exit_group
    syscall
child:
    mov qword ptr [rsp], 0        # rt_sigprocmask(SIG_SETMASK, none)
    mov edi, 2
    mov rsi, rsp
    xor edx, edx
    mov r10d, 8
    mov eax, 14
    syscall
    mov rax, [rbp]                # without the two words
    sub rax, 2
    lea rsp, [rbp+16]
    mov [rsp], rax
    jmp trampoline
name:
    .asciz "skiff-init"
trampoline:
