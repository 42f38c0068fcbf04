# The last thing a child program runs: execve of the first candidate that works, then the truth about why none did.
# Stack at entry (System V ABI): argc, argv[0..], 0, envp[0..], 0; envp holds CANDIDATES paths and then the target's own environment.
# REPORT and CANDIDATES are patched by TrampolineImage: they stand in the two marked immediates.
    .intel_syntax noprefix
    .globl _start
_start:
    mov rbx, [rsp]
    lea r14, [rsp+8]              # argv
    lea r12, [r14+rbx*8+8]        # candidates
    mov r13d, 0x11223344          # patched: their number
    lea r15, [r12+r13*8]          # the target's envp
    mov ebx, 0x55667788           # patched: report descriptor
    mov edi, ebx                  # fcntl(report, F_SETFD, FD_CLOEXEC)
    mov esi, 2
    mov edx, 1
    mov eax, 72
    syscall
    test eax, eax                 # the report is closed: a "#!/proc/self/exe" line has executed us a second time, and would for ever
    js again
    xor ebp, ebp                  # the errno to report
next:
    mov rdi, [r12]                # execve(candidate, argv, envp)
    mov rsi, r14
    mov rdx, r15
    mov eax, 59
    syscall
    neg eax
    cmp eax, 13                   # EACCES: remember, go on as execvp(3) does
    je remember
    cmp eax, 2                    # ENOENT, ENOTDIR: go on, a remembered EACCES wins
    je missing
    cmp eax, 20
    je missing
    mov ebp, eax
    jmp report
missing:
    test ebp, ebp
    jnz advance
remember:
    mov ebp, eax
advance:
    add r12, 8
    dec r13d
    jnz next
report:
    sub rsp, 16                   # write(report, {-1, errno}, 8)
    mov dword ptr [rsp], -1
    mov [rsp+4], ebp
    mov edi, ebx
    mov rsi, rsp
    mov edx, 8
    mov eax, 1
    syscall
    mov edi, ebx                  # read(report): the parent looks at the file through /proc/PID/root, then closes
    mov rsi, rsp
    mov edx, 1
    xor eax, eax
    syscall
    mov edi, 126
    cmp ebp, 2
    je absent
    cmp ebp, 20
    jne leave
absent:
    inc edi
leave:
    mov eax, 231                  # exit_group(126 or 127)
    syscall
again:
    lea rsi, [rip+sentence]       # write(2, sentence)
    mov edi, 2
    mov edx, offset sentence_end - sentence
    mov eax, 1
    syscall
    mov edi, 126
    jmp leave
sentence:
    .ascii "skiff: /proc/self/exe cannot be the interpreter of a script\n"
sentence_end:
