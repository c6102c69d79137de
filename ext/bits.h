/* bits.h — a set of row numbers, as an array of 64 bits each. */
#ifndef PK_BITS_H
#define PK_BITS_H

#include <stdbool.h>
#include <stdint.h>

#define PK_BITS_WORDS(length) ((length) / 64u + 1u) /* words for numbers below length */

static inline void
pk_bits_add(uint64_t *bits, uint32_t number)
{
    bits[number / 64] |= UINT64_C(1) << number % 64;
}

static inline void
pk_bits_remove(uint64_t *bits, uint32_t number)
{
    bits[number / 64] &= ~(UINT64_C(1) << number % 64);
}

static inline bool
pk_bits_has(const uint64_t *bits, uint32_t number)
{
    return (bits[number / 64] >> number % 64 & 1) != 0;
}

/* The first number in the set from number on, or length if it is below that. */
static inline uint32_t
pk_bits_next(const uint64_t *bits, uint32_t number, uint32_t length)
{
    if (number >= length)
        return length;
    uint64_t word = bits[number / 64] >> number % 64 << number % 64;
    uint32_t at = number / 64;
    while (word == 0) {
        if (++at * 64 >= length)
            return length;
        word = bits[at];
    }
    number = at * 64 + (uint32_t)__builtin_ctzll(word);
    return number < length ? number : length;
}

#endif
