using Skiff.Linux.Capabilities;

namespace Skiff.Linux.Seccomp;

/// <summary>The policy of a container unless the user gives another: the calls that docker documents as allowed, everything else refused.</summary>
/// <remarks>
/// Source: docs.docker.com/engine/security/seccomp and the list it refers to. Different from docker: nothing is allowed that docker refuses;
/// <c>io_uring_*</c> is refused as docker does since 25.0 (a long row of kernel holes); <c>statmount</c>, <c>listmount</c> and <c>lsm_*</c> need CAP_SYS_ADMIN.
/// </remarks>
internal static class DefaultProfile
{
    private const string Allowed =
        "accept accept4 access adjtimex alarm bind brk cachestat capget capset chdir chmod chown chown32 clock_adjtime clock_adjtime64 clock_getres "
        + "clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep clock_nanosleep_time64 close close_range connect copy_file_range creat "
        + "dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 "
        + "execve execveat exit exit_group faccessat faccessat2 fadvise64 fadvise64_64 fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2 "
        + "fchown fchown32 fchownat fcntl fcntl64 fdatasync fgetxattr flistxattr flock fork fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs "
        + "fstatfs64 fsync ftruncate ftruncate64 futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake futimesat getcpu getcwd getdents "
        + "getdents64 getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getitimer getpeername getpgid getpgrp getpid getppid "
        + "getpriority getrandom getresgid getresgid32 getresuid getresuid32 getrlimit get_robust_list getrusage getsid getsockname getsockopt "
        + "get_thread_area gettid gettimeofday getuid getuid32 getxattr getxattrat inotify_add_watch inotify_init inotify_init1 inotify_rm_watch "
        + "io_cancel ioctl io_destroy io_getevents io_pgetevents io_pgetevents_time64 ioprio_get ioprio_set io_setup io_submit ipc kill "
        + "landlock_add_rule landlock_create_ruleset landlock_restrict_self lchown lchown32 lgetxattr link linkat listen listxattr listxattrat "
        + "llistxattr _llseek lremovexattr lseek lsetxattr lstat lstat64 madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mkdir "
        + "mkdirat mknod mknodat mlock mlock2 mlockall mmap mmap2 mprotect mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 "
        + "mq_timedsend mq_timedsend_time64 mq_unlink mremap mseal msgctl msgget msgrcv msgsnd msync munlock munlockall munmap name_to_handle_at "
        + "nanosleep newfstatat _newselect open openat openat2 pause pidfd_open pidfd_send_signal pipe pipe2 pkey_alloc pkey_free pkey_mprotect poll "
        + "ppoll ppoll_time64 prctl pread64 preadv preadv2 prlimit64 process_mrelease process_vm_readv process_vm_writev pselect6 pselect6_time64 "
        + "ptrace pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv recv recvfrom recvmmsg recvmmsg_time64 recvmsg remap_file_pages "
        + "removexattr removexattrat rename renameat renameat2 restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo "
        + "rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sched_getaffinity sched_getattr sched_getparam "
        + "sched_get_priority_max sched_get_priority_min sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity "
        + "sched_setattr sched_setparam sched_setscheduler sched_yield seccomp select semctl semget semop semtimedop semtimedop_time64 send sendfile "
        + "sendfile64 sendmmsg sendmsg sendto setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setitimer setpgid "
        + "setpriority setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setrlimit set_robust_list setsid "
        + "setsockopt set_thread_area set_tid_address setuid setuid32 setxattr setxattrat shmat shmctl shmdt shmget shutdown sigaltstack signalfd "
        + "signalfd4 sigprocmask sigreturn socketcall socketpair splice stat stat64 statfs statfs64 statx symlink symlinkat sync sync_file_range "
        + "syncfs sysinfo tee tgkill time timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 "
        + "timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 times tkill truncate truncate64 ugetrlimit umask uname "
        + "unlink unlinkat uretprobe utime utimensat utimensat_time64 utimes vfork vmsplice wait4 waitid waitpid write writev";

    // CLONE_NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET, linux/sched.h: no new namespaces without CAP_SYS_ADMIN.
    private const ulong NamespaceFlags = 0x7E020000;
    private const int AF_VSOCK = 40;

    internal static SeccompProfile Create()
    {
        const ulong any = 0;
        return new SeccompProfile
        {
            DefaultAction = SeccompAction.Fail(Errno.EPERM),
            KnowsWholeTable = true,
            Rules =
            [
                Rule(Allowed),
                // VSOCK is not separated by network namespaces: it reaches the hypervisor.
                Rule("socket") with
                {
                    Conditions = [new(0, SeccompCompare.NotEqual, AF_VSOCK)],
                },
                // Linux, UNAME26 (0x20000), PER_LINUX32 (8) and the query; not ADDR_NO_RANDOMIZE.
                Personality(0),
                Personality(8),
                Personality(0x20000),
                Personality(0x20008),
                Personality(0xFFFFFFFF),
                Rule("arch_prctl") with
                {
                    IncludeArchitectures = ["amd64", "x32"],
                },
                Rule("modify_ldt") with
                {
                    IncludeArchitectures = ["amd64", "x32", "x86"],
                },
                Rule("arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls") with
                {
                    IncludeArchitectures = ["arm", "arm64"],
                },
                With(
                    "bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick listmount lookup_dcookie lsm_get_self_attr lsm_list_modules lsm_set_self_attr mount mount_setattr move_mount open_tree open_tree_attr perf_event_open quotactl quotactl_fd setdomainname sethostname setns statmount syslog umount umount2 unshare",
                    Capability.CAP_SYS_ADMIN
                ),
                Rule("clone") with
                {
                    Conditions = [new(0, SeccompCompare.MaskedEqual, NamespaceFlags, any)],
                    ExcludeCapabilities = CapabilitySet.None | Capability.CAP_SYS_ADMIN,
                },
                // Its flags are behind a pointer, so they cannot be filtered; on ENOSYS the C libraries fall back to clone.
                Rule("clone3") with
                {
                    Action = SeccompAction.Fail(Errno.ENOSYS),
                    ExcludeCapabilities = CapabilitySet.None | Capability.CAP_SYS_ADMIN,
                },
                With("open_by_handle_at", Capability.CAP_DAC_READ_SEARCH),
                With("reboot", Capability.CAP_SYS_BOOT),
                With("chroot", Capability.CAP_SYS_CHROOT),
                With("delete_module init_module finit_module", Capability.CAP_SYS_MODULE),
                With("acct", Capability.CAP_SYS_PACCT),
                With("kcmp pidfd_getfd process_madvise", Capability.CAP_SYS_PTRACE),
                With("iopl ioperm", Capability.CAP_SYS_RAWIO),
                With("settimeofday stime clock_settime clock_settime64", Capability.CAP_SYS_TIME),
                With("vhangup", Capability.CAP_SYS_TTY_CONFIG),
                With("get_mempolicy mbind set_mempolicy set_mempolicy_home_node", Capability.CAP_SYS_NICE),
                With("syslog", Capability.CAP_SYSLOG),
                With("bpf", Capability.CAP_BPF),
                With("perf_event_open", Capability.CAP_PERFMON),
            ],
        };
    }

    private static SeccompProfileRule Rule(string names) => new() { Names = names.Split(' ') };

    private static SeccompProfileRule With(string names, Capability capability) =>
        Rule(names) with
        {
            IncludeCapabilities = CapabilitySet.None | capability,
        };

    private static SeccompProfileRule Personality(ulong value) =>
        Rule("personality") with
        {
            Conditions = [new(0, SeccompCompare.Equal, value)],
        };
}
