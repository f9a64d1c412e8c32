#pragma once

#include <stdint.h>

/// Makes memory of `size` bytes without a name. On Linux it never changes its size, and what stands from `reserved` on is set aside at once. Returns a file descriptor, or -1
/// and errno.
int shared_memory_create(long size, long reserved);

/// Reads a number that another process may write; what that process wrote before it can be read afterwards.
static inline uint64_t shared_load(const volatile uint64_t *address) { return __atomic_load_n(address, __ATOMIC_ACQUIRE); }

/// Writes a number, and reads and writes nothing that comes after before others can see it.
static inline void shared_announce(volatile uint64_t *address, uint64_t value) { __atomic_exchange_n(address, value, __ATOMIC_SEQ_CST); }

/// Writes a number that another process may read; whoever reads it sees what was written before it.
static inline void shared_store(volatile uint64_t *address, uint64_t value) { __atomic_store_n(address, value, __ATOMIC_RELEASE); }
