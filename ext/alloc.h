/* alloc.h — the one door to malloc, so that a test can make the n-th allocation fail. */
#ifndef PK_ALLOC_H
#define PK_ALLOC_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define PK_LINE 64 /* bytes of a line of the processor's cache, on the processors we know */

#ifdef PK_TEST_ALLOC
/* Test builds only: allocations left before one fails; negative = never.  [any thread] */
extern long pk_alloc_left;
static inline int
pk_alloc_fails(void)
{
    return pk_alloc_left >= 0 && pk_alloc_left-- == 0;
}
#else
static inline int
pk_alloc_fails(void)
{
    return 0;
}
#endif

/* Zeroed room for count things of size bytes, or NULL.  Owner: the caller.  [any thread] */
static inline void *
pk_calloc(size_t count, size_t size)
{
    return pk_alloc_fails() ? NULL : calloc(count, size);
}

/* The same, beginning at a line of the cache.  count is a multiple of PK_LINE.  [any thread] */
static inline void *
pk_calloc_lines(size_t count, size_t size)
{
    void *room = pk_alloc_fails() ? NULL : aligned_alloc(PK_LINE, count * size);
    return room == NULL ? NULL : memset(room, 0, count * size);
}

/* bytes resized, or NULL with the old room untouched.  Owner: the caller.  [any thread] */
static inline void *
pk_realloc(void *bytes, size_t size)
{
    return pk_alloc_fails() ? NULL : realloc(bytes, size);
}

/* Room for length things of size bytes in an array of *capacity, and some more; new ones are
 * zeroed.  0, or −1 with the array as it was.  [any thread] */
static inline int
pk_reserve(void **array, size_t *capacity, size_t length, size_t size)
{
    if (length <= *capacity)
        return 0;
    /* little is left unused: what is large moves for nothing */
    size_t wider = length + length / 8 + 8;
    char *grown = pk_realloc(*array, wider * size);
    if (grown == NULL)
        return -1;
    memset(grown + *capacity * size, 0, (wider - *capacity) * size);
    *array = grown;
    *capacity = wider;
    return 0;
}

#endif
