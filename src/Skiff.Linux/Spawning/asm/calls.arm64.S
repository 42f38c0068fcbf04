// As calls.x64.S, for arm64. The patched address stands in the word at the end.
    .globl _start
_start:
    ldr w19, list
next:
    ldr x8, [x19]
    cmn x8, #1
    b.eq run
    ldp x0, x1, [x19, #8]
    ldp x2, x3, [x19, #24]
    ldp x4, x5, [x19, #40]
    svc #0
    cmn x0, #4095
    b.lo advance
    ldr x9, [x19, #64]
    cbnz x9, fail
advance:
    add x19, x19, #72
    b next
run:
    ldr x0, [x19, #8]
    add x1, sp, #8
    ldr x2, [sp]
    add x2, x1, x2, lsl #3
    add x2, x2, #8
    mov x8, #221
    svc #0
fail:
    ldr x1, [x19, #56]
    ldr x2, [x19, #64]
    mov x0, #2
    mov x8, #64
    svc #0
    mov x0, #125
    mov x8, #94
    svc #0
    .balign 4
list:
    .word 0x11223344
