/* native.h — what the publisher asks of the operating system's threads: start, wait, wake. */
#ifndef PK_NATIVE_H
#define PK_NATIVE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* A flag that can be waited for, until a moment of the monotonic clock. */
typedef struct {
    pthread_mutex_t mutex; /* held for a few instructions only */
    pthread_cond_t changed;
    bool set;
} pk_latch;

/* Make latch ready, not set.  0, or −1 with nothing to close.  [any thread] */
int pk_latch_open(pk_latch *latch);

/* Set or unset latch, and wake who waits for it.  [any thread] */
void pk_latch_set(pk_latch *latch, bool set);

/* Wait until latch is set, at most timeout_ns; whether it is.  [nogil] */
bool pk_latch_wait(pk_latch *latch, int64_t timeout_ns);

/* Undo pk_latch_open; nobody may be waiting.  [any thread] */
void pk_latch_close(pk_latch *latch);

/* A descriptor that poll() sees as readable once it has been rung. */
typedef struct {
    int reader; /* owned, as is writer */
    int writer;
} pk_wake;

/* Open a wake that no child process inherits.  0, or −1 with nothing to close.  [any thread] */
int pk_wake_open(pk_wake *wake);

/* Make wake readable.  Never blocks.  [any thread] */
void pk_wake_ring(const pk_wake *wake);

/* Make wake unreadable again.  [publisher] */
void pk_wake_drain(const pk_wake *wake);

/* Undo pk_wake_open.  [any thread] */
void pk_wake_close(pk_wake *wake);

/* Start a thread that no signal is delivered to, with a name where threads have one.
 * 0, or an error number.  Owner of *thread: the caller, who joins or detaches it.
 * [any thread] */
int pk_native_start(pthread_t *thread, const char *name, void *(*run)(void *), void *argument);

/* Whether so many threads and pairs of descriptors more may be had: 0, or an error number.
 * [nogil] */
int pk_native_room(int threads, int pairs);

/* How many threads this process has, as the system counts them: also those that were joined
 * this moment and are not quite gone.  0 where it does not tell.  [any thread] */
int pk_native_threads(void);

/* Wait until it counts no more than so many, for a fifth of a second at most.  [nogil] */
void pk_native_wait_for_threads(int most);

#endif
