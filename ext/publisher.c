/* publisher.c — the thread: when it looks, to whom it sends, how it ends. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* clock_gettime, nanosleep */
#endif
#include "publisher.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "memory.h"
#include "forked.h"
#include "native.h"
#include "snapshot.h"

#define MS 1000000LL           /* in ns */
#define IDLE_MS 1000           /* between two signs of life in the ledger, when nobody watches */
#define HURRY_NS (10 * MS)     /* between snapshots that were asked for, or, if it is less, */
#define HURRIES 10             /* so many of them in one interval */
#define KEYFRAME_SHARE 10      /* a keyframe may take one part in this many of the time */
#define BURST 4                /* messages that are sent without asking for room */
#define PATIENCE_NS (500 * MS) /* that a keyframe waits for slow viewers, in all */
#define NAP_NS (1 * MS)        /* between looks for room */
#define REST_NS (4 * MS)       /* after a burst that nobody could keep up with */
#define LINGER_NS (100 * MS)   /* for the last messages to leave */
#define LAST_TRIES 5           /* of the last snapshot */
#define REASON_MAX 256
#define RETRY_MIN_NS (2 * MS)    /* between tries to bind, the second; then twice as long, */
#define RETRY_MAX_NS (2000 * MS) /* until it is this */
#define ERROR_MAX 512
#define STOP_MAX_NS (86400 * 1000 * MS)

/* The only things that both sides touch while the thread runs are atomic or latches. */
struct pk_publisher {
    /* Constant once started. */
    pthread_t thread;
    pid_t pid;
    int64_t interval_ns, began_ns;
    uint64_t first_sequence;
    pk_clock clock;
    char *hello; /* owned */
    size_t hello_size;
    char endpoint[PK_ENDPOINT_MAX];
    pk_publisher_options options; /* what it binds with; borrowed */
    unsigned streams;             /* not while any of these is closed */
    pk_wake wake;                 /* open while bound; the thread's until then */

    /* Told to the thread. */
    _Atomic int settled; /* it tries no more to become bound */
    pk_latch leaving;    /* set with quit, for it to wait for */
    _Atomic uint32_t version; /* odd while the next two are being changed */
    _Atomic(pk_ledger *) next_ledger;
    _Atomic uint32_t next_epoch;
    _Atomic int enabled;
    _Atomic int64_t started;   /* processes, as other programs */
    _Atomic int events_taken;
    _Atomic int hurry;         /* a snapshot is wanted before the interval ends */
    _Atomic int quit;          /* the next two are set before */
    char reason[REASON_MAX];   /* empty: no goodbye */
    int64_t quit_by_ns;        /* monotonic */

    /* Told by the thread. */
    pk_latch watched, ended;
    _Atomic int trying; /* to become bound; like settled, sequentially consistent */
    _Atomic int bound;  /* sequentially consistent, as quit is set: one of both sees the other */
    pthread_mutex_t error_mutex;
    char error[ERROR_MAX]; /* why it is not bound */
    _Atomic uint32_t shown;
    _Atomic uint64_t sequence;
    _Atomic int64_t walks, walk_ns, publisher_ns, send_failures;

    /* The thread's own. */
    pk_transport transport;
    pk_memory memory;
    pk_snapshot snapshot;
    pk_buf note; /* hello or goodbye */
    pk_envelope envelope;
    pk_ledger *ledger; /* borrowed */
    uint32_t merges;   /* of its contexts, when it was shown last */
    uint32_t version_seen;
    bool keyframe_wanted;
    bool incomplete; /* something could not be sent: only a keyframe makes sense */
    bool hurried;
    int64_t next_ns, keyframe_from_ns, walked_ns; /* monotonic */
    int burst;           /* messages of the snapshot under way */
    int64_t patience_ns; /* that the snapshot under way may still wait */
    int64_t sending_ns;  /* of the snapshot under way, waiting included */
    int64_t waiting_ns;  /* of it, for room */
};

/* Pairs with pk_publisher_stop. */
static bool
must_quit(pk_publisher *self)
{
    return atomic_load(&self->quit) != 0;
}

static void
count(_Atomic int64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static void
nap(pk_publisher *self, int64_t ns)
{
    struct timespec length = {0, (long)ns};
    nanosleep(&length, NULL);
    self->waiting_ns += ns;
}

/* Send bytes, waiting for slow viewers as long as there is patience; after that they lose
 * what they cannot take.  0 or −1. */
static int
send_paced(pk_publisher *self, const pk_buf *message)
{
    bool patient = self->burst >= BURST;
    int sent;
    while ((sent = pk_transport_send(&self->transport, message->bytes, message->size,
                                     patient && self->patience_ns > 0)) > 0) {
        nap(self, NAP_NS);
        self->patience_ns -= must_quit(self) ? PATIENCE_NS : NAP_NS;
    }
    self->burst++;
    if (self->patience_ns <= 0 && self->burst % BURST == 0 && !must_quit(self))
        nap(self, REST_NS);
    return sent;
}

/* Send a finished message and count it. */
static int
deliver(void *receiver, const pk_buf *message)
{
    pk_publisher *self = receiver;
    int64_t began = pk_monotonic_ns();
    int sent = send_paced(self, message);
    self->sending_ns += pk_monotonic_ns() - began;
    if (sent < 0)
        return -1;
    self->envelope.sequence++;
    atomic_store_explicit(&self->sequence, self->envelope.sequence, memory_order_relaxed);
    return 0;
}

/* Send a message whose body is text. */
static int
send_note(pk_publisher *self, uint8_t kind, const char *text, size_t size)
{
    self->envelope.kind = kind;
    self->envelope.flags = 0;
    pk_message_begin(&self->note, &self->envelope);
    pk_buf_put(&self->note, text, size);
    pk_message_end(&self->note);
    return self->note.failed ? -1 : deliver(self, &self->note);
}

/* CPU time of the calling thread, ns. */
static int64_t
own_cpu_ns(void)
{
    struct timespec spent = {0};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
    return (int64_t)spent.tv_sec * 1000 * MS + spent.tv_nsec;
}

/* What is told about the publisher itself. */
static pk_snapshot_facts
facts_of(pk_publisher *self)
{
    return (pk_snapshot_facts){
        .enabled = atomic_load_explicit(&self->enabled, memory_order_relaxed),
        .messages = (int64_t)self->envelope.sequence,
        .walks = atomic_load_explicit(&self->walks, memory_order_relaxed),
        .walk_ns = atomic_load_explicit(&self->walk_ns, memory_order_relaxed),
        .publisher_ns = atomic_load_explicit(&self->publisher_ns, memory_order_relaxed),
        .children = atomic_load_explicit(&self->started, memory_order_relaxed) +
                    (int64_t)pk_forked_count(),
        .events_taken = atomic_load_explicit(&self->events_taken, memory_order_relaxed),
    };
}

/* Wait until contexts are not being merged, and keep them from it. */
static void
hold_ledger(pk_publisher *self)
{
    while (!pk_ledger_hold(self->ledger))
        nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
    if (self->merges != self->ledger->merges) { /* rows are gone, which only a keyframe tells */
        self->merges = self->ledger->merges;
        self->keyframe_wanted = self->incomplete = true;
    }
}

/* Look at the ledger, which is held, and send what changed, or everything. */
static void
look(pk_publisher *self, int64_t now)
{
    bool whole = self->keyframe_wanted && now >= self->keyframe_from_ns;
    const pk_snapshot_job job = {
        .ledger = self->ledger,
        .clock = &self->clock,
        .memory = &self->memory,
        .facts = facts_of(self),
        .whole = whole,
        .envelope = &self->envelope,
        .send = deliver,
        .receiver = self,
    };
    self->envelope.time_ns = now - self->began_ns;
    self->burst = 0;
    self->patience_ns = whole ? PATIENCE_NS : self->interval_ns / 2;
    self->sending_ns = self->waiting_ns = 0;
    int failed = whole ? send_note(self, PK_KIND_HELLO, self->hello, self->hello_size) : 0;
    if (!failed)
        failed = pk_snapshot_send(&self->snapshot, &job);
    int64_t spent = pk_monotonic_ns() - now;

    if (failed)
        count(&self->send_failures);
    self->incomplete = failed != 0;
    if (failed || whole) {
        self->keyframe_wanted = failed != 0;
        int64_t rest = KEYFRAME_SHARE * (spent - self->waiting_ns);
        self->keyframe_from_ns = now + (rest > self->interval_ns ? rest : self->interval_ns);
    }
    self->walked_ns = now;
    self->hurried = false;
    count(&self->walks);
    atomic_store_explicit(&self->walk_ns, spent - self->sending_ns, memory_order_relaxed);
    atomic_store_explicit(&self->publisher_ns, own_cpu_ns(), memory_order_relaxed);
}

/* Hold the ledger and look at it, unless a keyframe is wanted and it is too early for one. */
static void
walk(pk_publisher *self)
{
    hold_ledger(self);
    int64_t now = pk_monotonic_ns();
    if (!self->incomplete || now >= self->keyframe_from_ns)
        look(self, now);
    pk_ledger_release(self->ledger);
}

/* When the next walk is due; only viewers make it so. */
static int64_t
due_ns(const pk_publisher *self)
{
    int64_t due = self->next_ns;
    if (self->incomplete)
        return self->keyframe_from_ns;
    if (self->keyframe_wanted && self->keyframe_from_ns < due)
        due = self->keyframe_from_ns;
    int64_t gap = self->interval_ns / HURRIES < HURRY_NS ? self->interval_ns / HURRIES : HURRY_NS;
    if (self->hurried && self->walked_ns + gap < due)
        due = self->walked_ns + gap;
    return due;
}

/* Wait for a viewer, a wake or the time of the next walk. */
static void
wait_for_work(pk_publisher *self)
{
    long timeout_ms = IDLE_MS;
    if (pk_transport_has_viewers(&self->transport)) {
        int64_t left = due_ns(self) - pk_monotonic_ns();
        timeout_ms = left <= 0 ? 0 : left / MS < IDLE_MS ? (long)((left + MS - 1) / MS) : IDLE_MS;
    }
    pk_transport_wait(&self->transport, self->wake.reader, timeout_ms);
    pk_wake_drain(&self->wake);
}

/* See who came and who left. */
static void
hear_viewers(pk_publisher *self)
{
    bool had = pk_transport_has_viewers(&self->transport);
    if (pk_transport_news(&self->transport) > 0)
        self->keyframe_wanted = true;
    bool has = pk_transport_has_viewers(&self->transport);
    if (has != had)
        pk_latch_set(&self->watched, has);
}

/* Turn to the ledger that is to be shown, unless that is being changed this moment: then
 * another wake follows. */
static void
adopt_ledger(pk_publisher *self)
{
    /* acquire, also in the loads between: pairs with pk_publisher_show */
    uint32_t before = atomic_load_explicit(&self->version, memory_order_acquire);
    if (before == self->version_seen || before % 2 != 0)
        return;
    pk_ledger *ledger = atomic_load_explicit(&self->next_ledger, memory_order_acquire);
    uint32_t epoch = atomic_load_explicit(&self->next_epoch, memory_order_acquire);
    if (atomic_load_explicit(&self->version, memory_order_relaxed) != before)
        return;
    self->ledger = ledger;
    self->envelope.epoch = epoch;
    self->version_seen = before;
    self->keyframe_wanted = true;
    /* release: pairs with pk_publisher_shown */
    atomic_store_explicit(&self->shown, epoch, memory_order_release);
}

/* The last snapshot and goodbye, for which there is little time. */
static void
say_goodbye(pk_publisher *self)
{
    hear_viewers(self);
    adopt_ledger(self);
    self->keyframe_from_ns = 0;
    bool watched = pk_transport_has_viewers(&self->transport);
    for (int i = 0; i < LAST_TRIES && watched; i++) {
        walk(self);
        if (!self->incomplete)
            break;
        self->keyframe_from_ns = 0;
    }
    self->envelope.time_ns = pk_monotonic_ns() - self->began_ns;
    if (send_note(self, PK_KIND_BYE, self->reason, strlen(self->reason)) < 0)
        count(&self->send_failures);
}

/* How long the last messages may take to leave: less than the stopper waits. */
static int
linger_ms(const pk_publisher *self)
{
    if (self->reason[0] == '\0')
        return 0;
    int64_t left = (self->quit_by_ns - pk_monotonic_ns()) / 2;
    return left <= 0 ? 0 : (int)((left < LINGER_NS ? left : LINGER_NS) / MS);
}

/* Leave a sign of life in the ledger: a reader of the file of a killed process knows then for how
 * long its open calls ran, to IDLE_MS.  Another thread's CPU time stands in no clock of ours. */
static void
sign(pk_publisher *self)
{
    if (self->clock.kind == PK_CLOCK_TSC || self->clock.kind == PK_CLOCK_MONOTONIC)
        atomic_store_explicit(&self->ledger->seen, pk_clock_now(&self->clock),
                              memory_order_relaxed);
}

/* Wake the thread.  Where it is not bound it looks at everything as soon as it is. */
static void
ring(pk_publisher *self)
{
    if (atomic_load(&self->bound))
        pk_wake_ring(&self->wake);
}

/* Open what takes descriptors and threads: 0, or −1 with a message in error. */
static int
become_bound(pk_publisher *self, char *error, size_t error_size)
{
    const pk_transport_options options = {self->options.endpoint, self->options.server_secret,
                                          self->options.clients};
    if (pk_wake_open(&self->wake) < 0) {
        snprintf(error, error_size, "cannot publish for want of descriptors");
        return -1;
    }
    if (pk_transport_open(&self->transport, self->options.zmq, &options, error, error_size) < 0) {
        pk_wake_close(&self->wake);
        return -1;
    }
    if (self->endpoint[0] == '\0') /* else it is what was bound before, and may be read now */
        memcpy(self->endpoint, self->transport.endpoint, sizeof self->endpoint);
    atomic_store(&self->bound, 1);
    ring(self);
    return 0;
}

/* Try to become bound until that succeeds; false: it must quit before. */
static bool
become_bound_in_time(pk_publisher *self)
{
    char error[ERROR_MAX] = "waiting for the standard streams to be open again";
    int64_t pause = RETRY_MIN_NS;
    while (!must_quit(self)) {
        atomic_store(&self->trying, 1);
        bool bound = !atomic_load(&self->settled) &&
                     (self->streams & ~pk_publisher_streams()) == 0 &&
                     become_bound(self, error, sizeof error) == 0;
        atomic_store(&self->trying, 0);
        if (bound)
            return true;
        pthread_mutex_lock(&self->error_mutex);
        memcpy(self->error, error, sizeof error);
        pthread_mutex_unlock(&self->error_mutex);
        (void)pk_latch_wait(&self->leaving, pause);
        pause = pause < RETRY_MAX_NS / 2 ? 2 * pause : RETRY_MAX_NS;
    }
    return false;
}

/* The thread.  Everything it made is undone here, before it tells that it has ended. */
static void *
run(void *argument)
{
    pk_publisher *self = argument;
    if (!atomic_load(&self->bound) && !become_bound_in_time(self)) {
        pk_latch_set(&self->ended, true);
        return NULL;
    }
    pk_memory_open(&self->memory);
    if (send_note(self, PK_KIND_HELLO, self->hello, self->hello_size) < 0)
        count(&self->send_failures);
    while (!must_quit(self)) {
        wait_for_work(self);
        hear_viewers(self);
        adopt_ledger(self);
        sign(self);
        if (atomic_exchange_explicit(&self->hurry, 0, memory_order_acquire))
            self->hurried = true;
        int64_t now = pk_monotonic_ns();
        if (must_quit(self) || !pk_transport_has_viewers(&self->transport) ||
            now < due_ns(self))
            continue;
        if (now >= self->next_ns)
            self->next_ns += self->interval_ns;
        if (now >= self->next_ns)
            self->next_ns = now + self->interval_ns;
        walk(self);
    }
    if (self->reason[0] != '\0')
        say_goodbye(self);
    pk_transport_close(&self->transport, linger_ms(self));
    pk_snapshot_free(&self->snapshot);
    pk_buf_free(&self->note);
    pk_memory_close(&self->memory);
    pk_latch_set(&self->ended, true);
    return NULL;
}

/* Take over what options say. */
static int
take_options(pk_publisher *self, const pk_publisher_options *options, pk_ledger *ledger)
{
    self->hello = pk_calloc(options->hello_size + 1, 1);
    if (self->hello == NULL)
        return -1;
    memcpy(self->hello, options->hello, options->hello_size);
    self->hello_size = options->hello_size;
    self->pid = getpid();
    self->interval_ns = options->interval_ns;
    self->began_ns = options->began_ns;
    self->clock = options->clock;
    self->options = *options;
    self->ledger = ledger;
    memcpy(self->envelope.stream, options->stream, sizeof self->envelope.stream);
    self->first_sequence = options->first_sequence;
    self->envelope.sequence = options->first_sequence;
    self->envelope.time_ns = pk_monotonic_ns() - options->began_ns;
    self->envelope.epoch = options->epoch;
    atomic_store_explicit(&self->sequence, options->first_sequence, memory_order_relaxed);
    atomic_store_explicit(&self->shown, options->epoch, memory_order_relaxed);
    return 0;
}

/* Make ready what takes no descriptor: 0 or −1. */
static int
open_latches(pk_publisher *self)
{
    if (pthread_mutex_init(&self->error_mutex, NULL) != 0)
        return -1;
    if (pk_latch_open(&self->watched) == 0) {
        if (pk_latch_open(&self->leaving) == 0) {
            if (pk_latch_open(&self->ended) == 0)
                return 0;
            pk_latch_close(&self->leaving);
        }
        pk_latch_close(&self->watched);
    }
    pthread_mutex_destroy(&self->error_mutex);
    return -1;
}

/* Free what the thread does not use any more, or never did. */
static void
release(pk_publisher *self)
{
    if (atomic_load(&self->bound))
        pk_wake_close(&self->wake);
    pk_latch_close(&self->ended);
    pk_latch_close(&self->leaving);
    pk_latch_close(&self->watched);
    pthread_mutex_destroy(&self->error_mutex);
    free(self->hello);
    free(self);
}

/* A publisher without a thread, or NULL for want of memory. */
static pk_publisher *
make(const pk_publisher_options *options, pk_ledger *ledger)
{
    pk_publisher *self = pk_calloc(1, sizeof *self);
    if (self != NULL && take_options(self, options, ledger) == 0 && open_latches(self) == 0)
        return self;
    if (self != NULL)
        free(self->hello);
    free(self);
    return NULL;
}

pk_publisher *
pk_publisher_start(const pk_publisher_options *options, pk_ledger *ledger, char *error,
                   size_t error_size)
{
    pk_publisher *self = make(options, ledger);
    if (self == NULL) {
        snprintf(error, error_size, "cannot publish for want of memory");
        return NULL;
    }
    if (become_bound(self, error, error_size) == 0) {
        int failed = pk_native_start(&self->thread, "pikos", run, self);
        if (!failed)
            return self;
        snprintf(error, error_size, "cannot start the publishing thread: %s", strerror(failed));
        pk_transport_close(&self->transport, 0);
    }
    release(self);
    return NULL;
}

pk_publisher *
pk_publisher_start_patiently(const pk_publisher_options *options, pk_ledger *ledger,
                             unsigned streams)
{
    pk_publisher *self = make(options, ledger);
    if (self == NULL)
        return NULL;
    self->streams = streams;
    snprintf(self->error, sizeof self->error, "it is just beginning again");
    snprintf(self->endpoint, sizeof self->endpoint, "%s", options->endpoint);
    if (pk_native_start(&self->thread, "pikos", run, self) == 0)
        return self;
    release(self);
    return NULL;
}

void
pk_publisher_settle(pk_publisher *publisher)
{
    atomic_store(&publisher->settled, 1);
    while (atomic_load(&publisher->trying))
        nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
}

bool
pk_publisher_bound(pk_publisher *publisher, char *error, size_t error_size)
{
    if (atomic_load(&publisher->bound))
        return true;
    pthread_mutex_lock(&publisher->error_mutex);
    snprintf(error, error_size, "%s", publisher->error);
    pthread_mutex_unlock(&publisher->error_mutex);
    return false;
}

void
pk_publisher_show(pk_publisher *publisher, pk_ledger *ledger, uint32_t epoch)
{
    uint32_t version = atomic_load_explicit(&publisher->version, memory_order_relaxed);
    atomic_store_explicit(&publisher->version, version + 1, memory_order_relaxed);
    /* release, three times: pairs with adopt_ledger, which sees an odd version with them */
    atomic_store_explicit(&publisher->next_ledger, ledger, memory_order_release);
    atomic_store_explicit(&publisher->next_epoch, epoch, memory_order_release);
    atomic_store_explicit(&publisher->version, version + 2, memory_order_release);
    ring(publisher);
}

uint32_t
pk_publisher_shown(const pk_publisher *publisher)
{
    /* acquire: pairs with adopt_ledger */
    return atomic_load_explicit(&publisher->shown, memory_order_acquire);
}

void
pk_publisher_set_missed(pk_publisher *publisher, int64_t started, bool events_taken)
{
    atomic_store_explicit(&publisher->started, started, memory_order_relaxed);
    atomic_store_explicit(&publisher->events_taken, events_taken, memory_order_relaxed);
}

void
pk_publisher_set_enabled(pk_publisher *publisher, bool enabled)
{
    atomic_store_explicit(&publisher->enabled, enabled, memory_order_relaxed);
    atomic_store_explicit(&publisher->hurry, 1, memory_order_release);
    ring(publisher);
}

const char *
pk_publisher_endpoint(const pk_publisher *publisher)
{
    return publisher->endpoint;
}

void
pk_publisher_read(pk_publisher *publisher, pk_publisher_facts *facts)
{
    uint64_t sequence = atomic_load_explicit(&publisher->sequence, memory_order_relaxed);
    *facts = (pk_publisher_facts){
        .viewers = pk_latch_wait(&publisher->watched, 0),
        .sequence = sequence,
        .messages = (int64_t)(sequence - publisher->first_sequence),
        .walks = atomic_load_explicit(&publisher->walks, memory_order_relaxed),
        .walk_ns = atomic_load_explicit(&publisher->walk_ns, memory_order_relaxed),
        .publisher_ns = atomic_load_explicit(&publisher->publisher_ns, memory_order_relaxed),
        .send_failures = atomic_load_explicit(&publisher->send_failures, memory_order_relaxed),
    };
}

unsigned
pk_publisher_streams(void)
{
    unsigned open = 0;
    for (unsigned stream = 0; stream <= 2; stream++)
        if (fcntl((int)stream, F_GETFD) >= 0)
            open |= 1u << stream;
    return open;
}

int
pk_publisher_stop(pk_publisher *publisher, const char *reason, int64_t deadline_ns,
                  uint64_t *sequence)
{
    *sequence = atomic_load_explicit(&publisher->sequence, memory_order_relaxed);
    if (publisher->pid != getpid())
        return 0; /* the thread and the sockets are the parent's; so is this memory */
    if (reason != NULL)
        snprintf(publisher->reason, sizeof publisher->reason, "%s", reason);
    deadline_ns = deadline_ns < 0 ? 0 : deadline_ns < STOP_MAX_NS ? deadline_ns : STOP_MAX_NS;
    publisher->quit_by_ns = pk_monotonic_ns() + deadline_ns;
    atomic_store(&publisher->quit, 1); /* pairs with must_quit */
    pk_latch_set(&publisher->leaving, true);
    ring(publisher);
    if (!pk_latch_wait(&publisher->ended, deadline_ns)) {
        pthread_detach(publisher->thread);
        return -1;
    }
    pthread_join(publisher->thread, NULL);
    *sequence = atomic_load_explicit(&publisher->sequence, memory_order_relaxed);
    release(publisher);
    return 0;
}
