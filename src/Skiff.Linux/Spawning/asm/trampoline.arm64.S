// As trampoline.x64.S, for arm64. The two patched values stand in the words at the end.
    .globl _start
_start:
    ldr x19, [sp]
    add x22, sp, #8
    add x20, x22, x19, lsl #3
    add x20, x20, #8
    ldr w21, candidates
    add x23, x20, x21, lsl #3
    ldr w24, report_fd
    mov w0, w24
    mov x1, #2
    mov x2, #1
    mov x8, #25
    svc #0
    tbnz w0, #31, again
    mov w25, #0
next:
    ldr x0, [x20]
    mov x1, x22
    mov x2, x23
    mov x8, #221
    svc #0
    neg w0, w0
    cmp w0, #13
    b.eq remember
    cmp w0, #2
    b.eq missing
    cmp w0, #20
    b.eq missing
    mov w25, w0
    b report
missing:
    cbnz w25, advance
remember:
    mov w25, w0
advance:
    add x20, x20, #8
    subs w21, w21, #1
    b.ne next
report:
    sub sp, sp, #16
    mov w9, #-1
    str w9, [sp]
    str w25, [sp, #4]
    mov w0, w24
    mov x1, sp
    mov x2, #8
    mov x8, #64
    svc #0
    mov w0, w24
    mov x1, sp
    mov x2, #1
    mov x8, #63
    svc #0
    mov x0, #126
    cmp w25, #2
    b.eq absent
    cmp w25, #20
    b.ne leave
absent:
    mov x0, #127
leave:
    mov x8, #94
    svc #0
again:
    mov x0, #2
    adr x1, sentence
    mov x2, #(sentence_end - sentence)
    mov x8, #64
    svc #0
    mov x0, #126
    b leave
sentence:
    .ascii "skiff: /proc/self/exe cannot be the interpreter of a script\n"
sentence_end:
    .balign 4
candidates:
    .word 0x11223344
report_fd:
    .word 0x55667788
