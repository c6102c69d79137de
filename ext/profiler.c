/* profiler.c — the type Profiler, with the methods of _lsprof's.  [gil] */
#include "profiler.h"

#include <string.h>

#include "bounds.h"
#include "forks.h"
#include "hooks.h"
#include "publishing.h"
#include "stats.h"
#include "threads.h"

/* Why static: the module may be made more than once, and its threads know serials only. */
static uint64_t last_serial;

uint64_t
pk_next_serial(void)
{
    return ++last_serial;
}

pk_state *
pk_state_of(PyTypeObject *type)
{
    return PyModule_GetState(PyType_GetModuleByDef(type, &pk_module));
}

/* Free a ledger with its references, unless it is lent for ever.  These may run anything, so the ledger must already
 * be out of everybody's reach. */
static void
ledger_release(pk_ledger *ledger)
{
    if (ledger == NULL || ledger->own->lent)
        return;
    pk_refs *refs = &ledger->own->refs;
    while (refs->length > 0)
        Py_DECREF((PyObject *)refs->items[--refs->length]);
    pk_ledger_free(ledger);
}

void
pk_profiler_sweep(pk_profiler *profiler)
{
    uint32_t shown = pk_publishing_shown(profiler);
    pk_retired **link = &profiler->retired;
    while (*link != NULL && profiler->readers == 0) {
        pk_retired *retired = *link;
        if (retired->epoch > shown) {
            link = &retired->next;
            continue;
        }
        *link = retired->next;
        pk_ledger *ledger = retired->ledger;
        PyMem_Free(retired);
        ledger_release(ledger);
        link = &profiler->retired; /* the release may have changed the list */
    }
}

void
pk_profiler_lend(pk_profiler *profiler, uint32_t shown)
{
    profiler->ledger->own->lent = true;
    for (pk_retired *each = profiler->retired; each != NULL; each = each->next)
        if (each->epoch > shown)
            each->ledger->own->lent = true;
}

/* Have the ledger's tree bounded as the profiler says. */
static void
bound_tree(const pk_profiler *profiler, pk_ledger *ledger)
{
    ledger->tree_nodes_max = profiler->contexts_max;
    ledger->tree_depth_max = profiler->depth_max;
}

int
pk_profiler_renew(pk_profiler *profiler)
{
    pk_retired *retired = PyMem_Calloc(1, sizeof *retired);
    pk_ledger *ledger = pk_ledger_new(pk_next_serial());
    if (retired == NULL || ledger == NULL) {
        PyMem_Free(retired);
        pk_ledger_free(ledger);
        PyErr_NoMemory();
        return -1;
    }
    bound_tree(profiler, ledger);
    retired->ledger = profiler->ledger;
    retired->epoch = ++profiler->epoch;
    retired->next = profiler->retired;
    profiler->retired = retired;
    profiler->ledger = ledger;
    if (profiler->enabled)
        profiler->serial = pk_next_serial();
    pk_publishing_show(profiler);
    pk_profiler_sweep(profiler);
    return 0;
}

/* The timer must not change what is being timed.  0, or −1 with an exception. */
static int
refuse_in_timer(const char *what)
{
    if (!pk_this_thread.in_timer)
        return 0;
    PyErr_Format(PyExc_RuntimeError, "cannot %s a profiler in its own timer", what);
    return -1;
}

/* Wall time, set up once for all profilers, and given up when it runs from the truth. */
static const pk_clock *
wall_clock(pk_state *state)
{
    const int64_t drift_max_ppm = 1000;
    if (state->clock_reason == NULL) {
        pk_clock_wall(&state->clock, &state->clock_reason);
    } else if (state->clock.kind == PK_CLOCK_TSC) {
        int64_t drift = pk_clock_drift_ppm(&state->clock);
        if (drift > drift_max_ppm || drift < -drift_max_ppm) {
            pk_clock_set(&state->clock, PK_CLOCK_MONOTONIC, 1.0);
            state->clock_reason = "the time-stamp counter has run from the monotonic clock";
        }
    }
    return &state->clock;
}

PyObject *
pk_clock_facts(pk_state *state)
{
    const pk_clock *clock = wall_clock(state);
    return Py_BuildValue("ss", clock->kind == PK_CLOCK_TSC ? "tsc" : "monotonic",
                         state->clock_reason);
}

/* Set up the clock that name asks for.  0, or −1 with an exception. */
static int
choose_clock(pk_state *state, pk_clock *clock, const char *name)
{
    if (strcmp(name, "wall") == 0) {
        *clock = *wall_clock(state);
    } else if (strcmp(name, "monotonic") == 0) {
        pk_clock_set(clock, PK_CLOCK_MONOTONIC, 1.0);
    } else if (strcmp(name, "cpu") == 0) {
        pk_clock_set(clock, PK_CLOCK_CPU, 1.0);
    } else {
        PyErr_Format(PyExc_ValueError,
                     "clock is '%s'; it can be 'wall', 'monotonic' or 'cpu'", name);
        return -1;
    }
    return 0;
}

/* The contexts that a tree may have unless another number is asked for. */
static uint32_t
contexts_of(pk_state *state)
{
    if (state->contexts_max == 0)
        state->contexts_max = pk_bounds_contexts();
    return state->contexts_max;
}

static int
profiler_init(PyObject *op, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"timer",    "timeunit", "subcalls", "builtins",
                            "threads",  "clock",    "contexts", "depth",    NULL};
    pk_profiler *self = (pk_profiler *)op;
    PyObject *timer = NULL;
    PyObject *timeunit = NULL;
    int subcalls = 1, builtins = 1, threads = 1;
    unsigned int contexts = 0, depth = 0;
    const char *name = "wall";
    pk_clock clock;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "|OOpp$psII:Profiler", names, &timer,
                                     &timeunit, &subcalls, &builtins, &threads, &name, &contexts,
                                     &depth))
        return -1;
    double unit = 0.0; /* asked for first, for that may run anything */
    if (timeunit != NULL && timeunit != Py_None) {
        unit = PyFloat_AsDouble(timeunit);
        if (unit == -1.0 && PyErr_Occurred())
            return -1;
    }
    if (refuse_in_timer("initialize") < 0)
        return -1;
    pk_profiler_end_inherited(self->state);
    if (self->state->active == self) {
        PyErr_SetString(PyExc_RuntimeError, "cannot initialize a profiler that is enabled");
        return -1;
    }
    if (choose_clock(self->state, &clock, name) < 0)
        return -1;
    PyObject *old = self->timer;
    self->timer = timer == Py_None ? NULL : Py_XNewRef(timer);
    self->timer_counts = unit > 0.0;
    if (self->timer != NULL)
        pk_clock_set(&clock, PK_CLOCK_EXTERNAL, unit > 0.0 ? unit * 1e9 : 1.0);
    self->clock = clock;
    self->subcalls = subcalls;
    self->builtins = builtins;
    self->all_threads = threads;
    self->contexts_max = contexts == 0 ? contexts_of(self->state) : contexts;
    self->depth_max = depth == 0 ? PK_TREE_DEPTH_MAX : depth;
    bound_tree(self, self->ledger);
    Py_XDECREF(old);
    return 0;
}

static PyObject *
profiler_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    (void)args;
    (void)keywords;
    pk_profiler *self = (pk_profiler *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->state = pk_state_of(type);
    self->serial = UINT64_MAX;
    self->subcalls = self->builtins = self->all_threads = true;
    self->ledger = pk_ledger_new(pk_next_serial());
    if (self->ledger == NULL) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    self->contexts_max = contexts_of(self->state);
    self->depth_max = PK_TREE_DEPTH_MAX;
    bound_tree(self, self->ledger);
    self->clock = *wall_clock(self->state);
    self->has_ledger = true;
    pk_forks_watch(self);
    return (PyObject *)self;
}

/* The truth of value, or if it is NULL or None what it was.  −1 with an exception. */
static int
truth_of(PyObject *value, bool was)
{
    return value == NULL || value == Py_None ? was : PyObject_IsTrue(value);
}

/* Leave the calls that are still open.  Another thread's clock of CPU time cannot be read
 * from here as now, but through its own. */
static void
leave_all(pk_profiler *self)
{
    pk_told told = self->timer != NULL ? pk_hook_ask_timer(self) : (pk_told){false, 0};
    pk_ledger *ledger = self->ledger;
    uint32_t length = atomic_load_explicit(&ledger->threads_length, memory_order_relaxed);
    for (uint32_t i = 1; i <= length; i++) {
        pk_thread *thread = ledger->threads[i];
        int64_t now = self->clock.kind == PK_CLOCK_EXTERNAL
                          ? pk_hook_time_of(thread, told)
                          : pk_clock_now(&self->clock);
        struct timespec time;
        if (self->clock.kind == PK_CLOCK_CPU && clock_gettime(thread->cpu_clock, &time) == 0)
            now = (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
        pk_record_leave_all(ledger, thread, now);
    }
}

/* Leave the calls of the running thread that are still open, and record it no more. */
static void
leave_running(pk_profiler *self)
{
    pk_told told = self->timer != NULL ? pk_hook_ask_timer(self) : (pk_told){false, 0};
    pk_thread *thread = self->enabled ? pk_hook_thread(self) : NULL;
    if (thread != NULL) {
        int64_t now = self->timer != NULL ? pk_hook_time_of(thread, told)
                                          : pk_clock_now(&self->clock);
        pk_record_leave_all(self->ledger, thread, now);
    }
    pk_this_thread.serial = self->serial;
    pk_this_thread.thread = NULL;
}

/* Have the events delivered.  Meanwhile it is active already but not yet enabled, so that
 * whatever code runs can neither enable nor disable it.  0, or −1 with an exception. */
static int
start_counting(pk_profiler *self)
{
    self->owner = pk_thread_number();
    self->state->active = (pk_profiler *)Py_NewRef((PyObject *)self);
    if (pk_events_start(self) < 0) {
        self->state->active = NULL;
        Py_DECREF(self);
        return -1;
    }
    self->enabled = true;
    self->serial = pk_next_serial();
    pk_publishing_set_enabled(self);
    return 0;
}

/* Stop what start_counting() started; calls that are still open end here.  Meanwhile it is
 * active but enabled no more.  0, or −1 with an exception if the events go on, unheeded. */
static int
stop_counting(pk_profiler *self)
{
    self->enabled = false;
    self->serial = UINT64_MAX;
    self->events_taken |= pk_events_taken(self);
    pk_publishing_set_missed(self);
    int result = pk_events_stop(self);
    PyObject *error = pk_error_take();
    self->readers++;
    pk_threads_learn_names(self->state, self->ledger);
    self->readers--;
    leave_all(self);
    pk_publishing_set_enabled(self);
    self->state->active = NULL;
    Py_DECREF(self);
    pk_error_restore(error);
    return result;
}

void
pk_profiler_end_inherited(pk_state *state)
{
    pk_profiler *active = state->active;
    if (active == NULL || !active->inherited)
        return;
    PyObject *error = pk_error_take();
    active->inherited = false;
    state->active = NULL;
    if (pk_events_stop(active) < 0)
        PyErr_Clear(); /* they go on, unheeded; the next enable() or disable() tries again */
    Py_DECREF(active);
    pk_error_restore(error);
}

/* Have a ledger, also in a forked child that had no memory for one.  0, or −1 with an exception. */
static int
have_ledger(pk_profiler *self)
{
    if (!self->has_ledger && pk_profiler_renew(self) < 0)
        return -1;
    self->has_ledger = true;
    return 0;
}

/* An enabled profiler that nobody can reach, and so disable, any more is disabled when
 * another one is told to begin or to end. */
static void
stop_unreachable(pk_state *state)
{
    pk_profiler *active = state->active;
    if (active != NULL && active->enabled &&
        Py_REFCNT(active) == 1 + pk_events_references(active) && stop_counting(active) < 0)
        PyErr_Clear();
}

/* Whether enable() may go on.  0, or −1 with an exception. */
static int
check_enable(pk_profiler *self)
{
    if (refuse_in_timer("enable") < 0)
        return -1;
    pk_profiler_end_inherited(self->state);
    if (self->state->active == self) {
        if (self->enabled && !PK_HAS_MONITORING)
            return 0;
        PyErr_Format(PyExc_ValueError, "this Pikos profiler at %p is already enabled",
                     (void *)self);
        return -1;
    }
    stop_unreachable(self->state);
    if (have_ledger(self) < 0)
        return -1;
    pk_profiler *active = self->state->active;
    if (active != NULL) {
        PyErr_Format(PyExc_ValueError,
                     "another Pikos profiler is already active: %s at %p; disable it first",
                     Py_TYPE(active)->tp_name, (void *)active);
        return -1;
    }
    return 0;
}

PyDoc_STRVAR(enable_doc, "enable(subcalls=None, builtins=None)\n--\n\n"
"Start to count.\n\n"
"Parameters\n----------\n"
"subcalls : bool, optional\n    Whether to keep each caller's share apart; default: as constructed.\n"
"builtins : bool, optional\n    Whether to count calls of built-ins; default: as constructed.\n\n"
"Raises\n------\n"
"ValueError\n    If another Pikos profiler is active, or from 3.12 on this one.\n"
"RuntimeError\n    If called by the profiler's own timer.");

static PyObject *
profiler_enable(PyObject *op, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"subcalls", "builtins", NULL};
    pk_profiler *self = (pk_profiler *)op;
    PyObject *subcalls = NULL;
    PyObject *builtins = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "|OO:enable", names, &subcalls, &builtins))
        return NULL;
    int with_subcalls = truth_of(subcalls, self->subcalls);
    int with_builtins = with_subcalls < 0 ? -1 : truth_of(builtins, self->builtins);
    if (with_builtins < 0 || check_enable(self) < 0)
        return NULL;
    self->subcalls = with_subcalls;
    self->builtins = with_builtins;
    if (!self->enabled && start_counting(self) < 0)
        return NULL;
    Py_RETURN_NONE;
}

PyDoc_STRVAR(disable_doc, "disable()\n--\n\n"
"Stop to count.  Calls that are still open end here.\n\n"
"Raises\n------\n"
"MemoryError\n    If calls were not counted for want of memory.\n"
"RuntimeError\n    If called by the profiler's own timer.");

static PyObject *
profiler_disable(PyObject *op, PyObject *unused)
{
    (void)unused;
    pk_profiler *self = (pk_profiler *)op;
    if (refuse_in_timer("disable") < 0)
        return NULL;
    pk_profiler_end_inherited(self->state);
    if (!self->enabled)
        stop_unreachable(self->state);
    if (self->enabled ? stop_counting(self) < 0
                      : self->state->active != self && pk_events_stop(self) < 0)
        return NULL; /* what goes on, unheeded, is stopped by the next call */
    if (self->no_memory) {
        self->no_memory = false;
        PyErr_SetString(PyExc_MemoryError, "calls were not counted for want of memory");
        return NULL;
    }
    Py_RETURN_NONE;
}

PyDoc_STRVAR(clear_doc, "clear()\n--\n\n"
"Forget all that was counted, and the calls that are open.\n\n"
"Raises\n------\n"
"RuntimeError\n    If called by the profiler's own timer.");

static PyObject *
profiler_clear(PyObject *op, PyObject *unused)
{
    (void)unused;
    if (refuse_in_timer("clear") < 0 || pk_profiler_renew((pk_profiler *)op) < 0)
        return NULL;
    ((pk_profiler *)op)->events_taken = false;
    Py_RETURN_NONE;
}

PyDoc_STRVAR(execute_doc, "execute(function, /, *args)\n--\n\n"
"Count what a function calls, in this thread only while it runs; nothing else is counted of\n"
"the thread, so that the caller adds nothing of its own.  It enables the profiler if need be;\n"
"the other threads are counted until disable().\n\n"
"Parameters\n----------\n"
"function : callable\n    Itself not counted if it is a built-in.\n"
"*args\n    What to call it with.\n\n"
"Returns\n-------\n"
"object\n    What it returned; what it raised comes through.\n\n"
"Raises\n------\n"
"ValueError\n    As enable().");

static PyObject *
profiler_execute(PyObject *op, PyObject *const *args, Py_ssize_t count)
{
    pk_profiler *self = (pk_profiler *)op;
    if (count < 1) {
        PyErr_SetString(PyExc_TypeError, "execute() needs a function");
        return NULL;
    }
    if (!self->enabled && (check_enable(self) < 0 || start_counting(self) < 0))
        return NULL;
    pk_this_thread.serial = 0; /* the thread may be one that was not to be recorded */
    PyObject *result = PyObject_Vectorcall(args[0], args + 1, (size_t)(count - 1), NULL);
    PyObject *error = pk_error_take();
    if (self->enabled)
        leave_running(self);
    pk_error_restore(error);
    return result;
}

PyDoc_STRVAR(getstats_doc, "getstats()\n--\n\n"
"What was counted, all threads together; calls that are still open are not in it.\n\n"
"Returns\n-------\n"
"list of profiler_entry\n    One for each function that has returned at least once.");

static PyObject *
profiler_getstats(PyObject *op, PyObject *unused)
{
    (void)unused;
    return pk_stats_all((pk_profiler *)op);
}

PyDoc_STRVAR(thread_stats_doc, "thread_stats()\n--\n\n"
"What was counted, thread by thread.\n\n"
"Returns\n-------\n"
"list of (dict, list of profiler_entry)\n"
"    A pair for each thread: its id, ident, native_id, name, alive, threads (how many it\n"
"    stands for: new ones are counted with ended ones of their kind) and open (calls that have\n"
"    not returned), and its getstats().");

static PyObject *
profiler_thread_stats(PyObject *op, PyObject *unused)
{
    (void)unused;
    return pk_stats_by_thread((pk_profiler *)op);
}

static PyObject *
profiler_get_enabled(PyObject *op, void *unused)
{
    (void)unused;
    return PyBool_FromLong(((pk_profiler *)op)->enabled);
}

static int
profiler_traverse(PyObject *op, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(op));
    Py_VISIT(((pk_profiler *)op)->timer);
    return 0;
}

static int
profiler_clear_references(PyObject *op)
{
    pk_profiler *self = (pk_profiler *)op;
    if (!self->enabled)
        Py_CLEAR(self->timer);
    return 0;
}

static void
profiler_dealloc(PyObject *op)
{
    pk_profiler *self = (pk_profiler *)op;
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    pk_forks_forget(self);
    PyObject *error = pk_error_take();
    pk_publishing_stop(self, "the profiler is gone", PK_STOP_DEADLINE_NS);
    pk_error_restore(error);
    if (self->readers == 0) {
        pk_profiler_sweep(self);
        ledger_release(self->ledger);
    }
    Py_CLEAR(self->timer);
    type->tp_free(op);
    Py_DECREF(type);
}

PyDoc_STRVAR(note_started_doc, "note_started(count, /)\n--\n\n"
"Have viewers told how many Python processes this one started as other programs.");

static PyObject *
profiler_note_started(PyObject *op, PyObject *count)
{
    pk_profiler *self = (pk_profiler *)op;
    long long started = PyLong_AsLongLong(count);
    if (started == -1 && PyErr_Occurred())
        return NULL;
    self->started = started;
    pk_publishing_set_missed(self);
    Py_RETURN_NONE;
}

static PyMethodDef profiler_methods[] = {
    {"note_started", profiler_note_started, METH_O, note_started_doc},
    {"enable", (PyCFunction)(void (*)(void))profiler_enable, METH_VARARGS | METH_KEYWORDS,
     enable_doc},
    {"disable", profiler_disable, METH_NOARGS, disable_doc},
    {"execute", (PyCFunction)(void (*)(void))profiler_execute, METH_FASTCALL, execute_doc},
    {"clear", profiler_clear, METH_NOARGS, clear_doc},
    {"getstats", profiler_getstats, METH_NOARGS, getstats_doc},
    {"thread_stats", profiler_thread_stats, METH_NOARGS, thread_stats_doc},
    PK_PUBLISHING_METHODS,
    {NULL, NULL, 0, NULL},
};

static PyObject *
profiler_get_events_taken(PyObject *op, void *unused)
{
    (void)unused;
    const pk_profiler *self = (const pk_profiler *)op;
    return PyBool_FromLong(self->events_taken || (self->enabled && pk_events_taken(self)));
}

static PyObject *
profiler_get_keeps_events(PyObject *op, void *unused)
{
    (void)unused;
    return PyBool_FromLong(((const pk_profiler *)op)->keeps_events);
}

static int
profiler_set_keeps_events(PyObject *op, PyObject *value, void *unused)
{
    (void)unused;
    int keeps = value == NULL ? 0 : PyObject_IsTrue(value);
    if (keeps < 0)
        return -1;
    ((pk_profiler *)op)->keeps_events = keeps;
    return 0;
}

static PyGetSetDef profiler_attributes[] = {
    {"keeps_events", profiler_get_keeps_events, profiler_set_keeps_events,
     "Whether the interpreter's events stay on for a second after disable() (bool; from Python 3.12\n"
     "on): for what is enabled again and again, as by a decorator.", NULL},
    {"events_taken", profiler_get_events_taken, NULL,
     "Whether something else took events away (sys.setprofile() or cProfile before Python 3.12,\n"
     "who has the tool id of sys.monitoring since): from then on not everything is counted.", NULL},
    {"enabled", profiler_get_enabled, NULL, "Whether it counts now (bool).", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyDoc_STRVAR(profiler_doc,
"Profiler(timer=None, timeunit=0.0, subcalls=True, builtins=True, *, threads=True,\n"
"         clock='wall', contexts=0, depth=0)\n--\n\n"
"Count every call, exactly.\n\n"
"Parameters\n----------\n"
"timer : callable, optional\n    Gives the time, as seconds, or with timeunit as an int.\n"
"timeunit : float, optional\n    Seconds that one unit of timer's int is worth.\n"
"subcalls : bool, optional\n    Whether to keep each caller's share apart.\n"
"builtins : bool, optional\n    Whether to count calls of built-ins.\n"
"threads : bool, optional\n    Whether to count in all threads, or in the one that enables.\n"
"clock : str, optional\n    'wall' (the time-stamp counter where it can be trusted, else the\n"
"    monotonic clock), 'monotonic', or 'cpu' (of each thread); not used with a timer.\n"
"contexts : int, optional\n    Calling contexts that are kept apart; 0: about a million, or fewer\n"
"    where memory is short.\n"
"depth : int, optional\n    Calls within one another that are kept apart; 0: 4,000.\n\n"
"Raises\n------\n"
"ValueError\n    If clock is none of these.");

static PyType_Slot profiler_slots[] = {
    {Py_tp_doc, (void *)profiler_doc},
    {Py_tp_new, profiler_new},
    {Py_tp_init, profiler_init},
    {Py_tp_dealloc, profiler_dealloc},
    {Py_tp_traverse, profiler_traverse},
    {Py_tp_clear, profiler_clear_references},
    {Py_tp_methods, profiler_methods},
    {Py_tp_getset, profiler_attributes},
    {0, NULL},
};

/* Named as the interpreter's own, for the labels of its methods bear the name. */
PyType_Spec pk_profiler_spec = {
    .name = "_lsprof.Profiler",
    .basicsize = sizeof(pk_profiler),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = profiler_slots,
};
