#include "CSharedMemory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

static int fail(const char *name, int descriptor, int code) {
    shm_unlink(name);
    close(descriptor);
    errno = code;
    return -1;
}

int shared_memory_create(const char *name, long size) {
    int descriptor = shm_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor < 0) return -1;
    if (ftruncate(descriptor, size) != 0) return fail(name, descriptor, errno);
#if defined(__linux__)
    // Without this a full /dev/shm would show as a signal when the memory is first written.
    int code = posix_fallocate(descriptor, 0, size);
    if (code != 0) return fail(name, descriptor, code);
#endif
    return descriptor;
}

int shared_memory_open(const char *name) { return shm_open(name, O_RDWR | O_CLOEXEC, 0); }

void shared_memory_unlink(const char *name) { shm_unlink(name); }
