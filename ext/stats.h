/* stats.h — what was counted, as Python objects.  [gil] */
#ifndef PK_STATS_H
#define PK_STATS_H

#include "state.h"

/* Make the two struct sequences.  0, or −1 with an exception. */
int pk_stats_start(pk_state *state);

/* Profiler.getstats(): a list of profiler_entry.  NULL with an exception. */
PyObject *pk_stats_all(pk_profiler *profiler);

/* Profiler.thread_stats(): a list of (facts, list of profiler_entry), a pair for each
 * thread.  NULL with an exception. */
PyObject *pk_stats_by_thread(pk_profiler *profiler);

#endif
