/* open_calls.c — copying stacks while they change, and finding out what stayed. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* clock_gettime */
#endif
#include "open_calls.h"

#include <sched.h>
#include <string.h>

#include "alloc.h"

#define TRIES 2000       /* to see a stack, or its innermost call, at one moment */
#define QUICK_TRIES 100  /* before the processor is left to others between two tries */
#define SLOTS_MIN 64

void
pk_open_calls_free(pk_open_calls *open)
{
    free(open->frames);
    free(open->stacks);
    free(open->rows);
    free(open->slots);
    *open = (pk_open_calls){0};
}

static pk_frame *
top_of(const pk_thread *thread)
{
    /* acquire: pairs with the releases of pk_record_end_enter and pk_record_pop */
    return atomic_load_explicit(&thread->top, memory_order_acquire);
}

static int64_t
start_of(const pk_frame *frame)
{
    return atomic_load_explicit(&frame->start, memory_order_acquire);
}

static int64_t
inner_of(const pk_frame *frame)
{
    return atomic_load_explicit(&frame->inner, memory_order_acquire);
}

/* The time now in ticks of the clock that thread's calls are timed with; of a Python timer the
 * time of its last event, and of a CPU clock that is gone 0: then nothing has an age. */
static int64_t
now_of(const pk_clock *clock, const pk_thread *thread)
{
    if (clock->kind == PK_CLOCK_EXTERNAL)
        return atomic_load_explicit(&thread->timer_now, memory_order_acquire);
    if (clock->kind != PK_CLOCK_CPU)
        return pk_clock_now(clock);
    struct timespec now;
    int cpu_clock = atomic_load_explicit(&thread->cpu_clock, memory_order_relaxed);
    if (cpu_clock == 0 || clock_gettime((clockid_t)cpu_clock, &now) < 0)
        return 0;
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Copy the frames below top, as they are found.  0, or −1 for want of memory. */
static int
copy_frames(pk_open_calls *open, size_t first, pk_frame *top)
{
    size_t length = top->depth;
    if (pk_reserve((void **)&open->frames, &open->frames_capacity, first + length,
                sizeof *open->frames) < 0)
        return -1;
    for (pk_frame *frame = top; frame->below != NULL; frame = frame->below)
        open->frames[first + frame->depth - 1] = (pk_open_frame){
            .frame = frame,
            .node = atomic_load_explicit(&frame->node, memory_order_acquire),
            .start = start_of(frame),
            .inner = inner_of(frame),
            .flags = pk_frame_flags(frame),
        };
    open->frames_length = first + length;
    return 0;
}

/* Copy a stack behind the frames that there are, all from one turn of it.  Of a running stack
 * each frame may be of another moment.  0, or −1 for want of memory, or if the stack keeps
 * changing from one turn to the next. */
static int
copy_stack(pk_open_calls *open, pk_open_stack *stack)
{
    const pk_chain *chain = stack->chain;
    stack->first = open->frames_length;
    for (int i = 0; i < TRIES; i++) {
        if (i >= QUICK_TRIES)
            sched_yield();
        /* acquire: pairs with end_turn() */
        stack->turns = atomic_load_explicit(&chain->turns, memory_order_acquire);
        if (stack->turns % 2 != 0)
            continue;
        bool running = stack->turns % PK_TURN == PK_RUNNING;
        pk_frame *top = running ? top_of(stack->thread)
                                : atomic_load_explicit(&chain->top, memory_order_relaxed);
        stack->away = atomic_load_explicit(&chain->away, memory_order_relaxed);
        stack->now = atomic_load_explicit(&chain->suspended_at, memory_order_relaxed);
        if (copy_frames(open, stack->first, top) < 0)
            return -1;
        /* pairs with the fence of begin_turn() */
        atomic_thread_fence(memory_order_acquire);
        if (atomic_load_explicit(&chain->turns, memory_order_relaxed) == stack->turns) {
            stack->length = open->frames_length - stack->first;
            return 0;
        }
    }
    return -1;
}

int
pk_open_calls_begin(pk_open_calls *open, const pk_ledger *ledger)
{
    open->frames_length = open->stacks_length = 0;
    /* acquire: pairs with pk_ledger_add_thread */
    uint32_t length = atomic_load_explicit(&ledger->threads_length, memory_order_acquire);
    for (uint32_t i = 1; i <= length; i++) {
        const pk_thread *thread = ledger->threads[i];
        for (const pk_chain *chain = pk_thread_chains(thread); chain != NULL;
             chain = chain->next) {
            if (pk_reserve((void **)&open->stacks, &open->stacks_capacity, open->stacks_length + 1,
                        sizeof *open->stacks) < 0)
                return -1;
            pk_open_stack *stack = &open->stacks[open->stacks_length];
            *stack = (pk_open_stack){.thread = thread, .chain = chain};
            if (copy_stack(open, stack) < 0)
                return -1;
            open->stacks_length += stack->length > 0;
        }
    }
    return 0;
}

/* How many outermost calls are the same in both copies of a stack, and so were open all the
 * while: a frame that was left and used again has a later start.  While a stack is suspended its
 * starts are put off. */
static size_t
count_steady(const pk_open_calls *open, const pk_open_stack *before, const pk_open_stack *now)
{
    size_t length = before->length < now->length ? before->length : now->length;
    const pk_open_frame *first = open->frames + before->first;
    const pk_open_frame *second = open->frames + now->first;
    size_t steady = 0;
    while (steady < length && first[steady].node == second[steady].node &&
           first[steady].start - before->away == second[steady].start - now->away)
        steady++;
    return steady;
}

static bool
is_running(const pk_open_stack *stack)
{
    return stack->turns % PK_TURN == PK_RUNNING;
}

/* Whether a stack is in the turn in which it was copied. */
static bool
is_same_turn(const pk_open_stack *stack)
{
    return atomic_load_explicit(&stack->chain->turns, memory_order_acquire) == stack->turns;
}

/* What is known of the innermost call of a running stack. */
typedef enum { OPEN, GONE, CHANGING, STUCK } outlook;

/* See the call in last at one moment: without a callee, or with one that is open.  If it is OPEN,
 * last->inner is of that moment, and stack->now, or of the beginning of the callee. */
static outlook
look_at(pk_open_stack *stack, pk_open_frame *last, const pk_clock *clock)
{
    pk_frame *frame = last->frame;
    pk_frame *top = top_of(stack->thread);
    if (!is_same_turn(stack))
        return CHANGING;
    if (top->depth < frame->depth || start_of(frame) != last->start ||
        atomic_load_explicit(&frame->node, memory_order_acquire) != last->node)
        return is_same_turn(stack) ? GONE : CHANGING; /* in another turn its start is put off */
    bool calls = top != frame;
    const pk_frame *above = pk_frame_above(frame);
    const pk_frame *innermost = calls ? above : frame;
    int64_t began = start_of(innermost);
    int64_t inner = inner_of(frame);
    int64_t now = calls ? began : now_of(clock, stack->thread);
    top = top_of(stack->thread);
    if (calls ? top->depth <= frame->depth
              : top != frame || (above != NULL && (pk_frame_flags(above) & PK_FRAME_LEFT) == 0))
        return CHANGING; /* or a call is being entered */
    if (start_of(innermost) != began || inner_of(frame) != inner ||
        start_of(frame) != last->start || pk_frame_flags(innermost) & PK_FRAME_LEFT ||
        !is_same_turn(stack))
        return CHANGING;
    last->inner = inner;
    stack->now = now;
    return OPEN;
}

/* Look until the call is OPEN or GONE.  STUCK: its thread was preempted while it entered or left a
 * call, so the times do not fit together. */
static outlook
wait_for(pk_open_stack *stack, pk_open_frame *last, const pk_clock *clock)
{
    for (int i = 0; i < TRIES; i++) {
        outlook seen = look_at(stack, last, clock);
        if (seen != CHANGING || !is_same_turn(stack))
            return seen;
        if (i >= QUICK_TRIES)
            sched_yield();
    }
    return STUCK;
}

/* Copy a stack anew and keep of it what is open since it was copied first.  0, or 1 if it has
 * changed to another turn meanwhile, or −1 for want of memory, or if a call is STUCK. */
static int
copy_again(pk_open_calls *open, pk_open_stack *stack, const pk_clock *clock)
{
    pk_open_stack now = {.thread = stack->thread, .chain = stack->chain};
    if (copy_stack(open, &now) < 0)
        return -1;
    pk_open_frame *frames = open->frames + now.first;
    size_t steady = count_steady(open, stack, &now);
    if (!is_running(&now) && steady < now.length)
        now.now = frames[steady].start;
    now.length = steady;
    outlook seen = OPEN;
    while (is_running(&now) && now.length > 0) {
        seen = wait_for(&now, &frames[now.length - 1], clock);
        if (seen != GONE)
            break;
        now.length--;
    }
    open->frames_length = now.first;
    if (seen == CHANGING || seen == STUCK)
        return seen == STUCK ? -1 : 1;
    memcpy(open->frames + stack->first, frames, now.length * sizeof *frames);
    now.first = stack->first;
    *stack = now;
    return 0;
}

/* Keep of a stack what is still open, and read the counters of the rest anew.  0 if all of it is,
 * 1 if not, or −1 for want of memory, or if a call is STUCK. */
static int
settle_stack(pk_open_calls *open, pk_open_stack *stack, pk_digest *digest, const pk_clock *clock)
{
    if (stack->length == 0 || (!is_running(stack) && is_same_turn(stack)))
        return 0;
    size_t before = stack->length;
    int failed = 1;
    for (int i = 0; i < TRIES && failed == 1; i++) {
        if (i >= QUICK_TRIES)
            sched_yield();
        failed = copy_again(open, stack, clock);
    }
    if (failed)
        return -1;
    for (size_t i = stack->length; i < before; i++)
        if (!pk_digest_read_again(digest, open->frames[stack->first + i].node))
            return -1;
    return stack->length < before;
}

/* Settle the stacks of one thread, until none has changed: what was read anew may have counted
 * a call of the same context in another stack. */
static int
settle_thread(pk_open_calls *open, pk_open_stack *stacks, size_t length, pk_digest *digest,
              const pk_clock *clock)
{
    bool again = true;
    while (again) { /* fewer calls each time */
        again = false;
        for (size_t i = 0; i < length; i++) {
            int changed = settle_stack(open, &stacks[i], digest, clock);
            if (changed < 0)
                return -1;
            again |= changed;
        }
    }
    return 0;
}

/* A row for call i of a stack. */
static pk_open_row
row_of(const pk_open_calls *open, const pk_open_stack *stack, size_t i)
{
    const pk_open_frame *frames = open->frames + stack->first;
    const pk_open_frame *call = &frames[i];
    int64_t end = i + 1 < stack->length ? frames[i + 1].start : stack->now;
    int64_t age = stack->now > call->start ? stack->now - call->start : 0;
    int64_t own = end - call->start - call->inner;
    uint32_t flags = call->flags & PK_FRAME_FOLDED ? call->flags : call->node->flags;
    return (pk_open_row){
        .thread = stack->thread->id,
        .depth = call->frame->depth - 1,
        .function = call->node->function,
        .context = call->node->id,
        .suspended = !is_running(stack),
        .calls = 1,
        .age = age,
        .own = own > 0 ? own : 0,
        .cumulative = flags & PK_NODE_RECURSIVE ? 0 : age,
        .edge_cumulative = flags & PK_NODE_EDGE_RECURSIVE ? 0 : age,
    };
}

/* Add a row, unless there are too many.  0, or −1 for want of memory. */
static int
add_row(pk_open_calls *open, const pk_open_row *row)
{
    if (open->rows_length == PK_OPEN_ROWS_MAX)
        return 0;
    if (pk_reserve((void **)&open->rows, &open->rows_capacity, open->rows_length + 1,
                sizeof *open->rows) < 0)
        return -1;
    open->rows[open->rows_length++] = *row;
    return 0;
}

/* The slot of context among the rows from base on, or the free one where it belongs. */
static uint32_t *
slot_of(const pk_open_calls *open, uint32_t context)
{
    size_t mask = open->slots_length - 1;
    size_t at = context * UINT32_C(0x9E3779B1) & mask;
    while (open->slots[at] != 0 && open->rows[open->slots[at] - 1].context != context)
        at = (at + 1) & mask;
    return &open->slots[at];
}

/* Have room for twice the rows from base on, each in its slot.  0, or −1 for want of memory. */
static int
make_slots(pk_open_calls *open, size_t base)
{
    size_t wanted = SLOTS_MIN;
    while (wanted < 4 * (open->rows_length - base))
        wanted *= 2;
    if (pk_reserve((void **)&open->slots, &open->slots_capacity, wanted, sizeof *open->slots) < 0)
        return -1;
    open->slots_length = wanted;
    memset(open->slots, 0, wanted * sizeof *open->slots);
    for (size_t i = base; i < open->rows_length; i++)
        *slot_of(open, open->rows[i].context) = (uint32_t)(i + 1);
    return 0;
}

/* Add a call to the row of its context, one of those from base on.  0, or −1 for want of
 * memory. */
static int
add_up(pk_open_calls *open, size_t base, const pk_open_row *call)
{
    if (2 * (open->rows_length - base + 1) > open->slots_length && make_slots(open, base) < 0)
        return -1;
    uint32_t *slot = slot_of(open, call->context);
    if (*slot == 0) {
        size_t length = open->rows_length;
        if (add_row(open, call) < 0)
            return -1;
        if (open->rows_length > length)
            *slot = (uint32_t)open->rows_length;
        return 0;
    }
    pk_open_row *row = &open->rows[*slot - 1];
    row->calls++;
    row->depth = call->depth < row->depth ? call->depth : row->depth;
    row->age = call->age > row->age ? call->age : row->age;
    row->own += call->own;
    row->cumulative += call->cumulative;
    row->edge_cumulative += call->edge_cumulative;
    return 0;
}

/* Make the rows of a running stack: one for each call, but for the middle of a deep one. */
static int
add_running(pk_open_calls *open, const pk_open_stack *stack)
{
    size_t outer = stack->length, inner = stack->length;
    if (stack->length > PK_OPEN_CALLS_MAX) {
        outer = PK_OPEN_CALLS_MAX / 2;
        inner = stack->length - PK_OPEN_CALLS_MAX / 2;
    }
    int failed = 0;
    for (size_t i = 0; i < outer && !failed; i++) {
        pk_open_row row = row_of(open, stack, i);
        failed = add_row(open, &row);
    }
    size_t base = open->rows_length;
    if (outer < inner && !failed)
        failed = make_slots(open, base);
    for (size_t i = outer; i < inner && !failed; i++) {
        pk_open_row row = row_of(open, stack, i);
        failed = add_up(open, base, &row);
    }
    for (size_t i = inner; i < stack->length && !failed; i++) {
        pk_open_row row = row_of(open, stack, i);
        failed = add_row(open, &row);
    }
    return failed;
}

/* Make the rows of a thread: its running stack, then all suspended ones added up. */
static int
add_thread(pk_open_calls *open, const pk_open_stack *stacks, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (is_running(&stacks[i]) && add_running(open, &stacks[i]) < 0)
            return -1;
    size_t base = open->rows_length;
    bool suspended = length > 1 || !is_running(&stacks[0]);
    if (suspended && make_slots(open, base) < 0)
        return -1;
    for (size_t i = 0; i < length; i++) {
        const pk_open_stack *stack = &stacks[i];
        for (size_t call = 0; !is_running(stack) && call < stack->length; call++) {
            pk_open_row row = row_of(open, stack, call);
            if (add_up(open, base, &row) < 0)
                return -1;
        }
    }
    return 0;
}

int
pk_open_calls_finish(pk_open_calls *open, pk_digest *digest, const pk_clock *clock)
{
    open->rows_length = 0;
    size_t first = 0;
    while (first < open->stacks_length) {
        size_t end = first + 1;
        while (end < open->stacks_length &&
               open->stacks[end].thread == open->stacks[first].thread)
            end++;
        if (settle_thread(open, open->stacks + first, end - first, digest, clock) < 0 ||
            add_thread(open, open->stacks + first, end - first) < 0)
            return -1;
        first = end;
    }
    return 0;
}
