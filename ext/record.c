/* record.c — the rare cases of recording: folds, unmatched leaves, greenlets. */
#include "record.h"

uint32_t
pk_record_fold_enter(pk_thread *thread, pk_node *node, const pk_frame *frame)
{
    pk_node *below = atomic_load_explicit(&frame->below->node, memory_order_relaxed);
    pk_fold *fold = node->fold;
    if ((below->flags & PK_NODE_FOLDED) == 0)
        thread->boundary = below;
    uint32_t flags = PK_FRAME_FOLDED | pk_fold_flags(fold, node, thread->boundary);
    if (*fold->function_level > 0)
        flags |= PK_NODE_RECURSIVE;
    if (fold->edge_level > 0)
        flags |= PK_NODE_EDGE_RECURSIVE;
    ++*fold->function_level;
    fold->edge_level++;
    return flags;
}

void
pk_record_pop_folded(pk_ledger *ledger, pk_thread *thread, pk_frame *frame, int64_t now)
{
    pk_times times = pk_record_sane(pk_record_times(frame, now));
    pk_node *node = atomic_load_explicit(&frame->node, memory_order_relaxed);
    pk_fold *fold = node->fold;
    uint32_t flags = pk_frame_flags(frame);
    --*fold->function_level;
    fold->edge_level--;
    int64_t calls = pk_record_begin_leave(frame, node, flags);
    uint32_t seq = pk_record_begin_count(frame, node, calls, times.spent);
    pk_record_add(&node->inline_time, times.own);
    if (flags & PK_FRAME_RESUMED)
        pk_record_add(&node->resumes, 1);
    if (flags & PK_NODE_RECURSIVE)
        pk_record_add(&fold->reccalls, 1);
    else
        pk_record_add(&node->total, times.spent);
    if (flags & PK_NODE_EDGE_RECURSIVE)
        pk_record_add(&fold->edge_reccalls, 1);
    else
        pk_record_add(&fold->edge_total, times.spent);
    pk_record_end_count(node, seq);
    pk_record_add(&ledger->folded_calls, 1);
    atomic_store_explicit(&thread->top, frame->below, memory_order_release);
}

void
pk_record_leave_unmatched(pk_ledger *ledger, pk_thread *thread, const void *key, int64_t now)
{
    pk_frame *top = atomic_load_explicit(&thread->top, memory_order_relaxed);
    pk_frame *frame = top;
    while (atomic_load_explicit(&frame->node, memory_order_relaxed)->key != key) {
        frame = frame->below;
        if (frame == NULL)
            return;
    }
    while (top != frame->below) {
        pk_record_pop(ledger, thread, top, now);
        top = atomic_load_explicit(&thread->top, memory_order_relaxed);
    }
}

/* Count the levels of the folded calls below top up (1) or down (−1). */
static void
shift_levels(pk_frame *top, int64_t by)
{
    for (pk_frame *frame = top; frame->below != NULL; frame = frame->below) {
        if (pk_frame_flags(frame) & PK_FRAME_FOLDED) {
            pk_fold *fold = atomic_load_explicit(&frame->node, memory_order_relaxed)->fold;
            *fold->function_level += by;
            fold->edge_level += by;
        }
    }
}

/* Begin to change the state of chain: until end_turn() no reader copies it. */
static void
begin_turn(pk_chain *chain)
{
    uint32_t turns = atomic_load_explicit(&chain->turns, memory_order_relaxed);
    atomic_store_explicit(&chain->turns, turns + 1, memory_order_relaxed);
    /* release: pairs with the fence in open_calls.c, which sees odd turns with what follows */
    atomic_thread_fence(memory_order_release);
}

/* End it.  release: pairs with open_calls.c. */
static void
end_turn(pk_chain *chain)
{
    uint32_t turns = atomic_load_explicit(&chain->turns, memory_order_relaxed);
    atomic_store_explicit(&chain->turns, turns + 1, memory_order_release);
}

/* Set aside the running stack. */
static void
suspend(pk_thread *thread, int64_t now)
{
    pk_chain *chain = thread->chain;
    pk_frame *top = atomic_load_explicit(&thread->top, memory_order_relaxed);
    begin_turn(chain);
    atomic_store_explicit(&chain->top, top, memory_order_relaxed);
    atomic_store_explicit(&chain->suspended_at, now, memory_order_relaxed);
    end_turn(chain);
    chain->boundary = thread->boundary;
    shift_levels(top, -1);
    pk_chain_spare(thread, chain);
}

/* Go on with a stack that was set aside: the time in between never was. */
static void
resume(pk_thread *thread, pk_chain *chain, int64_t now)
{
    int64_t away = now - atomic_load_explicit(&chain->suspended_at, memory_order_relaxed);
    pk_frame *top = atomic_load_explicit(&chain->top, memory_order_relaxed);
    shift_levels(top, 1);
    begin_turn(chain);
    for (pk_frame *frame = top; away > 0 && frame->below != NULL; frame = frame->below) {
        int64_t start = atomic_load_explicit(&frame->start, memory_order_relaxed);
        atomic_store_explicit(&frame->start, start + away, memory_order_relaxed);
    }
    if (away > 0) {
        away += atomic_load_explicit(&chain->away, memory_order_relaxed);
        atomic_store_explicit(&chain->away, away, memory_order_relaxed);
    }
    thread->chain = chain;
    thread->boundary = chain->boundary;
    atomic_store_explicit(&thread->top, top, memory_order_release);
    end_turn(chain);
}

/* The stack of a greenlet, which gets one if it has none, or NULL. */
static pk_chain *
chain_of(pk_thread *thread, const void *owner)
{
    pk_chain *chain = pk_chain_of(thread, owner);
    if (chain != NULL)
        return chain;
    chain = pk_chain_unused(thread);
    if (chain == NULL || pk_chain_own(thread, chain, owner) < 0)
        return NULL;
    chain->boundary = thread->root;
    return chain;
}

int
pk_record_switch(pk_thread *thread, const void *from, const void *to, int64_t now)
{
    if (thread->chain->owner == NULL && pk_chain_own(thread, thread->chain, from) < 0)
        return -1;
    if (thread->chain->owner == to)
        return 0;
    pk_chain *chain = chain_of(thread, to);
    if (chain == NULL)
        return -1;
    suspend(thread, now);
    resume(thread, chain, now);
    return 0;
}

void
pk_record_leave_all(pk_ledger *ledger, pk_thread *thread, int64_t now)
{
    pk_chain *running = thread->chain;
    for (pk_chain *chain = pk_thread_chains(thread); chain != NULL; chain = chain->next) {
        int64_t end = chain == running
                          ? now
                          : atomic_load_explicit(&chain->suspended_at, memory_order_relaxed);
        if (chain != thread->chain) {
            suspend(thread, now);
            resume(thread, chain, end);
        }
        pk_frame *top = atomic_load_explicit(&thread->top, memory_order_relaxed);
        while (top->below != NULL) {
            pk_record_pop(ledger, thread, top, end);
            top = atomic_load_explicit(&thread->top, memory_order_relaxed);
        }
    }
    if (thread->chain != running) {
        suspend(thread, now);
        resume(thread, running, now);
    }
    pk_chains_disown(thread); /* switches may go unseen from now on */
}
