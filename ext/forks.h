/* forks.h — what a forked child does before anything else runs in it.  [gil] */
#ifndef PK_FORKS_H
#define PK_FORKS_H

#include "state.h"

/* Have forks noticed; again, nothing is done.  0, or −1 with an exception. */
int pk_forks_start(PyObject *module);

/* From now on a child gets a ledger of its own for the profiler, which is off there, until pk_forks_forget(). */
void pk_forks_watch(pk_profiler *profiler);
void pk_forks_forget(pk_profiler *profiler);

#endif
