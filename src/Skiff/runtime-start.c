// What the start of the .NET runtime does that a command of some milliseconds does not need, done later, more cheaply, or not at all. The linker puts these functions in the place of the runtime's own
// (--wrap, Skiff.csproj), whose names are those of .NET 10. Why, and what each is worth: docs/decisions/020-start-of-the-runtime.md.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

// --- Limits of a control group: how much memory the collector may plan with is linked in (GCTotalPhysicalMemory). Reading them takes a dozen files, two of them the list of all mounts.

void __wrap__Z16InitializeCGroupv(void) {}

void __wrap__Z19InitializeCpuCGroupv(void) {}

// --- How much memory the process uses interests the collector at a collection, not when it begins to be.

bool __real__Z21GetPhysicalMemoryUsedPm(size_t *bytes);

bool __wrap__Z21GetPhysicalMemoryUsedPm(size_t *bytes) {
    static bool begun;
    if (!begun) {
        begun = true;
        *bytes = 0;
        return true;
    }
    return __real__Z21GetPhysicalMemoryUsedPm(bytes);
}

// --- NUMA nodes matter to the server collector alone.

void __wrap__Z21NUMASupportInitializev(void) {}

// --- How many processors there are and could be: three files of /sys, for a number that the collector of a workstation uses to look through the processors this process may use.

long __real_sysconf(int name);

long __wrap_sysconf(int name) {
    unsigned long usable[16]; // of 1024 processors
    if (name != _SC_NPROCESSORS_CONF && name != _SC_NPROCESSORS_ONLN) {
        return __real_sysconf(name);
    }
    const long bytes = syscall(SYS_sched_getaffinity, 0, sizeof usable, usable);
    for (long i = bytes / (long)sizeof usable[0] - 1; i >= 0; i--) {
        if (usable[i] != 0) {
            return 64 * (i + 1) - __builtin_clzl(usable[i]);
        }
    }
    return __real_sysconf(name);
}

size_t __wrap_minipal_get_cpu_max_possible_count(void) { return __wrap_sysconf(_SC_NPROCESSORS_CONF); }

// --- The processor's features: CPUID takes a virtual machine 9 microseconds each time, and the runtime asks twice six times. The instructions that every processor has which the binary was made for
// are enough: pulling 400 MB of layers is no slower.

extern int g_requiredCpuFeatures;

int __wrap_minipal_getcpufeatures(void) { return g_requiredCpuFeatures; }

// --- Numbers at random, such as the one that text is hashed with: /dev/urandom has to be opened for them, getrandom(2) not.

void __real_SystemNative_GetNonCryptographicallySecureRandomBytes(uint8_t *buffer, int32_t length);

void __wrap_SystemNative_GetNonCryptographicallySecureRandomBytes(uint8_t *buffer, int32_t length) {
    if (getrandom(buffer, length, GRND_NONBLOCK) != length) {
        __real_SystemNative_GetNonCryptographicallySecureRandomBytes(buffer, length);
    }
}

// --- The bounds of the first thread's stack: the C library reads the list of all mappings for them, whose end it knows itself.

extern void *__libc_stack_end;
bool __real__Z24PalGetMaximumStackBoundsPPvS0_(void **low, void **high);

bool __wrap__Z24PalGetMaximumStackBoundsPPvS0_(void **low, void **high) {
    struct rlimit limit;
    if (syscall(SYS_gettid) != getpid() || getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
        return __real__Z24PalGetMaximumStackBoundsPPvS0_(low, high);
    }
    const uintptr_t page = sysconf(_SC_PAGESIZE);
    const uintptr_t end = ((uintptr_t)__libc_stack_end + page - 1) & ~(page - 1);
    *high = (void *)end;
    *low = (void *)(end - (limit.rlim_cur & ~(page - 1)));
    return true;
}

// --- The thread of finalizers begins when the collector has something for it, or somebody waits for it. Most commands end before their first collection.

typedef uint32_t (*thread_start)(void *);
bool __real__Z23PalStartFinalizerThreadPFjPvES_(thread_start start, void *context);
void __real__Z20RhEnableFinalizationv(void);
void __real_RhWaitForPendingFinalizers(uint32_t reentrant);
static thread_start finalizer;
static void *finalizer_context;

bool __wrap__Z23PalStartFinalizerThreadPFjPvES_(thread_start start, void *context) {
    finalizer_context = context;
    __atomic_store_n(&finalizer, start, __ATOMIC_RELEASE);
    return true;
}

static void start_finalizer(void) {
    const thread_start start = __atomic_exchange_n(&finalizer, NULL, __ATOMIC_ACQ_REL);
    if (start != NULL && !__real__Z23PalStartFinalizerThreadPFjPvES_(start, finalizer_context)) {
        __atomic_store_n(&finalizer, start, __ATOMIC_RELEASE); // no thread to be had now: the next time
    }
}

void __wrap__Z20RhEnableFinalizationv(void) {
    start_finalizer();
    __real__Z20RhEnableFinalizationv();
}

void __wrap_RhWaitForPendingFinalizers(uint32_t reentrant) {
    start_finalizer();
    __real_RhWaitForPendingFinalizers(reentrant);
}

// --- The objects that hold static fields are asked for one by one, two thousand of them, from the heap of pinned objects: a thousand instructions each. While the modules are initialized, when there is one thread
// and so no collection, they are cut from pieces of that heap instead. The rest of a piece is an object of its own after each cut, which nobody refers to: the collector goes from object to object by their sizes.

typedef struct {
    uint16_t component_size;
    uint16_t flags;
    uint32_t base_size;
} method_table; // the beginning of a MethodTable: what tells the size of an object

typedef struct {
    method_table *type;
    uint32_t length; // of an array
} object;

enum { PINNED_OBJECT_HEAP = 0x40, CONTAINS_REFERENCES = 0x2, HAS_COMPONENT_SIZE = 0x8000, PIECE = 16 << 10, ARRAY = 3 * sizeof(void *) };

void __real_RhAllocateNewObject(method_table *type, uint32_t flags, object **result);
void __real_InitializeModules(void *module, void **headers, int headers_count, void **functions, int functions_count);
static method_table piece_type = {.base_size = PIECE};
static method_table rest_type = {.component_size = 1, .flags = HAS_COMPONENT_SIZE, .base_size = ARRAY};
static bool cutting;
static object *rest;
static uint32_t rest_size;

void __wrap_RhAllocateNewObject(method_table *type, uint32_t flags, object **result) {
    const uint32_t size = type->base_size;
    if (!cutting || flags != PINNED_OBJECT_HEAP || (type->flags & HAS_COMPONENT_SIZE) != 0 || size > PIECE / 16 || size % sizeof(void *) != 0) {
        __real_RhAllocateNewObject(type, flags, result);
        return;
    }
    if (size != rest_size && size + ARRAY > rest_size) {
        object *piece = NULL;
        __real_RhAllocateNewObject(&piece_type, PINNED_OBJECT_HEAP | CONTAINS_REFERENCES, &piece);
        if (piece == NULL) {
            *result = NULL;
            return;
        }
        rest = piece;
        rest_size = PIECE;
    }
    object *cut = rest;
    rest_size -= size;
    if (rest_size != 0) {
        rest = (object *)((char *)cut + size);
        rest->length = rest_size - ARRAY;
        rest->type = &rest_type;
    }
    cut->length = 0; // the first field of an object that is no array
    cut->type = type;
    *result = cut;
}

// --- What a `run` writes to in the program's data, a word here and there on fifty pages, is copied beforehand. Page by page it would be copied while the container's first process works in the same memory on another
// processor, which the kernel interrupts each time. start-data.sh finds the places.

void *skiff_head_start(void);
extern char skiff_objects[], skiff_objects_end[], skiff_statics[], skiff_statics_end[];

static void copy_pages(const char *begin, const char *end) {
    const uintptr_t page = sysconf(_SC_PAGESIZE);
    const uintptr_t first = (uintptr_t)begin & ~(page - 1);
    madvise((void *)first, (uintptr_t)end - first, MADV_POPULATE_WRITE); // Linux 5.14
}

void __wrap_InitializeModules(void *module, void **headers, int headers_count, void **functions, int functions_count) {
    if (skiff_head_start() != NULL) {
        copy_pages(skiff_objects, skiff_objects_end);
        copy_pages(skiff_statics, skiff_statics_end);
    }
    cutting = true;
    __real_InitializeModules(module, headers, headers_count, functions, functions_count);
    cutting = false;
}

// --- The collector opens the memory that it has reserved bit by bit, with two calls each time, sixteen times in a command of some milliseconds. Here the first bit opens all that follows, up to a limit, and what lies in
// that need not be opened again. Memory that nobody has written to costs nothing.

enum { OPENED_AT_ONCE = 16 << 20, KNOWN = 8 };

typedef struct {
    uintptr_t begin, end;
} range;

typedef struct {
    range ranges[KNOWN];
    int count;
} range_list;

static range_list reserved, opened;
static bool closing; // something was given back: from then on each bit is opened by itself, as the collector wants it

static void add(range_list *list, uintptr_t begin, uintptr_t end) {
    const int place = __atomic_load_n(&list->count, __ATOMIC_RELAXED);
    if (place < KNOWN) {
        list->ranges[place] = (range){begin, end};
        __atomic_store_n(&list->count, place + 1, __ATOMIC_RELEASE);
    }
}

static const range *find(range_list *list, uintptr_t begin, uintptr_t end) {
    const int count = __atomic_load_n(&list->count, __ATOMIC_ACQUIRE);
    for (int i = 0; i < count; i++) {
        if (list->ranges[i].begin <= begin && end <= list->ranges[i].end) {
            return &list->ranges[i];
        }
    }
    return NULL;
}

void *__real__ZN15GCToOSInterface14VirtualReserveEmmjt(size_t size, size_t alignment, uint32_t flags, uint16_t node);
bool __real__ZN15GCToOSInterface13VirtualCommitEPvmt(void *address, size_t size, uint16_t node);
bool __real__ZN15GCToOSInterface15VirtualDecommitEPvm(void *address, size_t size);
bool __real__ZN15GCToOSInterface14VirtualReleaseEPvm(void *address, size_t size);

void *__wrap__ZN15GCToOSInterface14VirtualReserveEmmjt(size_t size, size_t alignment, uint32_t flags, uint16_t node) {
    void *address = __real__ZN15GCToOSInterface14VirtualReserveEmmjt(size, alignment, flags, node);
    if (address != NULL) {
        add(&reserved, (uintptr_t)address, (uintptr_t)address + size);
    }
    return address;
}

bool __wrap__ZN15GCToOSInterface13VirtualCommitEPvmt(void *address, size_t size, uint16_t node) {
    const uintptr_t begin = (uintptr_t)address, end = begin + size;
    if (closing) {
        return __real__ZN15GCToOSInterface13VirtualCommitEPvmt(address, size, node);
    }
    if (find(&opened, begin, end) != NULL) {
        return true;
    }
    const range *around = find(&reserved, begin, end);
    const size_t all = around == NULL ? size : around->end - begin;
    const size_t more = all <= OPENED_AT_ONCE ? all : size > OPENED_AT_ONCE ? size : OPENED_AT_ONCE;
    if (!__real__ZN15GCToOSInterface13VirtualCommitEPvmt(address, more, node)) {
        return more > size && __real__ZN15GCToOSInterface13VirtualCommitEPvmt(address, size, node);
    }
    add(&opened, begin, begin + more);
    return true;
}

bool __wrap__ZN15GCToOSInterface15VirtualDecommitEPvm(void *address, size_t size) {
    closing = true;
    return __real__ZN15GCToOSInterface15VirtualDecommitEPvm(address, size);
}

bool __wrap__ZN15GCToOSInterface14VirtualReleaseEPvm(void *address, size_t size) {
    closing = true;
    return __real__ZN15GCToOSInterface14VirtualReleaseEPvm(address, size);
}

// --- Of the mathematics library five functions are linked in because the runtime's interfaces of numbers refer to them. Nobody calls them; the first call would load it. What rounds is an instruction.

#ifdef __x86_64__
#define ROUNDS __attribute__((target("sse4.1"))) // as every processor has that the binary is made for
#else
#define ROUNDS
#endif

ROUNDS double ceil(double x) { return __builtin_ceil(x); }

ROUNDS double floor(double x) { return __builtin_floor(x); }

ROUNDS double modf(double x, double *whole) {
    *whole = __builtin_trunc(x);
    return __builtin_copysign(__builtin_isinf(x) ? 0 : x - *whole, x);
}

static void *mathematics(const char *name) {
    void *library = dlopen("libm.so.6", RTLD_NOW);
    void *function = library == NULL ? NULL : dlsym(library, name);
    if (function == NULL) {
        fprintf(stderr, "skiff: %s of the C library cannot be used: %s\n", name, dlerror());
        abort();
    }
    return function;
}

typedef double (*of_one)(double);
typedef double (*of_two)(double, double);

#define LOADED(name, type, parameters, arguments)                                                                                                                                                      \
    double name parameters {                                                                                                                                                                           \
        static type function;                                                                                                                                                                          \
        if (function == NULL) {                                                                                                                                                                        \
            function = (type)mathematics(#name);                                                                                                                                                       \
        }                                                                                                                                                                                              \
        return function arguments;                                                                                                                                                                     \
    }

LOADED(cos, of_one, (double x), (x))
LOADED(log, of_one, (double x), (x))
LOADED(log2, of_one, (double x), (x))
LOADED(sin, of_one, (double x), (x))
LOADED(pow, of_two, (double x, double y), (x, y))

// --- The end: the pages of the program's code, which nobody has written to, are taken out of this process's memory. What is run again is mapped again. ProgramCode.cs says when.

extern const char __executable_start[], etext[];

void skiff_forget_code(void) {
    const uintptr_t page = sysconf(_SC_PAGESIZE);
    madvise((void *)__executable_start, ((uintptr_t)etext & ~(page - 1)) - (uintptr_t)__executable_start, MADV_DONTNEED);
}
