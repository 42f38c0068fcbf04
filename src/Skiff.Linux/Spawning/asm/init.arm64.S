// As init.x64.S, for arm64. The child's copy of the trampoline follows; its own patched word stands before the label trampoline.
    .globl _start
_start:
    mov x29, sp
    sub sp, sp, #256
    mov x9, #-1
    str x9, [sp]
    mov x0, #2
    mov x1, sp
    mov x2, #0
    mov x3, #8
    mov x8, #135
    svc #0
    mov x0, #17
    mov x1, #0
    mov x2, #0
    mov x3, #0
    mov x4, #0
    mov x8, #220
    svc #0
    cbz x0, child
    mov w19, w0
    ldr w0, report_fd
    mov x8, #57
    svc #0
    mov x0, #15
    adr x1, name
    mov x8, #167
    svc #0
wait_signal:
    mov x0, sp
    add x1, sp, #16
    mov x2, #0
    mov x3, #8
    mov x8, #137
    svc #0
    cmp w0, #17
    b.eq reap
    cmp w0, #0
    b.le wait_signal
    ldr w9, [sp, #24]
    cmp w9, #0
    b.gt wait_signal
    mov w1, w0
    mov w0, w19
    mov x8, #129
    svc #0
    b wait_signal
reap:
    mov x0, #-1
    add x1, sp, #160
    mov x2, #1
    mov x3, #0
    mov x8, #260
    svc #0
    cmp w0, #0
    b.le wait_signal
    cmp w0, w19
    b.ne reap
    ldr w9, [sp, #160]
    ands w10, w9, #127
    b.eq exited
    add w0, w10, #128
    b leave
exited:
    ubfx w0, w9, #8, #8
leave:
    mov x8, #94
    svc #0
child:
    str xzr, [sp]
    mov x0, #2
    mov x1, sp
    mov x2, #0
    mov x3, #8
    mov x8, #135
    svc #0
    ldr x9, [x29]
    sub x9, x9, #2
    add x10, x29, #16
    str x9, [x10]
    mov sp, x10
    b trampoline
name:
    .asciz "skiff-init"
    .balign 4
report_fd:
    .word 0x55667788
trampoline:
