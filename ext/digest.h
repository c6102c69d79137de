/* digest.h — a ledger added up: per function, per edge, per context, and what changed.
 *
 * Belongs to one thread: the publisher has one, getstats makes one.  Knows neither
 * Python nor zmq. */
#ifndef PK_DIGEST_H
#define PK_DIGEST_H

#include "bits.h"
#include "ledger.h"

typedef struct pk_open_calls pk_open_calls;

/* Sums of a function or an edge; time in ticks. */
typedef struct {
    int64_t calls, reccalls, resumes, inline_time, total;
} pk_sum;

/* A context as last read: its low half of calls is the node's seq of that time.  What only folds
 * count is kept apart, for there may be a million contexts. */
typedef struct {
    int64_t calls, resumes, inline_time, total;
    uint32_t first; /* the child that was learned last, 0: none; of a fold where its rest is */
    uint32_t next;  /* the child of the same parent that was learned before; PK_SUM_… */
} pk_context_sum;

enum {
    PK_SUM_FOLD = 1 << 30, /* in next: of a fold, which is nobody's child */
    PK_SUM_FREE = 1 << 29  /* in next: of a row that is free */
};

/* What only a fold counts, as last read. */
typedef struct {
    int64_t reccalls, edge_reccalls, edge_total;
    uint32_t node;
} pk_fold_sum;

/* All-zero is a valid empty digest.  Arrays are owned, indexed by row id; [0] unused.  The
 * sender of a changed row takes the row out of its set. */
typedef struct {
    uint64_t serial; /* of the ledger that was read */
    uint32_t merges; /* of its contexts */
    uint32_t functions_length, edges_length, nodes_length; /* as in pk_rows_length */
    uint32_t free_length; /* rows of nodes that are free */
    pk_sum *functions;
    pk_sum *edges;
    pk_context_sum *nodes;
    pk_fold_sum *folds;    /* in the order in which their nodes were first read */
    uint32_t folds_length; /* [0] unused, and not counted */
    uint64_t *changed_functions, *changed_edges; /* sets */
    uint64_t *changed_nodes; /* a new node is in it also while it has no calls */
    uint32_t *queue;         /* nodes whose children are to be read */
    uint64_t *queued;        /* the same as a set */
    size_t queue_length;
    bool everything;      /* the next walk goes below what has not changed, too */
    bool stuck;           /* a writer stays in the middle of changing a node */
    uint32_t reused;      /* of the ledger's free rows, as last read */
    uint32_t dropped;     /* of the ledger's stacks, likewise */
    int64_t folded_calls; /* likewise */
    size_t functions_capacity, edges_capacity, nodes_capacity, folds_capacity;
    size_t changed_functions_capacity, changed_edges_capacity, changed_nodes_capacity;
    size_t queue_capacity, queued_capacity;
} pk_digest;

/* Bring digest up to date with ledger: every node that changed since the last time is
 * read once, and its difference added to its function and edge.  Starts over when
 * ledger is another one than last time, or its contexts were merged since.  Only what is below a
 * node that changed or is open is looked at, so open has the stacks as they were just
 * before.  0, or −1 for want of memory, or where the system has put a writer aside in the middle of
 * a change; the digest is as it was then, or partly ahead but consistent.
 * [who holds the ledger] */
int pk_digest_update(pk_digest *digest, const pk_ledger *ledger, const pk_open_calls *open);

/* Add up the functions and edges of a thread (0: of all) in an empty digest, once: it keeps no
 * contexts, which would take as much again as a fifth of the ledger.  0, or −1 for want of
 * memory.  [gil] */
int pk_digest_sum(pk_digest *digest, const pk_ledger *ledger, uint32_t thread);

/* Read one node of the ledger that digest is up to date with, and add what it has more than
 * before.  A writer that is in the middle of a change is waited for, though not for long: false if
 * it still is.  [who holds the ledger] */
bool pk_digest_read_again(pk_digest *digest, const pk_node *node);

/* The counters of a node as last read.  [any thread, one per digest] */
pk_counts pk_digest_counts(const pk_digest *digest, uint32_t node);

/* Free the arrays and leave digest empty.  [any thread, one per digest] */
void pk_digest_free(pk_digest *digest);

#endif
