/* forks.c — a forked child gets its own ledgers, whether Python or C code forks. */
#include "forks.h"

#include <pthread.h>

/* Static, because fork handlers belong to the process. */
static pk_profiler *watched;
static bool started;

/* Leave the ledger to the code that is reading it while this thread forks: it is neither written
 * to nor freed any more.  Whether there is a new one. */
static bool
set_aside(pk_profiler *profiler)
{
    pk_ledger *fresh = pk_ledger_new(pk_next_serial());
    if (fresh == NULL)
        return false;
    fresh->tree_nodes_max = profiler->ledger->tree_nodes_max;
    fresh->tree_depth_max = profiler->ledger->tree_depth_max;
    profiler->ledger = fresh;
    profiler->epoch++;
    return true;
}

/* In the child, before fork() returns.  Without a ledger of its own nothing is recorded, for it
 * would be recorded in the parent's.  [the only thread] */
static void
begin_anew(void)
{
    for (pk_profiler *each = watched; each != NULL; each = each->next_watched) {
        bool counting = each->serial != UINT64_MAX;
        each->serial = UINT64_MAX;
        bool fresh = each->readers > 0
                         ? set_aside(each)
                         : pk_ledger_replace(each->ledger, pk_next_serial()) == 0;
        if (counting && fresh)
            each->serial = pk_next_serial();
    }
    pk_this_thread.serial = 0;
}

int
pk_forks_start(void)
{
    if (started || pthread_atfork(NULL, NULL, begin_anew) == 0) {
        started = true;
        return 0;
    }
    PyErr_NoMemory();
    return -1;
}

void
pk_forks_watch(pk_profiler *profiler)
{
    profiler->next_watched = watched;
    watched = profiler;
}

void
pk_forks_forget(pk_profiler *profiler)
{
    pk_profiler **link = &watched;
    while (*link != NULL && *link != profiler)
        link = &(*link)->next_watched;
    if (*link != NULL)
        *link = profiler->next_watched;
}
