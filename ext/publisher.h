/* publisher.h — one native thread that reads a ledger and publishes it.
 *
 * The thread never takes the GIL, never touches a Python object, and blocks all
 * signals.  Knows zmq only through transport.h; knows no Python. */
#ifndef PK_PUBLISHER_H
#define PK_PUBLISHER_H

#include "clock.h"
#include "ledger.h"
#include "transport.h"

typedef struct pk_publisher pk_publisher;

/* What a publisher is told at its start; everything is copied. */
typedef struct {
    const pk_zmq *zmq;
    const char *endpoint;
    int64_t interval_ns;
    uint8_t stream[16];         /* session id */
    const char *hello;          /* JSON */
    size_t hello_size;
    const char *server_secret;  /* Z85, 40 characters, or NULL: no CURVE */
    const char *const *clients; /* Z85 public keys that may subscribe; NULL-terminated, or NULL */
    pk_clock clock;
    int64_t began_ns;           /* monotonic time of the session's start */
    uint64_t first_sequence;    /* of the next message: goes on after a pause */
    uint32_t epoch;             /* of the ledger given to pk_publisher_start */
} pk_publisher_options;

/* Bind and start the thread, or NULL with a message in error and nothing left on.  ledger
 * is borrowed and must outlive the publisher, or be replaced by pk_publisher_show.  [nogil] */
pk_publisher *pk_publisher_start(const pk_publisher_options *options, pk_ledger *ledger,
                                 char *error, size_t error_size);

/* Start the thread, which binds, and tries again with pauses that grow until it can; not while any
 * of the standard streams in streams (bits) is closed.  NULL for want of a thread or memory.  What
 * options point to must outlive the publisher.  Else as pk_publisher_start.  [any thread] */
pk_publisher *pk_publisher_start_patiently(const pk_publisher_options *options, pk_ledger *ledger,
                                           unsigned streams);

/* Have a patient one try no more, and wait until it does not: then its threads can be counted.
 * [any thread] */
void pk_publisher_settle(pk_publisher *publisher);

/* Whether it is bound; else error says why not, or is empty.  [any thread] */
bool pk_publisher_bound(pk_publisher *publisher, char *error, size_t error_size);

/* From the next walk on show another ledger (after clear()).  Returns at once; the
 * ledger shown before may be freed when pk_publisher_shown() has reached epoch.  [gil] */
void pk_publisher_show(pk_publisher *publisher, pk_ledger *ledger, uint32_t epoch);

/* The epoch of the ledger that the thread reads; no older one will be touched again.
 * [any thread] */
uint32_t pk_publisher_shown(const pk_publisher *publisher);

/* Tell whether the profiler is enabled; a snapshot follows at once.  [any thread] */
void pk_publisher_set_enabled(pk_publisher *publisher, bool enabled);

/* Tell how many Python processes this one started as other programs, and whether the profiler's
 * events were taken away.  What was forked tells of itself.  [any thread] */
void pk_publisher_set_missed(pk_publisher *publisher, int64_t started, bool events_taken);

/* The endpoint really bound (the port, where it was 0).  Borrowed.  [any thread] */
const char *pk_publisher_endpoint(const pk_publisher *publisher);

/* Facts for whoever asks. */
typedef struct {
    bool viewers;
    uint64_t sequence;   /* of the next message */
    int64_t messages, walks, walk_ns, publisher_ns, send_failures;
} pk_publisher_facts;

/* Read them; each is right by itself.  [any thread] */
void pk_publisher_read(pk_publisher *publisher, pk_publisher_facts *facts);

/* The standard streams that are open, as bits.  [any thread] */
unsigned pk_publisher_streams(void);

/* Stop and free: unless reason is NULL, a last snapshot and goodbye first.  Waits at most
 * deadline_ns, and no longer than a day.  0, or −1: the thread did not answer and is abandoned with all that it uses,
 * so that the ledger shown last must never be freed.  In a forked child it only forgets.
 * *sequence becomes the next sequence number.  [nogil] */
int pk_publisher_stop(pk_publisher *publisher, const char *reason, int64_t deadline_ns,
                      uint64_t *sequence);

#endif
