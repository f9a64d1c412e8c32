#pragma once

#include <stdbool.h>

/// Whether this processor, and the operating system on it, run code compiled for x86-64-v4 (AVX-512 F, BW, CD, DQ, VL).
bool cpu_supports_avx512(void);

/// Whether this processor, and the operating system on it, run code compiled for x86-64-v3 (AVX2, FMA, BMI).
bool cpu_supports_avx2(void);

/// Whether this is a 64-bit ARM processor, all of which have NEON.
bool cpu_supports_neon(void);

/// Number of processor cores that this process may use, at least 1.
int cpu_available_cores(void);
