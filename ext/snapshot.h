/* snapshot.h — one look at a ledger, as messages of what changed since the last look.
 *
 * Belongs to the publisher's thread.  Knows neither Python nor zmq. */
#ifndef PK_SNAPSHOT_H
#define PK_SNAPSHOT_H

#include "clock.h"
#include "digest.h"
#include "memory.h"
#include "open_calls.h"
#include "wire.h"

#define PK_SNAPSHOT_SPLIT 2097152 /* bytes after which a message is sent and the next begun */

/* What was last sent of a thread. */
typedef struct {
    int64_t ident, native_id, alive, threads, depth;
    const pk_named *name;
} pk_thread_sent;

/* What is remembered between looks.  All-zero is a valid beginning.
 * Owner: whoever declared it, who calls pk_snapshot_free() exactly once. */
typedef struct {
    pk_digest digest;
    uint32_t functions_sent; /* ids below it have been sent */
    pk_thread_sent threads_sent[PK_THREADS_MAX + 1];
    bool threads_changed[PK_THREADS_MAX + 1]; /* these are still to be sent */
    pk_open_calls open;
    pk_block open_calls, rows;
    pk_buf message;
} pk_snapshot;

/* What the session row tells about the publisher itself. */
typedef struct {
    int64_t enabled, messages, walks, walk_ns, publisher_ns, children, events_taken;
} pk_snapshot_facts;

/* Where a snapshot comes from and goes to; all borrowed. */
typedef struct {
    const pk_ledger *ledger;
    const pk_clock *clock;
    const pk_memory *memory;
    pk_snapshot_facts facts;
    bool whole; /* a keyframe: also what did not change */
    /* The envelope of every message but for kind and flags; send() counts the sequence up. */
    pk_envelope *envelope;
    /* Send a finished message: 0, or −1.  message is borrowed for the call. */
    int (*send)(void *receiver, const pk_buf *message);
    void *receiver;
} pk_snapshot_job;

/* Look at the ledger, which is held, and send what is asked for.  The first look at a ledger is
 * whole, and so is the first one after contexts were merged.
 * Returns 0, or −1 when something could not be sent: only a whole snapshot makes that good.
 * [publisher] */
int pk_snapshot_send(pk_snapshot *snapshot, const pk_snapshot_job *job);

/* Free what snapshot owns and leave it empty.  [publisher] */
void pk_snapshot_free(pk_snapshot *snapshot);

#endif
