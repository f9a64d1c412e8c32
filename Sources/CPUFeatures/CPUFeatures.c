#define _GNU_SOURCE

#include "CPUFeatures.h"

#include <unistd.h>

#if defined(__linux__)
#include <sched.h>
#endif

int cpu_available_cores(void) {
#if defined(__linux__)
    cpu_set_t cores;
    if (sched_getaffinity(0, sizeof cores, &cores) == 0) return CPU_COUNT(&cores);
#endif
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (int)online : 1;
}

#if defined(__x86_64__)

bool cpu_supports_avx512(void) {
    __builtin_cpu_init();
    return cpu_supports_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

bool cpu_supports_avx2(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2");
}

bool cpu_supports_neon(void) { return false; }

#else

bool cpu_supports_avx512(void) { return false; }
bool cpu_supports_avx2(void) { return false; }

#if defined(__aarch64__)
bool cpu_supports_neon(void) { return true; }
#else
bool cpu_supports_neon(void) { return false; }
#endif

#endif
