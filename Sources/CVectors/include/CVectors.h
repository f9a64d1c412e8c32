#pragma once

// Swift sees these types as SIMD8<Float>, SIMD16<Float> and SIMD16<Int32>.
typedef float vector_8 __attribute__((ext_vector_type(8)));
typedef float vector_16 __attribute__((ext_vector_type(16)));
typedef int vector_of_integers_16 __attribute__((ext_vector_type(16)));

/// a · b + c, number by number, each rounded once.
static inline __attribute__((always_inline)) vector_8 vector_multiply_add_8(vector_8 a, vector_8 b, vector_8 c) {
    return __builtin_elementwise_fma(a, b, c);
}

/// The same for 16 numbers.
static inline __attribute__((always_inline)) vector_16 vector_multiply_add_16(vector_16 a, vector_16 b, vector_16 c) {
    return __builtin_elementwise_fma(a, b, c);
}

/// The numbers of both in turns.
static inline __attribute__((always_inline)) vector_16 vector_interleaved_8(vector_8 even, vector_8 odd) {
    return __builtin_shufflevector(even, odd, 0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
}

/// The first, third and so on, and then the second, fourth and so on.
static inline __attribute__((always_inline)) vector_16 vector_deinterleaved_16(vector_16 a) {
    return __builtin_shufflevector(a, a, 0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15);
}

/// Two neighbouring numbers, eight times: a load and nothing else.
static inline __attribute__((always_inline)) vector_16 vector_repeating_pair_16(const float *pair) {
    typedef float vector_2 __attribute__((ext_vector_type(2)));
    vector_2 both;
    __builtin_memcpy(&both, pair, sizeof both);
    return __builtin_shufflevector(both, both, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1);
}

/// The numbers, with 0 in place of those of a smaller magnitude than `least`. NaN stays.
static inline __attribute__((always_inline)) vector_16 vector_without_smaller_16(vector_16 numbers, float least) {
    const vector_of_integers_16 is_smaller = __builtin_elementwise_abs(numbers) < (vector_16)least;
    return (vector_16)((vector_of_integers_16)numbers & ~is_smaller);
}

/// The numbers above 0, and NaN; 0 in place of the others.
static inline __attribute__((always_inline)) vector_16 vector_rectify_16(vector_16 a) {
#ifdef __AVX512F__
    // One instruction, not a comparison and a choice: each takes the place of a multiply-add. Four bits for each kind of number say what it becomes, 0 itself and 8 a zero;
    // the kinds are both of NaN, zero, one, minus infinity, infinity, negative, positive.
    typedef int table __attribute__((vector_size(64)));
    typedef float numbers __attribute__((vector_size(64)));
    return (vector_16)__builtin_ia32_fixupimmps512_mask((numbers)a, (numbers)a, (table){} + 0x08080800, 0, -1, 4);
#else
    return a <= 0 ? (vector_16)0 : a;
#endif
}

/// All bits of the places where a challenger is larger than the best number before it, or NaN.
static inline __attribute__((always_inline)) vector_of_integers_16 vector_wins_16(vector_16 challenger, vector_16 best) {
    return (challenger > best) | (challenger != challenger);
}

/// The numbers of `a` in the places that have all bits in a mask, those of `b` in the others.
static inline __attribute__((always_inline)) vector_16 vector_choose_16(vector_of_integers_16 mask, vector_16 a, vector_16 b) {
    return mask ? a : b;
}

/// The same with one integer for all places of `a`.
static inline __attribute__((always_inline)) vector_of_integers_16 vector_choose_integer_16(
    vector_of_integers_16 mask, int a, vector_of_integers_16 b) {
    return mask ? (vector_of_integers_16)a : b;
}

/// Stores `first + i * step` for each bit `i` that is set, one after the other, and returns how many. What follows them in 32 places may be overwritten.
static inline __attribute__((always_inline)) int vector_places_of_bits(unsigned bits, int first, int step, int *places) {
#ifdef __AVX512F__
    // No branch depends on the bits.
    typedef int integers __attribute__((vector_size(64)));
    const integers low = (integers){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} * step + first;
    const integers lower = __builtin_ia32_compresssi512_mask(low, (integers){}, (unsigned short)bits);
    const integers upper = __builtin_ia32_compresssi512_mask(low + 16 * step, (integers){}, (unsigned short)(bits >> 16));
    __builtin_memcpy(places, &lower, sizeof lower);
    __builtin_memcpy(places + __builtin_popcount(bits & 0xFFFF), &upper, sizeof upper);
    return __builtin_popcount(bits);
#else
    int count = 0;
    for (; bits != 0; bits &= bits - 1) places[count++] = first + __builtin_ctz(bits) * step;
    return count;
#endif
}

/// 16 bytes as numbers.
static inline __attribute__((always_inline)) vector_16 vector_numbers_16(const unsigned char *bytes) {
    typedef unsigned char bytes_16 __attribute__((ext_vector_type(16)));
    bytes_16 loaded;
    __builtin_memcpy(&loaded, bytes, sizeof loaded);
    return __builtin_convertvector(loaded, vector_16);
}

/// A bit for each of 16 bytes, the first one's the lowest: whether it is not zero.
static inline __attribute__((always_inline)) unsigned short vector_marks_16(const unsigned char *bytes) {
    typedef unsigned char bytes_16 __attribute__((ext_vector_type(16)));
    typedef _Bool bits_16 __attribute__((ext_vector_type(16)));
    bytes_16 loaded;
    __builtin_memcpy(&loaded, bytes, sizeof loaded);
    const bits_16 marks = __builtin_convertvector(loaded != 0, bits_16);
    unsigned short result;
    __builtin_memcpy(&result, &marks, sizeof result);
    return result;
}

/// Asks for the cache line at an address, where there need be nothing, to be used once: it displaces little of what else is in the caches.
static inline __attribute__((always_inline)) void vector_prefetch_for_one_use(const void *address) {
    __builtin_prefetch(address, 0, 0);
}
