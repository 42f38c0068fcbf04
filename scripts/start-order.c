// start-order SYMBOLS PROGRAM [ARGUMENT...]: runs a program whose functions SYMBOLS lists ("address name" per line, as nm prints them, addresses
// in hexadecimal) and prints on descriptor 3 their names in the order in which they ran first. Every function begins with a breakpoint that is
// taken away when it is met. A process that executes the same program again, the monitor of a container, is followed to its end if FOLLOW is set.
// x86-64, position-dependent programs only.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BREAKPOINT = 0xcc };

struct function {
  unsigned long address;
  char *name;
  unsigned char first_byte;
};

static struct function *functions;
static size_t count;

// Processes that have executed the program again, and their memory.
static struct again {
  pid_t process;
  int memory;
} again[16];
static size_t agains;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int memory_of(pid_t process) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/mem", process);
  int memory = open(path, O_RDWR | O_CLOEXEC);
  if (memory < 0) fail(path);
  return memory;
}

static pid_t process_of(pid_t thread) {
  char path[64], line[128];
  int process = 0;
  snprintf(path, sizeof path, "/proc/%d/status", thread);
  FILE *file = fopen(path, "r");
  while (file && !process && fgets(line, sizeof line, file)) sscanf(line, "Tgid: %d", &process);
  if (file) fclose(file);
  return process;
}

static int by_address(const void *a, const void *b) {
  unsigned long x = ((const struct function *)a)->address, y = ((const struct function *)b)->address;
  return x < y ? -1 : x > y;
}

static void read_symbols(const char *path) {
  FILE *file = fopen(path, "r");
  if (!file) fail(path);
  unsigned long address;
  char *name;
  while (fscanf(file, "%lx %ms", &address, &name) == 2) {
    functions = realloc(functions, (count + 1) * sizeof *functions);
    functions[count++] = (struct function){address, name, 0};
  }
  fclose(file);
  qsort(functions, count, sizeof *functions, by_address);
}

// Two names of one address are one function: the compiler has merged them.
static void set_breakpoints(int memory) {
  static const unsigned char breakpoint = BREAKPOINT;
  for (size_t i = 0; i < count; i++) {
    if (i > 0 && functions[i].address == functions[i - 1].address) continue;
    if (pread(memory, &functions[i].first_byte, 1, (off_t)functions[i].address) != 1) fail("read memory");
    if (pwrite(memory, &breakpoint, 1, (off_t)functions[i].address) != 1) fail("write memory");
  }
}

// A breakpoint: the function's name goes out, its first byte back. Another thread may have met the same one before.
static int met(pid_t thread, int memory, FILE *out) {
  size_t where = offsetof(struct user, regs.rip);
  struct function key = {(unsigned long)ptrace(PTRACE_PEEKUSER, thread, where, 0) - 1, 0, 0};
  struct function *function = bsearch(&key, functions, count, sizeof key, by_address);
  if (!function) return 0;
  while (function > functions && function[-1].address == function->address) function--;
  unsigned char now;
  if (pread(memory, &now, 1, (off_t)key.address) == 1 && now == BREAKPOINT) {
    if (pwrite(memory, &function->first_byte, 1, (off_t)key.address) != 1) fail("write memory");
    for (struct function *f = function; f < functions + count && f->address == key.address; f++) fprintf(out, "%s\n", f->name);
  }
  ptrace(PTRACE_POKEUSER, thread, where, key.address);
  return 1;
}

// What a process has executed: the program itself (1), something in memory that executes another one soon (0), or what is none of our business (-1).
static int executed(pid_t process, const char *program) {
  char path[64], target[4096];
  snprintf(path, sizeof path, "/proc/%d/exe", process);
  ssize_t length = readlink(path, target, sizeof target - 1);
  if (length < 0) return -1;
  target[length] = 0;
  return !strcmp(target, program) ? 1 : strstr(target, "skiff-exec") ? 0 : -1;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  FILE *out = fdopen(3, "w");
  if (!out) fail("descriptor 3");
  fcntl(3, F_SETFD, FD_CLOEXEC);
  read_symbols(argv[1]);
  pid_t program = fork();
  if (program == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    execv(argv[2], argv + 2);
    fail(argv[2]);
  }
  int status, result = 1;
  if (waitpid(program, &status, 0) != program || !WIFSTOPPED(status)) fail("start");
  ptrace(PTRACE_SETOPTIONS, program, 0,
         PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC);
  char own[4096];
  if (!realpath(argv[2], own)) fail(argv[2]);
  int memory = memory_of(program);
  set_breakpoints(memory);
  ptrace(PTRACE_CONT, program, 0, 0);

  // Everything that runs in this memory is followed until it ends or executes another program.
  pid_t thread;
  while ((thread = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
    if (!WIFSTOPPED(status)) {
      if (thread == program) result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      continue;
    }
    int signal = WSTOPSIG(status), event = status >> 16;
    if (event == PTRACE_EVENT_EXEC) {
      int what = getenv("FOLLOW") ? executed(thread, own) : -1;
      if (what == 1 && agains < sizeof again / sizeof *again) {
        again[agains] = (struct again){thread, memory_of(thread)};
        set_breakpoints(again[agains++].memory);
      }
      ptrace(what < 0 ? PTRACE_DETACH : PTRACE_CONT, thread, 0, 0);
      continue;
    }
    int where = memory;
    if (agains && signal == SIGTRAP) {
      pid_t process = process_of(thread);
      for (size_t i = 0; i < agains; i++)
        if (again[i].process == process) where = again[i].memory;
    }
    int ours = event != 0 || signal == SIGSTOP || (signal == SIGTRAP && met(thread, where, out));
    ptrace(PTRACE_CONT, thread, 0, ours ? 0 : signal);
  }
  fclose(out);
  return result;
}
