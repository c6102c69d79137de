/* state.h — what the module and its profilers hold.  [gil] */
#ifndef PK_STATE_H
#define PK_STATE_H

#include "compat.h"

#include "clock.h"
#include "ledger.h"
#include "publisher.h"
#include "tool.h"
#include "transport.h"

typedef struct pk_profiler pk_profiler;

/* The state of the module. */
typedef struct {
    PyTypeObject *profiler_type; /* owned, as all below */
    PyTypeObject *hook_type; /* from 3.12 on, as the next */
    PyObject *monitoring;    /* sys.monitoring, which is not looked for when memory is short */
    PyObject *hooks;         /* its callbacks, a dict by the number of the event, or NULL: not made yet */
    pk_tool tool;            /* our id of it */
    pk_profiler *listener;   /* whom the hooks tell; borrowed, or NULL */
    PyTypeObject *entry_type;
    PyTypeObject *subentry_type;
    PyObject *greenlet; /* str: the name, which is looked for at every new context */
    PyObject *modules;  /* the interpreter's, by name: asking for it when it has ended is fatal */
    PyObject *hidden; /* str: calls of code in files below it are not recorded; or NULL */
    pk_profiler *active; /* the profiler that is enabled, or NULL */
    pk_life *lives;      /* never freed: threads may end later than the module */
    pk_clock clock;      /* wall time; set up when first needed */
    const char *clock_reason; /* NULL until then; static */
    uint32_t contexts_max; /* that memory has room for; 0 until known */
    pk_zmq zmq;         /* as bound */
    bool zmq_bound;
    PyObject *zmq_path; /* str, or NULL: linked, or not bound */
} pk_state;

/* A ledger that was cleared away but may still be read. */
typedef struct pk_retired pk_retired;
struct pk_retired {
    pk_ledger *ledger; /* owned */
    uint32_t epoch;    /* of the ledger that replaced it */
    pk_retired *next;
};

/* What publishing was started with, kept to start it again after a fork. */
typedef struct {
    pk_publisher *publisher; /* owned; NULL: not publishing */
    char *endpoint, *hello, *server_secret; /* owned */
    char *ledger_path;                      /* owned; NULL: the ledger is kept in no file */
    char **clients;                         /* owned, NULL-terminated */
    pk_publisher_options options;           /* refers to what is above */
    bool paused;                            /* stopped for a fork */
    unsigned streams;                       /* the standard streams open then, as bits */
    bool restart;                           /* no thread could be had after one */
    int64_t restart_ns, pause_ns;           /* when that is tried again, and how long that was off */
    bool lent;                              /* for ever, to a thread that did not end */
} pk_publishing;

struct pk_profiler {
    PyObject_HEAD
    pk_state *state;   /* borrowed from the module, which the type keeps alive */
    pk_ledger *ledger; /* owned */
    uint64_t serial;   /* of the time since enable() or clear(); UINT64_MAX: not recording */
    pk_clock clock;
    PyObject *timer;   /* owned; NULL: the clock is read */
    bool timer_counts; /* the timer gives integers of timeunit seconds */
    bool subcalls, builtins, all_threads, enabled;
    bool inherited;    /* enabled by the process that forked this one; its events may go on */
    bool has_ledger;   /* false: a forked child had no memory for its own */
    uint32_t contexts_max, depth_max; /* bounds of the tree */
    bool no_memory;    /* something was not counted; the next disable() tells */
    uint64_t owner;    /* pk_thread_number() of the thread that enabled */
    int64_t started;   /* processes that are not profiled, as other programs */
    int replacing;     /* calls that are open of what replaces a profile function (3.11) */
    bool keeps_events; /* for a second after disable(), as one does that is attached to functions */
    bool events_taken; /* something else took events away, since clear() */
    int readers;       /* reading the ledger with Python code in between */
    uint32_t epoch;    /* how many times it was cleared */
    pk_retired *retired;
    pk_publishing publishing;
    pk_profiler *next_watched; /* forks.c */
};

/* What the running thread knows of the profiler that it last recorded for. */
typedef struct {
    uint64_t serial;   /* of the profiler */
    pk_thread *thread; /* its row; NULL: it is not to be recorded */
    pk_life *life;     /* its own, for as long as it runs */
    int in_timer;      /* it runs a Python timer */
    uint64_t number;   /* pk_thread_number(), or 0: not asked yet */
} pk_here;

/* A serial that nothing else in the process has. */
uint64_t pk_next_serial(void);

/* The state of the module that a profiler's type belongs to.  Borrowed. */
pk_state *pk_state_of(PyTypeObject *type);

/* Begin a new ledger; the one before is freed when nobody reads it any more.  0, or −1
 * with an exception and the ledger as it was. */
int pk_profiler_renew(pk_profiler *profiler);

/* Free the ledgers that were cleared away, as far as nobody reads them any more. */
void pk_profiler_sweep(pk_profiler *profiler);

/* In a forked child, stop the events of the profiler that was enabled in the parent, if that was
 * not done.  Leaves no exception. */
void pk_profiler_end_inherited(pk_state *state);

/* Keep for ever the ledgers that a publisher may read which did not end, and which has got to the
 * one of the epoch shown. */
void pk_profiler_lend(pk_profiler *profiler, uint32_t shown);

extern _Thread_local pk_here pk_this_thread;

#endif
