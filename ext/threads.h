/* threads.h — which thread is running, whether it has ended, what its greenlets do.  [gil] */
#ifndef PK_THREADS_H
#define PK_THREADS_H

#include "state.h"

/* Before the first call of pk_thread_life; again, nothing is done.  0, or −1 with an
 * exception. */
int pk_threads_start(void);

/* The life of the running thread, or NULL without an exception. */
pk_life *pk_thread_life(pk_state *state);

/* A new row in the profiler's ledger for the running thread, or NULL. */
pk_thread *pk_thread_row(pk_profiler *profiler, pk_life *life);

/* Learn the thread's name, if threading knows it by now. */
void pk_thread_learn_name(pk_profiler *profiler, pk_thread *thread);

/* Follow the switches of the running thread's greenlets, if greenlet has been imported.
 * Changes the pending exception. */
void pk_greenlets_follow(pk_profiler *profiler, pk_thread *thread);

/* What greenlet calls at each switch: (event, (origin, target)). */
extern PyMethodDef pk_greenlet_switched;

#endif
