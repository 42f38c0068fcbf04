// Runs a command and prints its wall ms, tab, CPU ms (with all that it waited for), tab, peak RSS in KiB of the largest process. Exits with its code.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct timespec a, b;
    struct rusage use;
    int status;
    if (argc < 2)
        return 2;
    clock_gettime(CLOCK_MONOTONIC, &a);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(2, 1); // our own standard output is for the figures
        execvp(argv[1], argv + 1);
        perror(argv[1]);
        _exit(127);
    }
    if (pid < 0 || wait4(pid, &status, 0, &use) < 0)
        return perror("fork"), 1;
    clock_gettime(CLOCK_MONOTONIC, &b);
    printf("%.1f\t%.1f\t%ld\n", (b.tv_sec - a.tv_sec) * 1e3 + (b.tv_nsec - a.tv_nsec) / 1e6,
        (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e3 + (use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e3, use.ru_maxrss);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
