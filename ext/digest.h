/* digest.h — a ledger added up: per function, per edge, per context, and what changed.
 *
 * Belongs to one thread: the publisher has one, getstats makes one.  Knows neither
 * Python nor zmq. */
#ifndef PK_DIGEST_H
#define PK_DIGEST_H

#include "ledger.h"

/* Sums of a function or an edge; time in ticks. */
typedef struct {
    int64_t calls, reccalls, resumes, inline_time, total;
    uint32_t dirty; /* nonzero: changed since it was last cleared, by whoever sends */
} pk_sum;

/* A context as last read: its low half of calls is the node's seq of that time.  What only folds
 * count is kept apart, for there may be a million contexts. */
typedef struct {
    int64_t calls, resumes, inline_time, total;
    uint32_t fold;  /* where in folds the rest is; 0: not folded */
    uint32_t dirty; /* as in pk_sum; set for a new node also while it has no calls */
} pk_context_sum;

/* What only a fold counts, as last read. */
typedef struct {
    int64_t reccalls, edge_reccalls, edge_total;
} pk_fold_sum;

/* All-zero is a valid empty digest.  Arrays are owned, indexed by row id; [0] unused. */
typedef struct {
    uint32_t only_thread; /* 0: all threads are added up; set before the first update */
    uint64_t serial; /* of the ledger that was read */
    uint32_t functions_length, edges_length, nodes_length; /* as in pk_rows_length */
    pk_sum *functions;
    pk_sum *edges;
    pk_context_sum *nodes;
    pk_fold_sum *folds;    /* in the order in which their nodes were first read */
    uint32_t folds_length; /* [0] unused, and not counted */
    size_t functions_capacity, edges_capacity, nodes_capacity, folds_capacity;
} pk_digest;

/* Bring digest up to date with ledger: every node that changed since the last time is
 * read once, and its difference added to its function and edge.  Starts over when
 * ledger is another one than last time.  0, or −1 for want of memory, or where the system has put
 * a writer aside in the middle of a change, which cannot be while the GIL is held; the digest is
 * as it was then, or partly ahead but consistent.  [any thread, one per digest] */
int pk_digest_update(pk_digest *digest, const pk_ledger *ledger);

/* Read one node of the ledger that digest is up to date with, and add what it has more than
 * before.  A writer that is in the middle of a change is waited for, though not for long: false if
 * it still is.  [any thread, one per digest] */
bool pk_digest_read_again(pk_digest *digest, const pk_node *node);

/* The counters of a node as last read.  [any thread, one per digest] */
pk_counts pk_digest_counts(const pk_digest *digest, uint32_t node);

/* Free the arrays and leave digest empty.  [any thread, one per digest] */
void pk_digest_free(pk_digest *digest);

#endif
