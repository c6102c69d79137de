/* alloc.h — the one door to malloc, so that a test can make the n-th allocation fail. */
#ifndef PK_ALLOC_H
#define PK_ALLOC_H

#include <stddef.h>
#include <stdlib.h>

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

/* bytes resized, or NULL with the old room untouched.  Owner: the caller.  [any thread] */
static inline void *
pk_realloc(void *bytes, size_t size)
{
    return pk_alloc_fails() ? NULL : realloc(bytes, size);
}

#endif
