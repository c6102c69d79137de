/* forked.c — the processes forked from this one, in a page that all of them share. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#endif
#include "forked.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>

typedef struct {
    _Atomic uint32_t used; /* rows taken, and those for which there was no room */
    _Atomic int32_t rows[PK_FORKED_ROOM]; /* 0: taken out */
} pk_forked;

/* Why static: a process has one set of children.  Never unmapped: a child may write at any time. */
static pk_forked *page;

int
pk_forked_begin(void)
{
    if (page != NULL)
        return 0;
    void *made = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (made == MAP_FAILED)
        return errno;
    page = made;
    return 0;
}

void
pk_forked_add(int32_t process)
{
    if (page == NULL)
        return;
    uint32_t row = atomic_fetch_add_explicit(&page->used, 1, memory_order_relaxed);
    if (row < PK_FORKED_ROOM)
        atomic_store_explicit(&page->rows[row], process, memory_order_relaxed);
}

void
pk_forked_remove(int32_t process)
{
    for (size_t i = 0; page != NULL && i < PK_FORKED_ROOM; i++) {
        int32_t expected = process;
        if (atomic_compare_exchange_strong_explicit(&page->rows[i], &expected, 0,
                                                    memory_order_relaxed, memory_order_relaxed))
            return;
    }
}

size_t
pk_forked_count(void)
{
    if (page == NULL || atomic_load_explicit(&page->used, memory_order_relaxed) == 0)
        return 0;
    int32_t processes[PK_FORKED_ROOM];
    size_t more, count = pk_forked_read(processes, &more);
    return count + more;
}

size_t
pk_forked_read(int32_t *processes, size_t *more)
{
    size_t count = 0;
    *more = 0;
    if (page == NULL)
        return 0;
    uint32_t used = atomic_load_explicit(&page->used, memory_order_relaxed);
    if (used > PK_FORKED_ROOM)
        *more = used - PK_FORKED_ROOM;
    for (size_t i = 0; i < PK_FORKED_ROOM; i++) {
        int32_t process = atomic_load_explicit(&page->rows[i], memory_order_relaxed);
        if (process != 0)
            processes[count++] = process;
    }
    return count;
}
