// Touches and gives back so many MiB of memory, at most half of what is free. In a virtual machine the host may take back what is free for a second or so (free page
// reporting); whoever runs next then pays for getting it again, a quarter of the time of a large pull, and which command that is depends on the order and not on the command.
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    size_t wanted = argc > 1 ? strtoul(argv[1], 0, 10) << 20 : 0;
    size_t half = (size_t)sysconf(_SC_AVPHYS_PAGES) / 2 * (size_t)sysconf(_SC_PAGESIZE);
    size_t length = wanted < half ? wanted : half;
    void *memory = mmap(0, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    return length == 0 || memory == MAP_FAILED;
}
