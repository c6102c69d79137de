/* ledger.h — what was counted: functions, edges, calling contexts, threads, open calls.
 *
 * The only thing that the profiled threads (writers) and the publisher (reader) share.
 *   writers   hold the GIL; each updates the nodes and the stack of its own thread
 *   reader    holds nothing; reads atomics only, and only what was released to it
 * Rows live in chunks that never move and are freed with the whole ledger.  All of it is in one
 * region, which a file may back: what was counted last outlives the process (ledger_file.h).
 * Only what nobody else needs is beside it (pk_private).
 *
 * One row is counted in: the calling-context node.  Edges and functions are sums of
 * nodes (digest.h), so they agree with one another in every snapshot by construction.
 * A node that stands for one context knows statically whether its function, or its
 * edge, is open already further out; a folded node, which stands for every call of
 * one edge past the tree's bound, counts that at run time.
 *
 * Knows neither Python nor zmq.
 */
#ifndef PK_LEDGER_H
#define PK_LEDGER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alloc.h"
#include "clock.h"
#include "region.h"

#define PK_CHUNK_ROWS 512        /* rows that are allocated together */
#define PK_CHUNKS_MAX 8192       /* chunks that one kind of row may have */
#define PK_TREE_NODES_MAX 1048576 /* contexts kept apart; past them the coldest are merged */
#define PK_TREE_NODES_MIN 16384  /* the same where memory is short: bounds.h */
#define PK_TREE_DEPTH_MAX 4000   /* depth kept apart; past it calls are folded */
#define PK_THREADS_MAX 4096      /* thread rows, as many threads may run at once */
#define PK_THREADS_KEPT 256      /* past them a new thread takes an ended one's row */

typedef enum { PK_PYTHON_FUNCTION = 0, PK_BUILTIN_FUNCTION = 1 } pk_function_kind;

/* UTF-8 text. */
typedef struct {
    char *bytes;
    uint32_t size;
} pk_text;

/* A function.  Immutable once counted in functions.length. */
typedef struct {
    uint32_t id; /* its index; 0 is no function */
    pk_function_kind kind;
    bool hidden;     /* calls are not recorded: the profiler's own code */
    bool generator;  /* may be resumed: generator, coroutine or async generator */
    int32_t start;   /* 3.11: offset of the instruction at which a generator starts */
    int64_t line;
    const void *key; /* code object or method definition, kept alive by ref */
    void *ref;       /* borrowed from pk_private.refs; never touched below the glue */
    pk_text name, qualified_name, file;
} pk_function;

/* A caller→callee pair.  Immutable once counted in edges.length. */
typedef struct {
    uint32_t caller, callee; /* function ids; caller 0: no profiled caller */
} pk_edge;

/* Flags of a node; immutable while it can be found. */
enum {
    PK_NODE_RECURSIVE = 1,      /* the function is open further out */
    PK_NODE_EDGE_RECURSIVE = 2, /* the edge is open further out */
    PK_NODE_FOLDED = 4          /* every call of the edge past the tree's bound, or merged */
};

/* Flags of a frame.  The recursive ones are set for calls of folded nodes only. */
enum {
    PK_FRAME_RESUMED = 8, /* not a start: a generator or coroutine goes on */
    PK_FRAME_FOLDED = 16,
    PK_FRAME_LEFT = 32 /* the call is being left, or no call is in the frame: pk_frame_left */
};

/* The flags of a frame whose call is being left, which its node has counted calls times
 * before: a reader of what a process left behind finds out whether this one is among them. */
static inline uint32_t
pk_frame_left(uint32_t flags, int64_t calls)
{
    return flags | PK_FRAME_LEFT | (uint32_t)calls << 8;
}

typedef struct pk_node pk_node;
typedef struct pk_thread pk_thread;

/* What only a folded node has. */
typedef struct {
    _Atomic int64_t reccalls;
    _Atomic int64_t edge_reccalls;
    _Atomic int64_t edge_total;
    int64_t edge_level;      /* open folded calls of the edge.  [writer] */
    int64_t *function_level; /* open folded calls of the function in this thread.  [writer] */
    pk_node *boundary;       /* the tree node for which the flags below hold.  [writer] */
    uint32_t boundary_flags; /* PK_NODE_RECURSIVE | PK_NODE_EDGE_RECURSIVE.  [writer] */
} pk_fold;

/* A calling context, or a fold of contexts.  Time is in ticks.
 * A change of the counters begins with calls, and ends with seq, its low half: while the two
 * differ, the reader tries again.
 * What every call touches comes first and fills one line of the cache. */
struct pk_node {
    _Alignas(PK_LINE) _Atomic uint32_t seq;
    uint32_t flags;
    const void *key;       /* of the function */
    pk_node *last_child; /* the last call's.  [writer] */
    pk_node *follower;   /* what its parent called after it, when that was last seen.  [writer] */
    pk_node *parent;     /* NULL for roots and folds */
    _Atomic int64_t calls;
    _Atomic int64_t inline_time;
    _Atomic int64_t total; /* of a folded node: outermost calls of the function only */
    _Atomic int64_t resumes;
    pk_fold *fold;           /* NULL unless folded */
    uint64_t open_functions; /* what is open here and further out: bit id % 64 of each.  [gil] */
    uint64_t open_edges;     /* likewise */
    uint32_t id;             /* its index; 0 is no node */
    uint32_t function, edge, thread, depth; /* thread 0: the row is free */
    uint32_t merged;     /* contexts below that were merged into this one.  [holder] */
    int64_t merged_time; /* their own time; their counters are in folds.  [holder] */
};

/* A frame of a thread's call stack.  Frames are made in segments, linked both ways
 * once and for ever, so a reader may always follow below. */
typedef struct pk_frame pk_frame;
struct pk_frame {
    _Atomic(pk_node *) node;
    _Atomic int64_t start; /* ticks */
    _Atomic int64_t inner; /* ticks spent in callees */
    pk_frame *below;       /* the caller's frame; NULL for the bottom one.  Constant. */
    _Atomic(pk_frame *) above; /* NULL at the end of the last segment */
    uint32_t depth;        /* 0 for the bottom frame, which is no call.  Constant. */
    _Atomic uint32_t flags; /* PK_FRAME_… */
};

/* States of a call stack: its turns, modulo PK_TURN. */
enum { PK_SUSPENDED = 0, PK_RUNNING = 2, PK_TURN = 4 }; /* odd: on the way to the next one */

/* A call stack: one per thread, and one more per suspended greenlet. */
typedef struct pk_chain pk_chain;
struct pk_chain {
    pk_region *region;           /* where its frames are made.  Constant.  [writer] */
    pk_frame *bottom;            /* constant */
    _Atomic uint32_t turns;      /* grows by 2 whenever it is suspended or goes on */
    _Atomic(pk_frame *) top;     /* while suspended */
    _Atomic int64_t suspended_at; /* ticks, while suspended */
    _Atomic int64_t away;        /* ticks by which starts were put off while suspended */
    pk_node *boundary;           /* while suspended.  [writer] */
    const void *owner;           /* a greenlet, never followed; NULL: not known.  [writer] */
    pk_chain *beside;            /* in the same place of pk_owners.  [writer] */
    pk_chain *next_spare;        /* if it is_spare.  [writer] */
    bool is_spare;               /* [writer] */
    pk_chain *next;              /* constant */
};

/* A thread's stacks by their owners: a hash table.  All-zero is a valid empty one. */
typedef struct {
    pk_chain **places; /* owned, in the process's own memory */
    uint32_t mask;     /* of the places */
    uint32_t length;   /* stacks that have an owner */
    pk_chain *spare;   /* stacks that were set aside empty, and may have gone on since */
} pk_owners;

/* Whether an operating system's thread still runs.  Owner: the glue, which never
 * frees one, so that a reader may look at any time. */
typedef struct pk_life pk_life;
struct pk_life {
    _Atomic int ended;
    long rows; /* thread rows that point here.  [gil] */
    pk_life *next;
};

/* A thread's name.  Constant. */
typedef struct {
    pk_text text;
} pk_named;

/* A thread's row. */
struct pk_thread {
    _Atomic(pk_frame *) top; /* release: pairs with open_calls.c */
    pk_node *boundary;       /* tree node from which the stack went into folds.  [writer] */
    pk_node *root;
    pk_chain *chain;  /* the running one.  [writer] */
    _Atomic(pk_chain *) chains; /* all.  release: pairs with open_calls.c */
    uint32_t id;      /* its index, from 1 */
    uint64_t kind;    /* threads of one kind may share a row; 0: not known.  [gil] */
    _Atomic(pk_life *) life;
    _Atomic int64_t ident, native_id;
    _Atomic int64_t threads;     /* threads that this row has stood for */
    _Atomic int cpu_clock;       /* clockid_t of the thread, for ages under PK_CLOCK_CPU */
    _Atomic(pk_named *) name;    /* NULL until known */
    _Atomic int64_t timer_now;   /* the last time of a Python timer */
    int64_t timer_shift;         /* what it has been put back by when it ran backwards.  [writer] */
    uint32_t name_tries;         /* [writer] */
    pk_region *region;           /* where its stacks are made.  Constant.  [writer] */
    pk_owners owners;            /* [writer] */
    bool greenlets;              /* switches of its greenlets are followed.  [writer] */
};

/* Whether the row's thread still runs.  [any thread] */
static inline bool
pk_thread_alive(const pk_thread *thread)
{
    pk_life *life = atomic_load_explicit(&thread->life, memory_order_acquire);
    return !atomic_load_explicit(&life->ended, memory_order_acquire);
}

/* The stacks of the row's thread, the newest first.
 * acquire: pairs with the release in pk_chain_new.  [any thread] */
static inline pk_chain *
pk_thread_chains(const pk_thread *thread)
{
    return atomic_load_explicit(&thread->chains, memory_order_acquire);
}

/* The flags of a frame.  acquire: pairs with the release of pk_record_begin_leave.
 * [any thread] */
static inline uint32_t
pk_frame_flags(const pk_frame *frame)
{
    return atomic_load_explicit(&frame->flags, memory_order_acquire);
}

/* The frame above another, or NULL.  acquire: pairs with pk_chain_grow.  [any thread] */
static inline pk_frame *
pk_frame_above(const pk_frame *frame)
{
    return atomic_load_explicit(&frame->above, memory_order_acquire);
}

/* Rows of one kind. */
typedef struct {
    _Atomic uint32_t length; /* release: rows below it are complete */
    size_t row_size;
    _Atomic(char *) chunks[PK_CHUNKS_MAX];
} pk_rows;

/* Contexts that were merged, whose rows are free: a ring, the oldest first. */
typedef struct {
    uint32_t *ids; /* NULL until a context is merged; then constant */
    uint32_t mask; /* of the places in it; constant like ids */
    uint64_t freed;          /* rows that have become free: one for each merged context.  [holder] */
    _Atomic uint32_t reused; /* of these have a context again, modulo 2^32.  release: it is complete */
} pk_free_rows;

/* The merge under way, which who reads what a killed process left takes back.  [holder] */
typedef struct {
    _Atomic(pk_node *) fold; /* NULL: none */
    pk_node *parent;         /* of the context that is merged */
    uint64_t number;         /* it is under way while free.freed is the same */
    int64_t calls, resumes, inline_time, total; /* of the fold before it */
    int64_t reccalls, edge_reccalls, edge_total;
    uint32_t merged; /* of the parent, likewise */
    int64_t merged_time;
} pk_merging;

/* A map from two words to a pointer, of one writer.  All-zero is a valid empty map. */
typedef struct {
    struct pk_map_entry *entries; /* owned */
    size_t capacity;              /* a power of two, or 0 */
    size_t length;
} pk_map;

/* From a context and a key to the context of the call.  All-zero is a valid empty one. */
typedef struct {
    struct pk_child *entries; /* owned */
    uint32_t capacity;        /* a power of two, or 0 */
    uint32_t length;
} pk_children;

/* The glue's strong references, in the order in which they were added. */
typedef struct {
    void **items; /* owned */
    size_t length, capacity;
} pk_refs;

/* What only the process that counts needs, in memory of its own. */
typedef struct {
    pk_region region;       /* the ledger's; it begins with the ledger */
    pk_map function_of_key; /* key → pk_function.  [gil] */
    pk_map edge_of_pair;    /* caller, callee → pk_edge.  [gil] */
    pk_children children;   /* contexts.  [gil] */
    pk_map fold_of_node;    /* node, key → pk_node: calls that are folded.  [gil] */
    pk_map fold_of_edge;    /* thread, edge → pk_node.  [gil] */
    pk_map level_of;        /* thread, function → int64_t.  [gil] */
    pk_refs refs;           /* of functions, also of those that a fork took away.  [gil] */
    uint32_t *marks;        /* calls of each node when contexts were merged last; owned.  [gil] */
    uint32_t marks_length;
    uint32_t wanted; /* contexts that were asked for since then.  [gil] */
    bool lent; /* a publishing thread that did not end may read it: never freed.  [gil] */
} pk_private;

/* What a reader in another process finds first: ledger_file.h.  All-zero: nothing. */
typedef struct {
    char magic[8];
    uint32_t version, text_size;
    const void *base; /* the address of the header, from which every pointer is an offset */
    const char *text; /* names, offsets, sizes and types of what follows and of every row */
    const char *hello; /* JSON */
    uint64_t hello_size;
    uint8_t stream[16];
    int64_t pid, began_ns; /* began_ns: monotonic */
    pk_clock clock;
    uint32_t epoch;
} pk_ledger_header;

typedef struct {
    pk_ledger_header header;
    pk_private *own; /* constant */
    pk_rows functions, edges, nodes;
    pk_thread *threads[PK_THREADS_MAX + 1]; /* [0] unused */
    _Atomic uint32_t threads_length;        /* release: rows 1 … threads_length are complete */
    _Atomic uint32_t tree_length;           /* contexts */
    _Atomic int held;                       /* pk_ledger_hold */
    pk_free_rows free;
    pk_merging merging;
    uint32_t merges;         /* times that contexts were merged.  [holder] */
    _Atomic uint32_t dropped; /* stacks that were left with calls that are not counted */
    _Atomic int64_t folded_calls;
    _Atomic int64_t lost_calls;
    _Atomic int64_t seen;   /* ticks: when the publisher looked last, so the process was there */
    uint64_t serial;        /* unique in the process, from 1 */
    uint32_t tree_nodes_max, tree_depth_max;
} pk_ledger;

/* A new empty ledger, or NULL.  serial tells it from every other one of the process.
 * Owner: the caller, who calls pk_ledger_free once no writer and no reader can reach it.
 * [gil] */
pk_ledger *pk_ledger_new(uint64_t serial);

/* Keep contexts from being merged while the publisher looks, or keep it from looking while they
 * are: false if the other one has the ledger.  What is marked [holder] is touched by who holds it
 * only, or read with the GIL.  [any thread] */
static inline bool
pk_ledger_hold(pk_ledger *ledger)
{
    int nobody = 0;
    return atomic_compare_exchange_strong_explicit(&ledger->held, &nobody, 1, memory_order_acquire,
                                                   memory_order_relaxed);
}

/* Let it go.  release: pairs with pk_ledger_hold.  [who holds it] */
static inline void
pk_ledger_release(pk_ledger *ledger)
{
    atomic_store_explicit(&ledger->held, 0, memory_order_release);
}

/* In a forked child: an empty ledger at the same address, which shares nothing with the
 * parent's.  The references are kept, the indexes' memory is abandoned: the parent may have been
 * changing them.  0, or −1: then nothing may be recorded.  [the only thread] */
int pk_ledger_replace(pk_ledger *ledger, uint64_t serial);

/* Free everything but the references, which are the glue's.  NULL is fine.  [gil] */
void pk_ledger_free(pk_ledger *ledger);

/* The function of key, or NULL if it has not been seen.  [gil] */
pk_function *pk_ledger_function(const pk_ledger *ledger, const void *key);

/* Add a function; its id is set here.  The texts are copied; on success ref is the ledger's, on
 * failure (NULL) it stays the caller's.  [gil] */
pk_function *pk_ledger_add_function(pk_ledger *ledger, const pk_function *function);

/* A row for a thread that calls for the first time: one whose thread has ended and was of
 * the same kind (0: of none), which keeps its counts and its name; else a new one, or past
 * PK_THREADS_KEPT that of any thread that has ended, if there is one.  NULL for want of memory,
 * or of room.  [gil] */
pk_thread *pk_ledger_add_thread(pk_ledger *ledger, pk_life *life, int64_t ident,
                                int64_t native_id, int cpu_clock, uint64_t kind);

/* The row of the thread with that life, or NULL.  [gil] */
pk_thread *pk_ledger_thread(const pk_ledger *ledger, const pk_life *life);

/* Give the thread a name, which is copied.  0, or −1 for want of memory.  [gil] */
int pk_ledger_name_thread(pk_ledger *ledger, pk_thread *thread, pk_text text);

/* The node for a call of function from parent, which is open, or NULL for want of memory: a
 * context of the tree, or past its bounds the fold of the edge.  Where the tree is full, contexts
 * are merged first (merge.h).  [gil] */
pk_node *pk_ledger_child(pk_ledger *ledger, pk_thread *thread, pk_node *parent,
                         const pk_function *function);

/* The fold of edge in thread, made if it is new, or NULL for want of memory.  [gil] */
pk_node *pk_ledger_fold(pk_ledger *ledger, const pk_thread *thread, const pk_function *function,
                        uint32_t edge);

/* The node found before for a call of key from parent, or NULL.  [gil] */
pk_node *pk_ledger_known_child(const pk_ledger *ledger, pk_node *parent, const void *key);

/* Whether, seen from boundary, the function and the edge of a folded node are open
 * already: PK_NODE_RECURSIVE and PK_NODE_EDGE_RECURSIVE.  [gil] */
uint32_t pk_fold_flags(pk_fold *fold, const pk_node *node, pk_node *boundary);

/* Row index of rows, which must be below a length that was read with acquire.
 * [any thread] */
static inline void *
pk_rows_at(const pk_rows *rows, uint32_t index)
{
    char *chunk = atomic_load_explicit(&rows->chunks[index / PK_CHUNK_ROWS], memory_order_relaxed);
    return chunk + (size_t)(index % PK_CHUNK_ROWS) * rows->row_size;
}

/* Whether a node's row is free.  [gil] */
static inline bool
pk_node_is_free(const pk_node *node)
{
    return node->thread == 0;
}

/* How many rows are complete; valid indexes are 1 … length − 1.
 * acquire: pairs with the release after a row is filled in.  [any thread] */
static inline uint32_t
pk_rows_length(const pk_rows *rows)
{
    return atomic_load_explicit(&rows->length, memory_order_acquire);
}

/* The counters of one node as they were at one moment. */
typedef struct {
    int64_t calls, resumes, inline_time, total; /* total: for a fold, outermost calls only */
    int64_t reccalls, edge_reccalls, edge_total;
} pk_counts;

/* Read node's counters consistently into counts; false, with the last try in counts,
 * if the writer kept changing them.  [any thread] */
bool pk_node_read(const pk_node *node, pk_counts *counts);

#endif
