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

/* Learn the name of the running thread, whose row it is, if threading knows it by now, or another one.
 * May run the garbage collector. */
void pk_thread_learn_name(pk_profiler *profiler, pk_thread *thread);

/* Whether that is worth while also where a call is known. */
bool pk_thread_is_to_be_named(const pk_thread *thread);

/* Learn what the threads that still run are called now.  May run the garbage collector; the caller
 * sees to it that the ledger stays. */
void pk_threads_learn_names(const pk_state *state, pk_ledger *ledger);

/* A number that no other thread of the process has or had: the system's idents are used again. */
uint64_t pk_thread_number(void);

/* Follow the switches of the running thread's greenlets, if greenlet has been imported.
 * Changes the pending exception. */
void pk_greenlets_follow(pk_profiler *profiler, pk_thread *thread);

/* What greenlet calls at each switch: (event, (origin, target)). */
extern PyMethodDef pk_greenlet_switched;

#endif
