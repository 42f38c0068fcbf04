// A process that begins before the runtime is there. While that starts on one processor, this makes the namespaces that take the kernel longest on another; then it makes the container's cgroups while the engine
// goes on. Why, and what it is worth: docs/decisions/021-head-start.md. The engine's side is HeadStart.cs.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROOM = 16 << 10, PROCESSORS = 1024, WORD = 8 * sizeof(unsigned long) };

// What both processes see: HeadStart.cs has the same.
struct head_start {
    int32_t given;  // futex: jobs that the engine has given
    int32_t done;   // futex: jobs that are done
    int32_t failed; // errno of the first directory that could not be made, or 0
    int32_t pid;    // 0 when there is no such process any more
    int32_t pidfd;
    int32_t news; // a pipe with a byte when the namespaces are made and the loopback device is up, and one for each job that is done: whoever waits for these sees the end of this process, too
    int32_t held; // a descriptor of the engine that this process has from then on, such as a lock; -1 for none
    int32_t last; // this job is the last one
    int32_t paths;
    char text[]; // a job: directories to be made, zero-terminated paths
};

static struct head_start *shared;

struct head_start *skiff_head_start(void) { return shared; }

// --- The process

// A directory whose parent is missing gets that first: parents are shared and nearly always there.
static int make(char *path) {
    if (mkdir(path, 0755) == 0 || errno == EEXIST) {
        return 0;
    }
    const int failed = errno;
    char *slash = strrchr(path, '/');
    if (failed != ENOENT || slash == NULL || slash == path) {
        return failed;
    }
    *slash = '\0';
    const int parent = make(path);
    *slash = '/';
    return parent != 0 ? parent : mkdir(path, 0755) == 0 || errno == EEXIST ? 0 : errno;
}

// Whoever finds the lock of a killed engine free removes what it was making: so the lock is free only when we are done as well.
static void hold(pid_t engine) {
    if (shared->held >= 0) {
        const long process = syscall(SYS_pidfd_open, engine, 0);
        syscall(SYS_pidfd_getfd, process, shared->held, 0);
        close((int)process);
    }
}

static void work(void) {
    char *path = shared->text;
    shared->failed = 0;
    for (int i = 0; i < shared->paths; i++) {
        const int failed = make(path);
        if (shared->failed == 0) {
            shared->failed = failed;
        }
        path += strlen(path) + 1;
    }
}

// Every network namespace has a loopback device, and none has it up. RTM_NEWLINK, rtnetlink(7), as ContainerLink.cs sends it.
static bool loopback_up(void) {
    struct {
        struct nlmsghdr header;
        struct ifinfomsg link;
    } request = {
        .header = {.nlmsg_len = sizeof request, .nlmsg_type = RTM_NEWLINK, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK, .nlmsg_seq = 1},
        .link = {.ifi_index = 1, .ifi_flags = IFF_UP, .ifi_change = IFF_UP},
    };
    struct {
        struct nlmsghdr header;
        struct nlmsgerr error;
    } answer = {.error.error = -EIO};
    const int route = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    const bool asked = send(route, &request, sizeof request, 0) == sizeof request && recv(route, &answer, sizeof answer, 0) > 0;
    close(route);
    return asked && answer.error.error == 0;
}

static void run(pid_t parent, int news) {
    prctl(PR_SET_NAME, "skiff-ahead");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // Nobody waits for the end of a stream because of us.
    news = dup2(news, 0);
    syscall(SYS_close_range, 1, ~0u, 0);
    if (news != 0 || getppid() != parent || unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) != 0 || !loopback_up()) {
        _exit(0);
    }
    for (int32_t done = 0; write(news, "", 1) == 1; done++) {
        while (__atomic_load_n(&shared->given, __ATOMIC_ACQUIRE) == done) {
            syscall(SYS_futex, &shared->given, FUTEX_WAIT, done, NULL);
        }
        hold(parent);
        work();
        const bool last = shared->last;
        __atomic_store_n(&shared->done, done + 1, __ATOMIC_RELEASE);
        syscall(SYS_futex, &shared->done, FUTEX_WAKE, INT32_MAX);
        if (last) {
            break;
        }
    }
    _exit(0);
}

// --- Who needs it

// Flags with which the first process is made only when more is known (Conception.cs), or in none of these namespaces.
static bool rules_out(const char *flag, const char *next) {
    static const char *const flags[] = {"--userns", "--uidmap", "--gidmap", "--subuidname", "--subgidname", "--pid", "--ipc", "--uts", "--cgroup-parent"};
    static const char *const networks[] = {"--network", "--net"};
    const size_t length = strcspn(flag, "=");
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (strlen(flags[i]) == length && strncmp(flag, flags[i], length) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof networks / sizeof networks[0]; i++) {
        if (strlen(networks[i]) == length && strncmp(flag, networks[i], length) == 0) {
            const char *value = flag[length] == '=' ? flag + length + 1 : next;
            return value == NULL || strcmp(value, "host") == 0 || strchr(value, ':') != NULL;
        }
    }
    return false;
}

// Whether the command line is that of `run`. Where it is not clear, the process is made for nothing or is not there: neither changes what happens.
static bool is_wanted(int count, char **arguments) {
    int i = 1;
    while (i < count && strcmp(arguments[i], "run") != 0) {
        if (arguments[i][0] != '-' && (i == 1 || arguments[i - 1][0] != '-')) {
            return false; // another command
        }
        i++;
    }
    if (i >= count) {
        return false;
    }
    for (; i < count; i++) {
        if (rules_out(arguments[i], i + 1 < count ? arguments[i + 1] : NULL)) {
            return false;
        }
    }
    return geteuid() == 0;
}

// A stream that the caller has closed must not become a descriptor of ours: StandardDescriptors.cs comes later.
static bool has_standard_descriptors(void) {
    return fcntl(0, F_GETFD) >= 0 && fcntl(1, F_GETFD) >= 0 && fcntl(2, F_GETFD) >= 0;
}

// --- Begin and end

static void begin(int count, char **arguments, char **environment) {
    (void)environment;
    unsigned long processors[PROCESSORS / WORD] = {0};
    if (!is_wanted(count, arguments) || !has_standard_descriptors()) {
        return;
    }
    const long size = syscall(SYS_sched_getaffinity, 0, sizeof processors, processors);
    int usable = 0;
    for (size_t i = 0; i < PROCESSORS / WORD; i++) {
        usable += __builtin_popcountl(processors[i]);
    }
    if (size <= 0 || usable < 2) {
        return;
    }
    int news[2];
    shared = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED || pipe2(news, O_CLOEXEC) != 0) {
        shared = NULL;
        return;
    }
    shared->news = news[0];
    // A signal for the whole group, such as the terminal's, is for the engine to answer.
    const pid_t engine = getpid();
    unsigned here = PROCESSORS;
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    const long pid = syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, &shared->pidfd, NULL, NULL);
    if (pid == 0) {
        run(engine, news[1]);
    }
    close(news[1]);
    // It begins on another processor: see ProcessorMask.cs.
    if (pid > 0 && syscall(SYS_getcpu, &here, NULL, NULL) == 0 && here < PROCESSORS) {
        processors[here / WORD] &= ~(1ul << here % WORD);
        syscall(SYS_sched_setaffinity, pid, size, processors);
    }
    shared->pid = pid > 0 ? (int32_t)pid : 0;
    sigprocmask(SIG_SETMASK, &before, NULL);
}

// A command that ended without having used it.
static void end(void) {
    if (shared != NULL && shared->pid > 0) {
        kill(shared->pid, SIGKILL);
        waitpid(shared->pid, NULL, 0);
    }
}

__attribute__((section(".preinit_array"), used)) static void (*const first)(int, char **, char **) = begin;
__attribute__((section(".fini_array"), used)) static void (*const finish)(void) = end;
