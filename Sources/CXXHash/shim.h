#include <xxhash.h>

// On x86 the library has its functions for AVX2 and AVX-512 too, under names of their own, if it comes with this header; those that every processor runs take three times as long.
#if defined(__x86_64__) && __has_include(<xxh_x86dispatch.h>)
#include <xxh_x86dispatch.h>
#endif

/// `XXH3_64bits`, for this processor.
static inline XXH64_hash_t xxh3_64bits(const void *bytes, size_t count) { return XXH3_64bits(bytes, count); }

/// `XXH3_128bits`, for this processor.
static inline XXH128_hash_t xxh3_128bits(const void *bytes, size_t count) { return XXH3_128bits(bytes, count); }
