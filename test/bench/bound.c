// The least that a container start can cost: the system calls of `skiff run --rm --network none`, and nothing else, in C without any parsing,
// state or checks. scripts/bench.sh compares with it.   bound LOWER SCRATCH COMMAND [ARGUMENT...]
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MUST(call) do { if ((long)(call) < 0) { perror(#call); _exit(125); } } while (0)

enum { MAX_CGROUPS = 16 };
static char cgroups[MAX_CGROUPS][512];
static int joins[MAX_CGROUPS];
static int cgroup_count, v2_fd = -1;

// One directory in each hierarchy, beside the process's own.
static void make_cgroups(void)
{
    FILE *f = fopen("/proc/self/mounts", "re");
    char point[400], type[64];
    while (f && fscanf(f, "%*s %399s %63s %*[^\n]", point, type) == 2) {
        int v1 = !strcmp(type, "cgroup"), v2 = !strcmp(type, "cgroup2");
        if ((!v1 && !v2) || cgroup_count == MAX_CGROUPS)
            continue;
        char *dir = cgroups[cgroup_count], path[600];
        snprintf(dir, sizeof cgroups[0], "%s/bound.%d", point, getpid());
        if (mkdir(dir, 0755) < 0)
            continue;
        if (v1) {
            static const char *const seeds[] = { "cpuset.cpus", "cpuset.mems" };
            for (int i = 0; i < 2; i++) { // an empty cpuset takes no task
                char value[256];
                snprintf(path, sizeof path, "%s/%s", point, seeds[i]);
                int from = open(path, O_RDONLY | O_CLOEXEC);
                if (from < 0)
                    continue;
                ssize_t n = read(from, value, sizeof value);
                close(from);
                snprintf(path, sizeof path, "%s/%s", dir, seeds[i]);
                int to = open(path, O_WRONLY | O_CLOEXEC);
                if (to >= 0 && n > 0 && write(to, value, n) < 0)
                    perror(path);
                close(to);
            }
            snprintf(path, sizeof path, "%s/pids.max", dir);
            int limit = open(path, O_WRONLY | O_CLOEXEC);
            if (limit >= 0) {
                MUST(write(limit, "2048", 4));
                close(limit);
            }
            snprintf(path, sizeof path, "%s/tasks", dir);
            MUST(joins[cgroup_count] = open(path, O_WRONLY | O_CLOEXEC));
        } else {
            joins[cgroup_count] = -1;
            MUST(v2_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        }
        cgroup_count++;
    }
    if (f)
        fclose(f);
}

static void mount_one(const char *type, const char *target, unsigned long flags, const char *data)
{
    mkdir(target, 0755);
    MUST(mount(type, target, type, flags, data));
}

static void device(const char *path, int major, int minor)
{
    MUST(mknod(path, S_IFCHR | 0666, makedev(major, minor)));
}

static void hide(const char *path)
{
    struct stat s;
    if (stat(path, &s) < 0)
        return;
    if (S_ISDIR(s.st_mode))
        MUST(mount("tmpfs", path, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=0k"));
    else
        MUST(mount("/dev/null", path, NULL, MS_BIND, NULL));
}

static void freeze(const char *path)
{
    if (mount(path, path, NULL, MS_BIND | MS_REC, NULL) == 0)
        MUST(mount(NULL, path, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
}

static void child(const char *lower, const char *scratch, char **command)
{
    char data[2048], merged[600];
    for (int i = 1; i <= 64; i++) {
        struct { void *handler; unsigned long flags; void *restorer; uint64_t mask; } none = { 0 };
        if (i != SIGKILL && i != SIGSTOP)
            syscall(SYS_rt_sigaction, i, &none, NULL, 8);
    }
    MUST(prctl(PR_SET_PDEATHSIG, SIGKILL));
    for (int i = 0; i < cgroup_count; i++)
        if (joins[i] >= 0)
            MUST(write(joins[i], "0", 1));
    MUST(unshare(CLONE_NEWCGROUP));
    MUST(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
    snprintf(merged, sizeof merged, "%s/merged", scratch);
    snprintf(data, sizeof data, "lowerdir=%s,upperdir=%s/upper,workdir=%s/work,redirect_dir=off,metacopy=off,volatile", lower, scratch, scratch);
    MUST(mount("overlay", merged, "overlay", 0, data));
    MUST(chdir(merged));
    umask(0);
    mount_one("proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    mount_one("tmpfs", "dev", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k");
    mount_one("devpts", "dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620");
    mount_one("mqueue", "dev/mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    mount_one("tmpfs", "dev/shm", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777,size=65536k");
    mount_one("sysfs", "sys", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL);
    MUST(mount("tmpfs", "sys/fs/cgroup", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755"));
    for (int i = 0; i < cgroup_count; i++) {
        char target[300];
        snprintf(target, sizeof target, "sys/fs/cgroup/%d", i);
        MUST(mkdir(target, 0755));
        MUST(mount(cgroups[i], target, NULL, MS_BIND, NULL));
        MUST(mount(NULL, target, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL));
    }
    device("dev/null", 1, 3);
    device("dev/zero", 1, 5);
    device("dev/full", 1, 7);
    device("dev/random", 1, 8);
    device("dev/urandom", 1, 9);
    device("dev/tty", 5, 0);
    MUST(symlink("pts/ptmx", "dev/ptmx"));
    MUST(symlink("/proc/self/fd", "dev/fd"));
    MUST(symlink("/proc/self/fd/0", "dev/stdin"));
    MUST(symlink("/proc/self/fd/1", "dev/stdout"));
    MUST(symlink("/proc/self/fd/2", "dev/stderr"));
    MUST(sethostname("bound", 5));
    static const char *const read_only[] = { "proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger" };
    static const char *const hidden[] = { "proc/acpi", "proc/kcore", "proc/keys", "proc/latency_stats", "proc/timer_list", "proc/sched_debug", "proc/scsi", "sys/firmware" };
    for (size_t i = 0; i < sizeof read_only / sizeof *read_only; i++)
        freeze(read_only[i]);
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        hide(hidden[i]);
    MUST(syscall(SYS_pivot_root, ".", "."));
    MUST(umount2(".", MNT_DETACH));
    MUST(chdir("/"));
    MUST(setsid());
    syscall(SYS_keyctl, 1 /* KEYCTL_JOIN_SESSION_KEYRING */, 0);
    const uint64_t kept = 0x400005fb & ~0x200ull; // chown … sys_chroot, setfcap: about the set of a container
    for (int i = 0; i <= 40; i++)
        if (!(kept >> i & 1))
            prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct sets[2] = { { (uint32_t)kept, (uint32_t)kept, 0 }, { 0, 0, 0 } };
    struct sock_filter code[] = { { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW } };
    struct sock_fprog filter = { 1, code };
    MUST(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter));
    MUST(syscall(SYS_capset, &header, sets));
    syscall(SYS_close_range, 3, ~0u, 0);
    char *environment[] = { "PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/root", NULL };
    execve(command[0], command, environment);
    perror(command[0]);
    _exit(127);
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return fprintf(stderr, "usage: bound LOWER SCRATCH COMMAND [ARGUMENT...]\n"), 2;
    char scratch[256], path[300];
    snprintf(scratch, sizeof scratch, "%s/%d", argv[2], getpid());
    MUST(mkdir(scratch, 0700));
    static const char *const parts[] = { "upper", "work", "merged" };
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", scratch, parts[i]);
        MUST(mkdir(path, 0755));
    }
    make_cgroups();
    int pidfd;
    struct clone_args args = {
        .flags = CLONE_PIDFD | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | (v2_fd >= 0 ? CLONE_INTO_CGROUP : 0),
        .pidfd = (uint64_t)(uintptr_t)&pidfd,
        .exit_signal = SIGCHLD,
        .cgroup = v2_fd >= 0 ? (uint64_t)v2_fd : 0,
    };
    long pid = syscall(SYS_clone3, &args, sizeof args);
    MUST(pid);
    if (pid == 0)
        child(argv[1], scratch, argv + 3);
    siginfo_t info;
    MUST(waitid(P_PIDFD, pidfd, &info, WEXITED));
    for (int i = 0; i < cgroup_count; i++)
        rmdir(cgroups[i]);
    static const char *const left[] = { "work/work/incompat/volatile", "work/work/incompat", "work/work", "work/index", "work" };
    snprintf(path, sizeof path, "%s/work/work/incompat/volatile/dirty", scratch);
    unlink(path);
    for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
        snprintf(path, sizeof path, "%s/%s", scratch, left[i]);
        rmdir(path);
    }
    static const char *const made[] = { "proc", "dev", "sys", "" };
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/upper/%s", scratch, made[i]);
        rmdir(path);
    }
    snprintf(path, sizeof path, "%s/merged", scratch);
    rmdir(path);
    if (rmdir(scratch) < 0)
        perror(scratch);
    return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}
