#pragma once

#include <stdint.h>

/// Makes a piece of shared memory of `size` bytes, all of which the system sets aside at once. Returns a file descriptor, or -1 and errno.
int shared_memory_create(const char *name, long size);

/// Opens a piece of shared memory that another process has made. Returns a file descriptor, or -1 and errno.
int shared_memory_open(const char *name);

/// Takes the name off a piece of shared memory; it lives as long as somebody has it mapped.
void shared_memory_unlink(const char *name);

/// Reads a number that another process may write; what that process wrote before it can be read afterwards.
static inline uint64_t shared_load(const volatile uint64_t *address) { return __atomic_load_n(address, __ATOMIC_ACQUIRE); }

/// Writes a number that another process may read; whoever reads it sees what was written before it.
static inline void shared_store(volatile uint64_t *address, uint64_t value) { __atomic_store_n(address, value, __ATOMIC_RELEASE); }
