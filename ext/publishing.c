/* publishing.c — starting, pausing and stopping the native publisher. */
#include "publishing.h"

#include <string.h>
#include <time.h>

#include "ledger_file.h"
#include "native.h"

#define ERROR_SIZE 512
#define VIEWER_POLL_NS 5000000
#define BOUND_THREADS 3 /* the publisher's, and libzmq's two */
#define RETRY_MIN_NS 2000000 /* after no thread could be had; then twice as long, */
#define RETRY_MAX_NS 2000000000 /* until it is this */
#define SECONDS_MAX 86400.0

int
pk_publishing_bind(pk_state *state, PyObject *path)
{
    char error[ERROR_SIZE] = "";
    pk_zmq zmq;
    PyObject *bytes = NULL; /* owned */
    if (path != Py_None && !PyUnicode_FSConverter(path, &bytes))
        return -1;
    int failed = pk_zmq_bind(&zmq, bytes == NULL ? NULL : PyBytes_AS_STRING(bytes), error,
                             sizeof error);
    Py_XDECREF(bytes);
    if (failed) {
        PyErr_SetString(PyExc_OSError, error);
        return -1;
    }
    state->zmq = zmq;
    state->zmq_bound = true;
    Py_XSETREF(state->zmq_path, path == Py_None ? NULL : Py_NewRef(path));
    return 0;
}

PyObject *
pk_publishing_libzmq(const pk_state *state)
{
    if (!state->zmq_bound)
        return Py_BuildValue("{s:s,s:O,s:O,s:O}", "how", "unbound", "version", Py_None, "path",
                             Py_None, "curve", Py_False);
    int major, minor, patch;
    state->zmq.version(&major, &minor, &patch);
    PyObject *path = state->zmq_path == NULL ? Py_None : state->zmq_path;
    return Py_BuildValue("{s:s,s:N,s:O,s:O}", "how", path == Py_None ? "linked" : "bound",
                         "version", PyUnicode_FromFormat("%d.%d.%d", major, minor, patch),
                         "path", path, "curve",
                         pk_zmq_has_curve(&state->zmq) ? Py_True : Py_False);
}

uint32_t
pk_publishing_shown(const pk_profiler *profiler)
{
    const pk_publisher *publisher = profiler->publishing.publisher;
    return publisher == NULL ? UINT32_MAX : pk_publisher_shown(publisher);
}

/* Keep the ledger in the session's file, if it has one.  Where that cannot be, it is only not
 * there when the process is gone. */
static void
keep_ledger(pk_profiler *profiler)
{
    const pk_publishing *publishing = &profiler->publishing;
    const pk_ledger_facts facts = {
        .hello = publishing->hello,
        .hello_size = publishing->options.hello_size,
        .stream = publishing->options.stream,
        .clock = &profiler->clock,
        .began_ns = publishing->options.began_ns,
        .epoch = profiler->epoch,
    };
    if (publishing->ledger_path != NULL)
        (void)pk_ledger_file_keep(profiler->ledger, &facts, publishing->ledger_path);
}

void
pk_publishing_show(pk_profiler *profiler)
{
    if (profiler->publishing.endpoint != NULL)
        keep_ledger(profiler);
    if (profiler->publishing.publisher != NULL)
        pk_publisher_show(profiler->publishing.publisher, profiler->ledger, profiler->epoch);
}

void
pk_publishing_set_enabled(pk_profiler *profiler)
{
    if (profiler->publishing.publisher != NULL)
        pk_publisher_set_enabled(profiler->publishing.publisher, profiler->enabled);
}

void
pk_publishing_set_missed(pk_profiler *profiler)
{
    if (profiler->publishing.publisher != NULL)
        pk_publisher_set_missed(profiler->publishing.publisher, profiler->started,
                                profiler->events_taken || profiler->replacing > 0);
}

/* Start the publisher with the options that are set: at once, or −1 with a message in error; or
 * if that is NULL, as soon as it can.  0, or −1.  The GIL is kept, so that the ledger stays what
 * it is. */
static int
start(pk_profiler *profiler, char *error)
{
    pk_publishing *publishing = &profiler->publishing;
    publishing->options.epoch = profiler->epoch;
    publishing->options.clock = profiler->clock;
    publishing->publisher =
        error != NULL ? pk_publisher_start(&publishing->options, profiler->ledger, error, ERROR_SIZE)
                      : pk_publisher_start_patiently(&publishing->options, profiler->ledger,
                                                     publishing->streams);
    if (publishing->publisher == NULL)
        return -1;
    pk_publishing_set_missed(profiler);
    pk_publishing_set_enabled(profiler);
    return 0;
}

/* Stop the publisher and keep the options.  The GIL is released meanwhile. */
static void
stop(pk_profiler *profiler, const char *reason, int64_t deadline_ns)
{
    pk_publisher *publisher = profiler->publishing.publisher;
    uint64_t sequence = profiler->publishing.options.first_sequence;
    int failed;
    if (publisher == NULL)
        return;
    profiler->publishing.publisher = NULL;
    profiler->readers++; /* the ledger stays while the thread still reads it */
    Py_BEGIN_ALLOW_THREADS
    failed = pk_publisher_stop(publisher, reason, deadline_ns, &sequence);
    Py_END_ALLOW_THREADS
    profiler->readers--;
    if (failed) {
        pk_profiler_lend(profiler, pk_publisher_shown(publisher));
        profiler->publishing.lent = true;
    }
    profiler->publishing.options.first_sequence = sequence;
}

/* Forget the options; they are freed, unless a thread has them that did not end. */
static void
forget(pk_publishing *publishing)
{
    if (publishing->lent) {
        memset(publishing, 0, sizeof *publishing);
        return;
    }
    PyMem_Free(publishing->endpoint);
    PyMem_Free(publishing->hello);
    PyMem_Free(publishing->server_secret);
    PyMem_Free(publishing->ledger_path);
    for (char **client = publishing->clients; client != NULL && *client != NULL; client++)
        PyMem_Free(*client);
    PyMem_Free(publishing->clients);
    memset(publishing, 0, sizeof *publishing);
}

/* A copy of size bytes with a terminator, or NULL with an exception. */
static char *
copy(const char *bytes, size_t size)
{
    char *made = PyMem_Calloc(1, size + 1);
    if (made == NULL)
        PyErr_NoMemory();
    else
        memcpy(made, bytes, size);
    return made;
}

/* Copy the keys of those who may subscribe.  0, or −1 with an exception. */
static int
copy_clients(pk_publishing *publishing, PyObject *clients)
{
    Py_ssize_t count = PyTuple_GET_SIZE(clients);
    publishing->clients = PyMem_Calloc((size_t)count + 1, sizeof *publishing->clients);
    if (publishing->clients == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        const char *key = PyUnicode_AsUTF8(PyTuple_GET_ITEM(clients, i));
        if (key == NULL)
            return -1;
        publishing->clients[i] = copy(key, strlen(key));
        if (publishing->clients[i] == NULL)
            return -1;
    }
    return 0;
}

const char pk_start_publishing_doc[] =
"start_publishing(endpoint, interval_s, hello, stream, server_secret=None, clients=(),\n"
"                 ledger=None)\n--\n\n"
"Start the native thread that publishes what is counted.\n\n"
"Parameters\n----------\n"
"endpoint : str\n    Where to bind, as libzmq writes it.\n"
"interval_s : float\n    Seconds between two snapshots.\n"
"hello : bytes\n    JSON that describes the session.\n"
"stream : bytes\n    16 random bytes that tell the session from all others.\n"
"server_secret : str, optional\n    Secret CURVE key, Z85.\n"
"clients : tuple of str, optional\n    Public CURVE keys of those who may subscribe, Z85.\n"
"ledger : bytes, optional\n    Path of a file to keep what is counted in, so that it outlives the\n"
"    process; if it cannot be made, counts stay in anonymous memory.\n\n"
"Returns\n-------\n"
"str\n    The endpoint that was bound.\n\n"
"Raises\n------\n"
"OSError\n    If it cannot be bound; then nothing is left on.\n"
"RuntimeError\n    If it publishes already, or no libzmq is bound.";

PyObject *
pk_start_publishing(PyObject *op, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"endpoint",      "interval_s", "hello", "stream",
                            "server_secret", "clients",    "ledger", NULL};
    pk_profiler *self = (pk_profiler *)op;
    pk_publishing *publishing = &self->publishing;
    const char *endpoint, *hello, *stream;
    const char *secret = NULL;
    const char *ledger = NULL;
    Py_ssize_t hello_size, stream_size, ledger_size;
    double interval_s;
    PyObject *clients = NULL;
    char error[ERROR_SIZE] = "";
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "sdy#y#|zO!z#:start_publishing", names,
                                     &endpoint, &interval_s, &hello, &hello_size, &stream,
                                     &stream_size, &secret, &PyTuple_Type, &clients, &ledger,
                                     &ledger_size))
        return NULL;
    if (stream_size != 16 || !(interval_s > 0.0 && interval_s < 86400.0)) {
        PyErr_SetString(PyExc_ValueError,
                        "stream takes 16 bytes, and interval_s from above 0 to a day");
        return NULL;
    }
    if (publishing->publisher != NULL || publishing->endpoint != NULL) {
        PyErr_SetString(PyExc_RuntimeError, "this profiler publishes already");
        return NULL;
    }
    if (!self->state->zmq_bound) {
        PyErr_SetString(PyExc_RuntimeError, "no libzmq is bound; call bind_libzmq() first");
        return NULL;
    }
    publishing->endpoint = copy(endpoint, strlen(endpoint));
    publishing->hello = copy(hello, (size_t)hello_size);
    if (secret != NULL)
        publishing->server_secret = copy(secret, strlen(secret));
    if (ledger != NULL)
        publishing->ledger_path = copy(ledger, (size_t)ledger_size);
    if (publishing->endpoint == NULL || publishing->hello == NULL ||
        (ledger != NULL && publishing->ledger_path == NULL) ||
        (secret != NULL && publishing->server_secret == NULL) ||
        (clients != NULL && copy_clients(publishing, clients) < 0)) {
        forget(publishing);
        return NULL;
    }
    publishing->options = (pk_publisher_options){
        .zmq = &self->state->zmq,
        .endpoint = publishing->endpoint,
        .interval_ns = (int64_t)(interval_s * 1e9),
        .hello = publishing->hello,
        .hello_size = (size_t)hello_size,
        .server_secret = publishing->server_secret,
        .clients = (const char *const *)publishing->clients,
        .began_ns = pk_monotonic_ns(),
    };
    memcpy(publishing->options.stream, stream, 16);
    if (start(self, error) < 0) {
        forget(publishing);
        PyErr_Format(PyExc_OSError, "cannot publish on %s: %s", endpoint, error);
        return NULL;
    }
    /* Where the port was open, it is the same after a pause. */
    const char *bound = pk_publisher_endpoint(publishing->publisher);
    char *kept = copy(bound, strlen(bound));
    if (kept == NULL) {
        pk_publishing_stop(self, NULL, PK_STOP_DEADLINE_NS);
        return NULL;
    }
    PyMem_Free(publishing->endpoint);
    publishing->options.endpoint = publishing->endpoint = kept;
    keep_ledger(self); /* only now: what cannot publish leaves no file open */
    return PyUnicode_FromString(bound);
}

void
pk_publishing_stop(pk_profiler *profiler, const char *reason, int64_t deadline_ns)
{
    stop(profiler, reason, deadline_ns);
    forget(&profiler->publishing);
}

const char pk_stop_publishing_doc[] =
"stop_publishing(reason, deadline_s=0.25)\n--\n\n"
"Publish a last snapshot and goodbye, and stop; nothing is done if nothing is published.\n\n"
"Parameters\n----------\n"
"reason : str\n    Why, for the viewers.\n"
"deadline_s : float, optional\n    Seconds that it may take at most; up to a day.";

/* Seconds as ns: below 0 and what is no number are 0, above a day is a day. */
static int64_t
ns_of(double seconds)
{
    return seconds > 0.0 ? (int64_t)((seconds < SECONDS_MAX ? seconds : SECONDS_MAX) * 1e9) : 0;
}

PyObject *
pk_stop_publishing(PyObject *op, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"reason", "deadline_s", NULL};
    const char *reason;
    double deadline_s = PK_STOP_DEADLINE_NS * 1e-9;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "s|d:stop_publishing", names, &reason,
                                     &deadline_s))
        return NULL;
    pk_publishing_stop((pk_profiler *)op, reason, ns_of(deadline_s));
    Py_RETURN_NONE;
}

const char pk_publishing_facts_doc[] =
"publishing()\n--\n\n"
"What the publisher has done so far.\n\n"
"Returns\n-------\n"
"dict or None\n"
"    endpoint, viewers (whether anybody is subscribed), sequence (of the next message),\n"
"    messages, walks, walk_ns (of the last one), publisher_ns (CPU time), send_failures, error\n"
"    (after a fork: why it cannot publish yet, which is tried again; else None);\n"
"    None if nothing is published.";

/* Have a publisher that could not be started after a fork; it binds by itself. */
static void
restart(pk_profiler *profiler)
{
    pk_publishing *publishing = &profiler->publishing;
    publishing->restart = start(profiler, NULL) < 0;
    if (!publishing->restart) {
        publishing->pause_ns = 0;
        return;
    }
    int64_t pause = publishing->pause_ns == 0 ? RETRY_MIN_NS : 2 * publishing->pause_ns;
    publishing->pause_ns = pause < RETRY_MAX_NS ? pause : RETRY_MAX_NS;
    publishing->restart_ns = pk_monotonic_ns() + publishing->pause_ns;
}

void
pk_publishing_restart(pk_profiler *profiler)
{
    if (profiler->publishing.restart && pk_monotonic_ns() >= profiler->publishing.restart_ns)
        restart(profiler);
}

PyObject *
pk_publishing_facts(PyObject *op, PyObject *unused)
{
    (void)unused;
    pk_publishing_restart((pk_profiler *)op);
    const pk_publishing *publishing = &((pk_profiler *)op)->publishing;
    pk_publisher *publisher = publishing->publisher;
    pk_publisher_facts facts;
    char error[ERROR_SIZE];
    if (publisher == NULL && publishing->restart)
        return Py_BuildValue("{s:s,s:O,s:K,s:i,s:i,s:i,s:i,s:i,s:s}", "endpoint",
                             publishing->endpoint, "viewers", Py_False, "sequence",
                             (unsigned long long)publishing->options.first_sequence, "messages",
                             0, "walks", 0, "walk_ns", 0, "publisher_ns", 0, "send_failures", 0,
                             "error", "cannot start the publishing thread");
    if (publisher == NULL)
        Py_RETURN_NONE;
    pk_publisher_read(publisher, &facts);
    return Py_BuildValue("{s:s,s:O,s:K,s:L,s:L,s:L,s:L,s:L,s:z}", "endpoint",
                         pk_publisher_endpoint(publisher), "viewers",
                         facts.viewers ? Py_True : Py_False, "sequence",
                         (unsigned long long)facts.sequence, "messages",
                         (long long)facts.messages, "walks", (long long)facts.walks, "walk_ns",
                         (long long)facts.walk_ns, "publisher_ns", (long long)facts.publisher_ns,
                         "send_failures", (long long)facts.send_failures, "error",
                         pk_publisher_bound(publisher, error, sizeof error) ? NULL : error);
}

const char pk_wait_for_viewer_doc[] =
"wait_for_viewer(timeout_s)\n--\n\n"
"Wait until somebody is subscribed; other threads run on, and signals are handled.\n\n"
"Parameters\n----------\n"
"timeout_s : float\n    Seconds to wait at most.\n\n"
"Returns\n-------\n"
"bool\n    Whether somebody is.";

PyObject *
pk_wait_for_viewer(PyObject *op, PyObject *timeout)
{
    double timeout_s = PyFloat_AsDouble(timeout);
    if (timeout_s == -1.0 && PyErr_Occurred())
        return NULL;
    double end = (double)pk_monotonic_ns() + (timeout_s > 0.0 ? timeout_s * 1e9 : 0.0);
    for (;;) {
        /* Looked up anew each time: whoever has the GIL may stop the publisher. */
        pk_publisher *publisher = ((pk_profiler *)op)->publishing.publisher;
        pk_publisher_facts facts = {.viewers = false};
        if (publisher != NULL)
            pk_publisher_read(publisher, &facts);
        if (facts.viewers)
            Py_RETURN_TRUE;
        if (publisher == NULL || (double)pk_monotonic_ns() >= end)
            Py_RETURN_FALSE;
        Py_BEGIN_ALLOW_THREADS
        nanosleep(&(struct timespec){.tv_nsec = VIEWER_POLL_NS}, NULL);
        Py_END_ALLOW_THREADS
        if (PyErr_CheckSignals() < 0)
            return NULL;
    }
}

/* Stop so that the system, too, counts our threads no more: os.fork() asks it. */
static void
stop_threads(pk_profiler *profiler, int own)
{
    int before = pk_native_threads();
    stop(profiler, NULL, PK_STOP_DEADLINE_NS);
    Py_BEGIN_ALLOW_THREADS
    pk_native_wait_for_threads(before - own);
    Py_END_ALLOW_THREADS
}

const char pk_pause_publishing_doc[] =
"pause_publishing()\n--\n\n"
"Before a fork, or before all files are closed: end the thread and close the sockets, so that\n"
"a child does not inherit them, and nobody else closes them.";

PyObject *
pk_pause_publishing(PyObject *op, PyObject *unused)
{
    (void)unused;
    pk_profiler *self = (pk_profiler *)op;
    pk_publishing *publishing = &self->publishing;
    if (publishing->publisher == NULL && !publishing->restart)
        Py_RETURN_NONE;
    publishing->paused = true;
    publishing->restart = false;
    if (publishing->publisher != NULL) {
        char error[ERROR_SIZE];
        pk_publisher_settle(publishing->publisher);
        bool bound = pk_publisher_bound(publishing->publisher, error, sizeof error);
        if (bound) /* else those of the pause before are still waited for */
            publishing->streams = pk_publisher_streams();
        stop_threads(self, bound ? BOUND_THREADS : 1);
    }
    Py_RETURN_NONE;
}

const char pk_resume_publishing_doc[] =
"resume_publishing()\n--\n\n"
"After a fork, in the parent: start again.  What is not possible at once is tried again, with\n"
"pauses that grow.";

PyObject *
pk_resume_publishing(PyObject *op, PyObject *unused)
{
    (void)unused;
    pk_profiler *self = (pk_profiler *)op;
    if (self->publishing.paused) {
        self->publishing.paused = false;
        restart(self);
    }
    Py_RETURN_NONE;
}

const char pk_forget_publishing_doc[] =
"forget_publishing()\n--\n\n"
"After a fork, in the child: nothing is published, and nothing of the parent's is touched.";

PyObject *
pk_forget_publishing(PyObject *op, PyObject *unused)
{
    (void)unused;
    pk_publishing_stop((pk_profiler *)op, NULL, 0);
    Py_RETURN_NONE;
}
