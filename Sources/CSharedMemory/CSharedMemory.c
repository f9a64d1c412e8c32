#define _GNU_SOURCE
#include "CSharedMemory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static int fail(int descriptor, int code) {
    close(descriptor);
    errno = code;
    return -1;
}

#if defined(__linux__)

int shared_memory_create(long size, long reserved) {
    int descriptor = memfd_create("minishard", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (descriptor < 0) return -1;
    if (ftruncate(descriptor, size) != 0) return fail(descriptor, errno);
    // Without this a lack of memory would show as a signal when it is first written.
    int code = posix_fallocate(descriptor, reserved, size - reserved);
    if (code != 0) return fail(descriptor, code);
    if (fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) return fail(descriptor, errno);
    return descriptor;
}

#else

int shared_memory_create(long size, long reserved) {
    static atomic_uint count;
    char name[32];
    snprintf(name, sizeof name, "/minishard-%d-%u", (int)getpid(), atomic_fetch_add(&count, 1));
    int descriptor = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (descriptor < 0) return -1;
    shm_unlink(name);
    if (fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0 || ftruncate(descriptor, size) != 0) return fail(descriptor, errno);
    return descriptor;
}

#endif
