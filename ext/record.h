/* record.h — the hot path: a call entered, a call left.
 *
 * Called by the profiled thread for its own row, with the GIL held. */
#ifndef PK_RECORD_H
#define PK_RECORD_H

#include "chains.h"
#include "ledger.h"

#define PK_LIKELY(x) __builtin_expect(!!(x), 1)
#define PK_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define PK_NOT_INLINED __attribute__((noinline)) /* so that who calls it stays short */

/* Count the levels of a call of the folded node that is to be entered in frame; the frame's
 * flags.  [gil] */
uint32_t pk_record_fold_enter(pk_thread *thread, pk_node *node, const pk_frame *frame);

/* Leave the innermost call, which is in frame and of a folded node, at now.  [gil] */
void pk_record_pop_folded(pk_ledger *ledger, pk_thread *thread, pk_frame *frame, int64_t now);

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

/* The likely node of a call of key from parent, or NULL: ask the map.  It is the last one
 * again, or what came after that the time before; a fold, which may have followed in other
 * contexts, is not trusted to be this one's.  [gil] */
static inline pk_node *
pk_record_guess(pk_node *parent, const void *key)
{
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

/* The frame above top, for the next call, or NULL for want of memory.  [gil] */
static inline pk_frame *
pk_record_frame(const pk_thread *thread, pk_frame *top)
{
    pk_frame *above = atomic_load_explicit(&top->above, memory_order_relaxed);
    return PK_LIKELY(above != NULL) ? above : pk_chain_grow(thread->chain, top);
}

/* Begin to enter a call in frame, whose flags these are; the clock is read after that.  So a
 * reader sees that a call is entered or left also where the system puts the thread aside between
 * the reading of the clock and what is recorded: the time until it goes on is not the caller's. */
static inline void
pk_record_begin_enter(pk_frame *frame, uint32_t flags)
{
    atomic_store_explicit(&frame->flags, flags, memory_order_release);
    atomic_signal_fence(memory_order_seq_cst); /* for the compiler: the clock comes after it */
}

/* Enter node at now.  [gil] */
static inline void
pk_record_end_enter(pk_thread *thread, pk_frame *frame, pk_node *node, int64_t now)
{
    atomic_store_explicit(&frame->node, node, memory_order_release);
    atomic_store_explicit(&frame->start, now, memory_order_release);
    atomic_store_explicit(&frame->inner, 0, memory_order_relaxed);
    /* release: pairs with open_calls.c */
    atomic_store_explicit(&thread->top, frame, memory_order_release);
}

/* Begin to enter a call of node in frame.  flags: 0 or PK_FRAME_RESUMED.  [gil] */
static inline void
pk_record_begin_enter_any(pk_thread *thread, pk_frame *frame, pk_node *node, uint32_t flags)
{
    if (PK_UNLIKELY(node->flags & PK_NODE_FOLDED))
        flags |= pk_record_fold_enter(thread, node, frame);
    pk_record_begin_enter(frame, flags);
}

/* The times of a call that is left, in ticks. */
typedef struct {
    int64_t spent, own; /* with its callees, and without */
} pk_times;

/* The times of the call in frame, which is left at now.  [gil] */
static inline pk_times
pk_record_times(const pk_frame *frame, int64_t now)
{
    int64_t spent = now - atomic_load_explicit(&frame->start, memory_order_relaxed);
    return (pk_times){spent, spent - atomic_load_explicit(&frame->inner, memory_order_relaxed)};
}

/* Add to a counter that only this thread writes.  release: pairs with pk_node_read.  [gil] */
static inline void
pk_record_add(_Atomic int64_t *counter, int64_t value)
{
    int64_t old = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, old + value, memory_order_release);
}

/* Begin to leave the call in frame, of node; the clock is read after that.  The frame's flags say
 * from now on that the call may be in the node's counters.  What is returned: how often the node
 * was counted. */
static inline int64_t
pk_record_begin_leave(pk_frame *frame, const pk_node *node, uint32_t flags)
{
    int64_t calls = atomic_load_explicit(&node->calls, memory_order_relaxed);
    /* release, also in each store that follows: pairs with pk_frame_flags, whose reader sees
     * the mark if it has seen a counter that is newer */
    atomic_store_explicit(&frame->flags, pk_frame_left(flags, calls), memory_order_release);
    atomic_signal_fence(memory_order_seq_cst); /* for the compiler: the clock comes after it */
    return calls;
}

/* Begin to count the call in frame, of node, which was counted calls times and took spent ticks;
 * what is returned ends it. */
static inline uint32_t
pk_record_begin_count(pk_frame *frame, pk_node *node, int64_t calls, int64_t spent)
{
    pk_record_add(&frame->below->inner, spent);
    atomic_store_explicit(&node->calls, calls + 1, memory_order_release);
    return (uint32_t)(calls + 1);
}

/* End it.  release: pairs with pk_node_read. */
static inline void
pk_record_end_count(pk_node *node, uint32_t seq)
{
    atomic_store_explicit(&node->seq, seq, memory_order_release);
}

/* Leave the innermost call, which is in frame and of node, which is not folded and was counted
 * calls times.  [gil] */
static inline void
pk_record_pop_unfolded(pk_thread *thread, pk_frame *frame, pk_node *node, uint32_t flags,
                       int64_t calls, pk_times times)
{
    uint32_t seq = pk_record_begin_count(frame, node, calls, times.spent);
    pk_record_add(&node->inline_time, times.own);
    pk_record_add(&node->total, times.spent);
    if (flags & PK_FRAME_RESUMED)
        pk_record_add(&node->resumes, 1);
    pk_record_end_count(node, seq);
    atomic_store_explicit(&thread->top, frame->below, memory_order_release);
}

/* The same, none below 0: two processors' counters may differ by a hair. */
static inline pk_times
pk_record_sane(pk_times times)
{
    return (pk_times){times.spent < 0 ? 0 : times.spent, times.own < 0 ? 0 : times.own};
}

/* Leave the innermost call, which is in frame, at now.  [gil] */
static inline void
pk_record_pop(pk_ledger *ledger, pk_thread *thread, pk_frame *frame, int64_t now)
{
    pk_node *node = atomic_load_explicit(&frame->node, memory_order_relaxed);
    uint32_t flags = pk_frame_flags(frame);
    if (PK_UNLIKELY(flags & PK_FRAME_FOLDED))
        pk_record_pop_folded(ledger, thread, frame, now);
    else
        pk_record_pop_unfolded(thread, frame, node, flags,
                               pk_record_begin_leave(frame, node, flags),
                               pk_record_sane(pk_record_times(frame, now)));
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
