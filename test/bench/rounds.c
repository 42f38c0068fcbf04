// Times whole processes in interleaved rounds, so that drift of the machine meets all of them alike.
//   rounds [-n ROUNDS] [-q QUIET_MILLISECONDS] FILE
// A line of FILE: NAME, a tab, a command in words separated by single spaces; then, each after a tab, a shell command to run before and one to run after it,
// neither of them timed. Each command must end with 0.
// Prints for each: NAME, tab, median wall ms, tab, median cpu ms, tab, largest RSS in KiB.
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_COMMANDS = 32, MAX_WORDS = 64, MAX_ROUNDS = 2000 };
extern char **environ;
static struct { char *name, *words[MAX_WORDS + 1], *before, *after; double wall[MAX_ROUNDS], cpu[MAX_ROUNDS]; long rss; } commands[MAX_COMMANDS];

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int n)
{
    qsort(values, n, sizeof *values, ascending);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static void untimed(const char *command)
{
    if (command && *command && system(command) != 0)
        fprintf(stderr, "failed: %s\n", command);
}

int main(int argc, char **argv)
{
    int rounds = 20, quiet = 0, option, count = 0;
    while ((option = getopt(argc, argv, "n:q:")) != -1) {
        if (option == 'n')
            rounds = atoi(optarg);
        else if (option == 'q')
            quiet = atoi(optarg);
        else
            return 2;
    }
    FILE *f = optind < argc ? fopen(argv[optind], "re") : NULL;
    if (!f || rounds < 1 || rounds > MAX_ROUNDS)
        return fprintf(stderr, "usage: rounds [-n 1..%d] [-q MS] FILE\n", MAX_ROUNDS), 2;
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    while ((length = getline(&line, &size, f)) > 0 && count < MAX_COMMANDS) {
        line[strcspn(line, "\n")] = 0;
        char *rest = strdup(line), *command, *word;
        int n = 0;
        commands[count].name = strsep(&rest, "\t");
        command = strsep(&rest, "\t");
        commands[count].before = strsep(&rest, "\t");
        commands[count].after = strsep(&rest, "\t");
        while (n < MAX_WORDS && (word = strsep(&command, " ")))
            commands[count].words[n++] = word;
        if (n)
            count++;
    }
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
    for (int round = -1; round < rounds; round++) { // the first round only warms the caches
        for (int i = 0; i < count; i++) {
            untimed(commands[i].before);
            if (quiet)
                usleep(quiet * 1000);
            pid_t pid;
            int status;
            struct rusage use;
            double start = now();
            int error = posix_spawnp(&pid, commands[i].words[0], &files, NULL, commands[i].words, environ);
            if (error)
                return fprintf(stderr, "%s: %s\n", commands[i].words[0], strerror(error)), 1;
            if (wait4(pid, &status, 0, &use) < 0 || status != 0)
                return fprintf(stderr, "%s: status %#x in round %d\n", commands[i].name, status, round), 1;
            double wall = now() - start;
            untimed(commands[i].after);
            if (round < 0)
                continue;
            commands[i].wall[round] = wall;
            commands[i].cpu[round] = (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e3 + (use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e3;
            if (use.ru_maxrss > commands[i].rss)
                commands[i].rss = use.ru_maxrss;
        }
    }
    for (int i = 0; i < count; i++)
        printf("%s\t%.3f\t%.3f\t%ld\n", commands[i].name, median(commands[i].wall, rounds), median(commands[i].cpu, rounds), commands[i].rss);
    return 0;
}
