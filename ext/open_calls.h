/* open_calls.h — the calls that have not returned, beside the counters of one look.
 *
 * A call that returns during a look must be either in the counters or among the open calls, and
 * never in both.  So the stacks are copied twice: before the counters are read, and after.  What
 * is in both copies was open all the while.  What is only in the first one has returned since,
 * and the counters of its node are read once more.
 *
 * Belongs to one thread, the publisher's.  Knows neither Python nor zmq. */
#ifndef PK_OPEN_CALLS_H
#define PK_OPEN_CALLS_H

#include "clock.h"
#include "digest.h"

#define PK_OPEN_CALLS_MAX 256   /* calls of one stack that have rows of their own */
#define PK_OPEN_ROWS_MAX 100000 /* rows that are made of all threads together */

/* One open call, or several of one context added up.  Time is in ticks. */
typedef struct {
    uint32_t thread, depth, function, context; /* depth: of the outermost one, from 0 */
    bool suspended;                            /* in stacks of suspended greenlets */
    int64_t calls;
    int64_t age;             /* of the outermost one */
    int64_t own;             /* without callees, finished or open */
    int64_t cumulative;      /* ages of those that are outermost of their function */
    int64_t edge_cumulative; /* ages of those that are outermost of their edge */
} pk_open_row;

/* A frame as it was copied. */
typedef struct {
    pk_frame *frame;
    const pk_node *node;
    int64_t start, inner;
    uint32_t flags;
} pk_open_frame;

/* A stack as it was copied. */
typedef struct {
    const pk_thread *thread;
    const pk_chain *chain;
    uint32_t turns;
    int64_t away;
    int64_t now;          /* of the stack, in ticks */
    size_t first, length; /* its frames, outermost first */
} pk_open_stack;

/* What is kept between looks, for its room.  All-zero is a valid empty one.
 * Owner: whoever declared it, who calls pk_open_calls_free() exactly once. */
struct pk_open_calls {
    pk_open_frame *frames; /* owned, as all below */
    pk_open_stack *stacks;
    pk_open_row *rows;
    uint32_t *slots;     /* from a context to 1 + the index of its row, by hash; 0: free */
    size_t slots_length; /* a power of two, or 0 */
    size_t frames_length, stacks_length, rows_length; /* rows_length: the rows that were made */
    size_t frames_capacity, stacks_capacity, rows_capacity, slots_capacity;
};

/* Copy the stacks of all threads: to be called before the counters are read.  0, or −1 for want
 * of memory, or where a thread was put aside in the middle of a switch of greenlets.
 * [any thread, one per open] */
int pk_open_calls_begin(pk_open_calls *open, const pk_ledger *ledger);

/* Make the rows: to be called with the counters that were read in between, in digest; those of
 * calls that have returned meanwhile are read anew.  0, or −1 for want of memory, or where the
 * system has put a thread aside in the middle of a return: the next look will find it elsewhere.
 * [any thread, one per open] */
int pk_open_calls_finish(pk_open_calls *open, pk_digest *digest, const pk_clock *clock);

/* Free the room and leave open empty.  [any thread, one per open] */
void pk_open_calls_free(pk_open_calls *open);

#endif
