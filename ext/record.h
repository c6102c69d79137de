/* record.h — the hot path: a call entered, a call left.
 *
 * Called by the profiled thread for its own row, with the GIL held. */
#ifndef PK_RECORD_H
#define PK_RECORD_H

#include "ledger.h"

#define PK_LIKELY(x) __builtin_expect(!!(x), 1)
#define PK_UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Enter the folded node in frame: count levels and set the frame's flags.  [gil] */
void pk_record_fold_enter(pk_thread *thread, pk_node *node, pk_frame *frame);

/* Count a left call that has frame flags: resumed, or of a folded node.  [gil] */
void pk_record_count_flagged(pk_ledger *ledger, pk_frame *frame, int64_t spent, int64_t own);

/* Leave a call of key that is not the innermost one: calls above it, whose leaving was
 * never told, are left with it.  Not open at all: nothing is done.  [gil] */
void pk_record_leave_unmatched(pk_ledger *ledger, pk_thread *thread, const void *key, int64_t now);

/* Leave every call that is open in thread, on all its stacks, which then are nobody's.  now
 * is in ticks.  [gil] */
void pk_record_leave_all(pk_ledger *ledger, pk_thread *thread, int64_t now);

/* The thread goes on with the stack of another greenlet; the one it leaves stands still,
 * and so does its time.  from is whose stack the running one is, if that is not known yet.
 * 0, or −1 for want of memory with the stack unchanged.  [gil] */
int pk_record_switch(pk_thread *thread, const void *from, const void *to, int64_t now);

/* The likely node of a call of key, or NULL: ask the map.  It is the last one again, or what
 * came after that the time before; a fold, which may have followed in other contexts, is not
 * trusted to be this one's.  [gil] */
static inline pk_node *
pk_record_guess(pk_thread *thread, const void *key)
{
    pk_frame *top = atomic_load_explicit(&thread->top, memory_order_relaxed);
    pk_node *parent = atomic_load_explicit(&top->node, memory_order_relaxed);
    pk_node *last = parent->last_child;
    if (PK_UNLIKELY(last == NULL))
        return NULL;
    if (PK_LIKELY(last->key == key))
        return last;
    pk_node *next = last->follower;
    if (next == NULL || next->key != key || next->parent != parent)
        return NULL;
    parent->last_child = next;
    return next;
}

/* The frame for the next call, or NULL for want of memory.  [gil] */
static inline pk_frame *
pk_record_frame(pk_thread *thread)
{
    pk_frame *top = atomic_load_explicit(&thread->top, memory_order_relaxed);
    pk_frame *frame = top->above;
    return PK_LIKELY(frame != NULL) ? frame : pk_chain_grow(thread->chain, top);
}

/* Enter node at now.  flags: 0 or PK_FRAME_RESUMED.  [gil] */
static inline void
pk_record_push(pk_thread *thread, pk_frame *frame, pk_node *node, uint32_t flags, int64_t now)
{
    atomic_store_explicit(&frame->node, node, memory_order_release);
    atomic_store_explicit(&frame->start, now, memory_order_release);
    frame->inner = 0;
    frame->flags = flags;
    if (PK_UNLIKELY(node->flags & PK_NODE_FOLDED))
        pk_record_fold_enter(thread, node, frame);
    /* release: pairs with pk_ledger_open_calls */
    atomic_store_explicit(&thread->top, frame, memory_order_release);
}

/* Add to a counter that only this thread writes.  release: pairs with pk_node_read. */
static inline void
pk_record_add(_Atomic int64_t *counter, int64_t value)
{
    int64_t old = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, old + value, memory_order_release);
}

/* Open the change of a node's counters; what is returned closes it.  release: pairs with
 * pk_node_read. */
static inline uint32_t
pk_record_open(pk_node *node)
{
    uint32_t seq = atomic_load_explicit(&node->seq, memory_order_relaxed);
    atomic_store_explicit(&node->seq, seq + 1, memory_order_relaxed);
    return seq + 2;
}

static inline void
pk_record_close(pk_node *node, uint32_t seq)
{
    atomic_store_explicit(&node->seq, seq, memory_order_release);
}

/* Leave the innermost call, which is in frame, at now.  [gil] */
static inline void
pk_record_pop(pk_ledger *ledger, pk_thread *thread, pk_frame *frame, int64_t now)
{
    int64_t spent = now - atomic_load_explicit(&frame->start, memory_order_relaxed);
    if (PK_UNLIKELY(spent < 0))
        spent = 0; /* two processors' counters may differ by a hair */
    int64_t own = spent - frame->inner;
    if (PK_UNLIKELY(own < 0))
        own = 0;
    frame->below->inner += spent;
    if (PK_UNLIKELY(frame->flags != 0)) {
        pk_record_count_flagged(ledger, frame, spent, own);
    } else {
        pk_node *node = atomic_load_explicit(&frame->node, memory_order_relaxed);
        uint32_t seq = pk_record_open(node);
        pk_record_add(&node->calls, 1);
        pk_record_add(&node->inline_time, own);
        pk_record_add(&node->total, spent);
        pk_record_close(node, seq);
    }
    atomic_store_explicit(&thread->top, frame->below, memory_order_release);
}

/* Leave a call of key at now.  [gil] */
static inline void
pk_record_leave(pk_ledger *ledger, pk_thread *thread, const void *key, int64_t now)
{
    pk_frame *frame = atomic_load_explicit(&thread->top, memory_order_relaxed);
    pk_node *node = atomic_load_explicit(&frame->node, memory_order_relaxed);
    if (PK_LIKELY(node->key == key))
        pk_record_pop(ledger, thread, frame, now);
    else
        pk_record_leave_unmatched(ledger, thread, key, now);
}

#endif
