/* driver.c — what tests in Python need beside the leaf files: a ledger's writer, and sizes. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "alloc.h"
#include "publisher.h"
#include "record.h"
#include "region.h"
#include "wire.h"

#ifdef PK_TEST_ALLOC
long pk_alloc_left = -1;
#endif

#define DEPTH_MAX 12
#define CALLEES 3           /* functions that any function calls */
#define GREENLETS 20000     /* of which the first one runs at the beginning */
#define IN_TURN 3           /* of these, between which a writer switches */
#define THREADS 3
#define PAUSE 2000 /* turns of an empty loop, some µs */
#define SHORT_PAUSE 100
#define SAME_KIND 1         /* of threads: a new one takes an ended one's row */

/* A ledger and its profiled threads. */
typedef struct {
    pk_ledger *ledger;
    pk_thread *thread; /* the one that runs */
    pk_life lives[THREADS];
    pk_clock clock;
    pthread_t writer;
    char greenlets[GREENLETS]; /* their addresses stand for them */
    int64_t busy; /* ticks with a call open in the running stack */
    int slow; /* the writer waits after each event, and calls one function after the other */
    _Atomic int stop;
} driver;

driver *
driver_new(uint64_t serial)
{
    driver *self = calloc(1, sizeof *self);
    if (self == NULL)
        return NULL;
    pk_clock_set(&self->clock, PK_CLOCK_MONOTONIC, 1.0);
    self->ledger = pk_ledger_new(serial);
    if (self->ledger != NULL)
        self->thread = pk_ledger_add_thread(self->ledger, &self->lives[0], 11, 22, 0, SAME_KIND);
    if (self->thread == NULL) {
        pk_ledger_free(self->ledger);
        free(self);
        return NULL;
    }
    return self;
}

void
driver_free(driver *self)
{
    pk_ledger_free(self->ledger);
    free(self);
}

pk_ledger *
driver_ledger(const driver *self)
{
    return self->ledger;
}

static pk_text
copy(const char *text)
{
    size_t size = strlen(text);
    pk_text made = {calloc(size + 1, 1), (uint32_t)size};
    memcpy(made.bytes, text, size);
    return made;
}

/* Merge contexts, and fold calls, past so many. */
void
driver_limit_tree(driver *self, uint32_t contexts)
{
    self->ledger->tree_nodes_max = contexts;
}

/* Add a function: its id, or 0. */
uint32_t
driver_function(driver *self, const char *name, int64_t line)
{
    uintptr_t key = 16 * (uintptr_t)pk_rows_length(&self->ledger->functions);
    pk_function function = {.kind = PK_PYTHON_FUNCTION, .line = line, .key = (void *)key};
    function.name = copy(name);
    function.qualified_name = copy(name);
    function.file = copy("driver.py");
    pk_function *row = pk_ledger_add_function(self->ledger, &function);
    free(function.name.bytes);
    free(function.qualified_name.bytes);
    free(function.file.bytes);
    return row != NULL ? row->id : 0;
}

/* Call a function, or go on with it, at a time in ticks: 0, or −1. */
static int
enter(driver *self, uint32_t id, uint32_t flags, int64_t now)
{
    const pk_function *function = pk_rows_at(&self->ledger->functions, id);
    pk_frame *top = atomic_load_explicit(&self->thread->top, memory_order_relaxed);
    pk_node *parent = atomic_load_explicit(&top->node, memory_order_relaxed);
    pk_node *node = pk_record_guess(parent, function->key);
    if (node == NULL)
        node = pk_ledger_known_child(self->ledger, parent, function->key);
    if (node == NULL)
        node = pk_ledger_child(self->ledger, self->thread, parent, function);
    pk_frame *frame = pk_record_frame(self->thread, top);
    if (node == NULL || frame == NULL)
        return -1;
    pk_record_begin_enter_any(self->thread, frame, node, flags);
    pk_record_end_enter(self->thread, frame, node, now);
    return 0;
}

/* Call a function at a time in ticks: 0, or −1. */
int
driver_call(driver *self, uint32_t id, int64_t now)
{
    return enter(self, id, 0, now);
}

/* Go on with a generator at a time in ticks: 0, or −1. */
int
driver_resume(driver *self, uint32_t id, int64_t now)
{
    return enter(self, id, PK_FRAME_RESUMED, now);
}

/* Let thread number go on, in greenlet 0 if it is new: its id, or 0. */
uint32_t
driver_use_thread(driver *self, uint32_t number)
{
    pk_life *life = &self->lives[number];
    pk_thread *thread = pk_ledger_thread(self->ledger, life);
    if (thread == NULL || atomic_load(&life->ended)) {
        atomic_store(&life->ended, 0);
        thread = pk_ledger_add_thread(self->ledger, life, number, number, 0, SAME_KIND);
        if (thread == NULL)
            return 0;
    }
    self->thread = thread;
    return thread->id;
}

/* Add rows of threads that have the name and one life: how many there are. */
uint32_t
driver_add_threads(driver *self, uint32_t count, const char *name)
{
    pk_text text = copy(name);
    for (uint32_t i = 0; i < count; i++) {
        pk_thread *thread = pk_ledger_add_thread(self->ledger, &self->lives[0], i, i, 0, 0);
        if (thread == NULL || pk_ledger_name_thread(self->ledger, thread, text) < 0)
            break;
    }
    free(text.bytes);
    return atomic_load(&self->ledger->threads_length);
}

/* Let thread number end with what it has open; its row is free for another one, with its id. */
void
driver_end_thread(driver *self, uint32_t number)
{
    pk_thread *thread = pk_ledger_thread(self->ledger, &self->lives[number]);
    static pk_life nobody = {.ended = 1};
    self->lives[number].rows--;
    nobody.rows++;
    atomic_store(&thread->life, &nobody);
}

/* Return from the innermost call at a time in ticks. */
void
driver_return(driver *self, int64_t now)
{
    pk_frame *top = atomic_load_explicit(&self->thread->top, memory_order_relaxed);
    pk_record_pop(self->ledger, self->thread, top, now);
}

/* Return from the innermost call, but stop before its frame is left. */
void
driver_return_partly(driver *self, int64_t now)
{
    pk_frame *top = atomic_load_explicit(&self->thread->top, memory_order_relaxed);
    pk_node *node = atomic_load_explicit(&top->node, memory_order_relaxed);
    pk_times times = pk_record_times(top, now);
    uint32_t flags = pk_frame_flags(top);
    int64_t calls = pk_record_begin_leave(top, node, flags);
    pk_record_pop_unfolded(self->thread, top, node, flags, calls, times);
    atomic_store_explicit(&self->thread->top, top, memory_order_release);
}

/* Finish that return. */
void
driver_return_rest(driver *self)
{
    pk_frame *top = atomic_load_explicit(&self->thread->top, memory_order_relaxed);
    atomic_store_explicit(&self->thread->top, top->below, memory_order_release);
}

/* Go on with the stack of one of the greenlets of the thread that runs, at a time in ticks: 0, or −1. */
int
driver_switch(driver *self, uint32_t greenlet, int64_t now)
{
    return pk_record_switch(self->thread, &self->greenlets[0], &self->greenlets[greenlet], now);
}

/* How many stacks the running thread has. */
uint32_t
driver_stacks(const driver *self)
{
    uint32_t count = 0;
    for (const pk_chain *chain = pk_thread_chains(self->thread); chain != NULL; chain = chain->next)
        count++;
    return count;
}

/* How many of these a search for one of them looks at, at most. */
uint32_t
driver_longest_search(const driver *self)
{
    const pk_owners *owners = &self->thread->owners;
    uint32_t longest = 0;
    for (size_t i = 0; owners->places != NULL && i <= owners->mask; i++) {
        uint32_t length = 0;
        for (const pk_chain *chain = owners->places[i]; chain != NULL; chain = chain->beside)
            length++;
        longest = length > longest ? length : longest;
    }
    return longest;
}

/* How many calls are open in the running stack. */
uint32_t
driver_depth(const driver *self)
{
    return atomic_load_explicit(&self->thread->top, memory_order_relaxed)->depth;
}

/* Leave all calls of the running thread, as when a profiler is disabled. */
void
driver_leave_all(driver *self, int64_t now)
{
    pk_record_leave_all(self->ledger, self->thread, now);
}

/* Add count functions and call each once: 0, or −1. */
int
driver_call_many(driver *self, uint32_t count)
{
    char name[64];
    for (uint32_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "package.module.function_%u", i);
        uint32_t id = driver_function(self, name, i);
        if (id == 0 || driver_call(self, id, i) < 0)
            return -1;
        driver_return(self, i + 1);
    }
    return 0;
}

/* A time that passes by one tick at each event, and that the publisher can read. */
static int64_t
tick(driver *self)
{
    int64_t now = atomic_load_explicit(&self->thread->timer_now, memory_order_relaxed) + 1;
    atomic_store_explicit(&self->thread->timer_now, now, memory_order_release);
    return now;
}

/* Calls, returns and switches of greenlets at random; what is open at the end stays open. */
static void *
write_calls(void *argument)
{
    driver *self = argument;
    uint32_t functions = pk_rows_length(&self->ledger->functions) - 1;
    uint32_t chance = 2463534242u;
    uint32_t depths[IN_TURN] = {0};
    uint32_t running = 0;
    uint32_t next = 0;
    driver_switch(self, 0, tick(self));
    while (!atomic_load_explicit(&self->stop, memory_order_relaxed)) {
        chance ^= chance << 13;
        chance ^= chance >> 17;
        chance ^= chance << 5;
        uint32_t depth = depths[running];
        if (chance % 16 == 0) {
            running = chance / 16 % IN_TURN;
            driver_switch(self, running, tick(self));
        } else if (depth == 0 || (depth < DEPTH_MAX && (chance & 64) != 0)) {
            uint32_t callee = self->slow ? next++ : depth * CALLEES + (chance >> 8) % CALLEES;
            uint32_t id = 1 + callee % functions;
            if (driver_call(self, id, tick(self)) == 0)
                depths[running]++;
        } else {
            driver_return(self, tick(self));
            depths[running]--;
        }
        self->busy += depths[running] > 0;
        for (volatile int i = 0; i < (self->slow ? PAUSE : 0); i++)
            ;
    }
    self->busy -= depths[running] > 0; /* the time after the last event does not pass */
    return NULL;
}

/* Switches between greenlets, in each of which the same call of its own stays open. */
static void *
write_switches(void *argument)
{
    driver *self = argument;
    uint32_t turns = 0;
    while (!atomic_load_explicit(&self->stop, memory_order_relaxed)) {
        driver_switch(self, turns % IN_TURN, tick(self));
        if (turns < IN_TURN)
            driver_call(self, 1 + turns, tick(self));
        turns++;
        for (volatile int i = 0; i < SHORT_PAUSE; i++)
            ;
    }
    return NULL;
}

/* Have a thread switch between greenlets, which have one open call each, until
 * driver_write_stop(): 0, or an error. */
int
driver_switch_start(driver *self)
{
    atomic_store_explicit(&self->stop, 0, memory_order_relaxed);
    return pthread_create(&self->writer, NULL, write_switches, self);
}

/* Have a thread call the functions, recursively too, on several stacks, until
 * driver_write_stop(), quickly or slowly: 0, or an error. */
int
driver_write_start(driver *self, int slow)
{
    self->slow = slow;
    atomic_store_explicit(&self->stop, 0, memory_order_relaxed);
    return pthread_create(&self->writer, NULL, write_calls, self);
}

void
driver_write_stop(driver *self)
{
    atomic_store_explicit(&self->stop, 1, memory_order_relaxed);
    pthread_join(self->writer, NULL);
}

/* How many ticks passed with a call open in the running stack; the writer has stopped. */
int64_t
driver_busy(const driver *self)
{
    return self->busy;
}

/* How many contexts there are room for in use. */
uint32_t
driver_contexts(const driver *self)
{
    return atomic_load(&self->ledger->tree_length);
}

/* How many contexts were merged. */
int64_t
driver_merged(const driver *self)
{
    while (!pk_ledger_hold(self->ledger))
        sched_yield();
    int64_t merged = (int64_t)self->ledger->free.freed;
    pk_ledger_release(self->ledger);
    return merged;
}

/* How many calls have ended. */
int64_t
driver_calls(const driver *self)
{
    int64_t calls = 0;
    uint32_t length = pk_rows_length(&self->ledger->nodes);
    for (uint32_t i = 1; i < length; i++) {
        pk_counts counts;
        pk_node_read(pk_rows_at(&self->ledger->nodes, i), &counts);
        calls += counts.calls;
    }
    return calls;
}

/* Let allocation number left from now fail, and those after it not; negative: none. */
void
driver_fail_allocation(long left)
{
#ifdef PK_TEST_ALLOC
    pk_alloc_left = left;
#else
    (void)left;
#endif
}

/* Whether the failure asked for has not happened yet. */
int
driver_failure_pending(void)
{
#ifdef PK_TEST_ALLOC
    return pk_alloc_left >= 0;
#else
    return 0;
#endif
}

/* Bytes of a structure that Python mirrors or keeps room for; 0 for another name. */
size_t
driver_size_of(const char *name)
{
    static const struct {
        const char *name;
        size_t size;
    } sizes[] = {
        {"buf", sizeof(pk_buf)},
        {"value", sizeof(pk_value)},
        {"block", sizeof(pk_block)},
        {"envelope", sizeof(pk_envelope)},
        {"zmq", sizeof(pk_zmq)},
        {"clock", sizeof(pk_clock)},
        {"options", sizeof(pk_publisher_options)},
        {"facts", sizeof(pk_publisher_facts)},
        {"region", sizeof(pk_region)},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (strcmp(sizes[i].name, name) == 0)
            return sizes[i].size;
    return 0;
}
