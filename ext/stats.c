/* stats.c — a digest of the ledger, as lists of struct sequences. */
#include "stats.h"

#include "digest.h"
#include "names.h"
#include "threads.h"

static PyStructSequence_Field entry_fields[] = {
    {"code", "code object of a Python function, or label of a built-in"},
    {"callcount", "how many times this was called"},
    {"reccallcount", "how many of these calls found it open already"},
    {"totaltime", "seconds in it and what it called, outermost calls only"},
    {"inlinetime", "seconds in it alone"},
    {"calls", "list of profiler_subentry, one for each function it called, or None"},
    {"resumecount", "how many of the calls went on with a generator or coroutine (no item)"},
    {NULL, NULL},
};

static PyStructSequence_Desc entry_description = {
    "pikos._lsprof.profiler_entry", "What was counted of one function.", entry_fields, 6};

static PyStructSequence_Field subentry_fields[] = {
    {"code", "what was called: code object of a Python function, or label of a built-in"},
    {"callcount", "how many times this caller called it"},
    {"reccallcount", "how many of these calls found this caller's call of it open already"},
    {"totaltime", "seconds in it and what it called, outermost calls only"},
    {"inlinetime", "seconds in it alone"},
    {"resumecount", "how many of the calls went on with a generator or coroutine (no item)"},
    {NULL, NULL},
};

static PyStructSequence_Desc subentry_description = {
    "pikos._lsprof.profiler_subentry", "What was counted of one function for one caller.",
    subentry_fields, 5};

int
pk_stats_start(pk_state *state)
{
    state->entry_type = PyStructSequence_NewType(&entry_description);
    state->subentry_type = PyStructSequence_NewType(&subentry_description);
    return state->entry_type == NULL || state->subentry_type == NULL ? -1 : 0;
}

/* A digest with the ledger it is of.  Sums of an edge are shown below its caller. */
typedef struct {
    pk_profiler *profiler;
    const pk_ledger *ledger;
    pk_digest digest;
    PyObject **calls; /* for each caller a list, or NULL; owned */
} reading;

static double
seconds(const reading *read, int64_t ticks)
{
    return (double)ticks * read->profiler->clock.ns_per_tick / 1e9;
}

/* Put the five items that both sequences begin with, and the attribute at resumes, which is
 * no item.  0, or −1 with an exception. */
static int
fill(const reading *read, PyObject *entry, const pk_function *function, const pk_sum *sum,
     Py_ssize_t resumes)
{
    PyObject *values[] = {
        Py_NewRef(pk_name_shown(function)),
        PyLong_FromLongLong(sum->calls),
        PyLong_FromLongLong(sum->reccalls),
        PyFloat_FromDouble(seconds(read, sum->total)),
        PyFloat_FromDouble(seconds(read, sum->inline_time)),
    };
    PyObject *resumecount = PyLong_FromLongLong(sum->resumes);
    int result = resumecount == NULL ? -1 : 0;
    for (Py_ssize_t i = 0; i < 5; i++) {
        if (values[i] == NULL)
            result = -1;
        PyStructSequence_SetItem(entry, i, values[i]);
    }
    PyStructSequence_SetItem(entry, resumes, resumecount);
    return result;
}

/* Add the sub-entry of one edge to its caller's list.  0, or −1 with an exception. */
static int
add_subentry(reading *read, const pk_edge *edge, const pk_sum *sum)
{
    if (read->calls[edge->caller] == NULL)
        read->calls[edge->caller] = PyList_New(0);
    PyObject *list = read->calls[edge->caller];
    PyObject *entry =
        list == NULL ? NULL : PyStructSequence_New(read->profiler->state->subentry_type);
    int result = -1;
    if (entry != NULL &&
        fill(read, entry, pk_rows_at(&read->ledger->functions, edge->callee), sum, 5) == 0)
        result = PyList_Append(list, entry);
    Py_XDECREF(entry);
    return result;
}

static int
add_subentries(reading *read)
{
    for (uint32_t i = 1; i < read->digest.edges_length; i++) {
        const pk_edge *edge = pk_rows_at(&read->ledger->edges, i);
        const pk_sum *sum = &read->digest.edges[i];
        if (sum->calls != 0 && edge->caller != 0 && add_subentry(read, edge, sum) < 0)
            return -1;
    }
    return 0;
}

static PyObject *
make_entries(reading *read)
{
    PyObject *list = PyList_New(0);
    for (uint32_t i = 1; i < read->digest.functions_length && list != NULL; i++) {
        const pk_sum *sum = &read->digest.functions[i];
        if (sum->calls == 0)
            continue;
        PyObject *entry = PyStructSequence_New(read->profiler->state->entry_type);
        int failed = -1;
        if (entry != NULL) {
            PyObject *calls = read->calls[i] != NULL ? read->calls[i] : Py_None;
            PyStructSequence_SetItem(entry, 5, Py_NewRef(calls));
            failed = fill(read, entry, pk_rows_at(&read->ledger->functions, i), sum, 6);
        }
        if (failed || PyList_Append(list, entry) < 0)
            Py_CLEAR(list);
        Py_XDECREF(entry);
    }
    return list;
}

/* Entries of all threads (0) or of one.  The ledger is kept meanwhile, whatever the code
 * that the garbage collector runs does to the profiler. */
static PyObject *
entries(pk_profiler *profiler, const pk_ledger *ledger, uint32_t thread)
{
    reading read = {.profiler = profiler, .ledger = ledger};
    PyObject *result = NULL; /* owned, handed to the caller */
    if (pk_digest_sum(&read.digest, ledger, thread) < 0) {
        PyErr_NoMemory();
        goto done;
    }
    read.calls = PyMem_Calloc(read.digest.functions_length, sizeof *read.calls);
    if (read.calls == NULL) {
        PyErr_NoMemory();
        goto done;
    }
    if (!profiler->subcalls || add_subentries(&read) == 0)
        result = make_entries(&read);
done:
    for (uint32_t i = 0; read.calls != NULL && i < read.digest.functions_length; i++)
        Py_XDECREF(read.calls[i]);
    PyMem_Free(read.calls);
    pk_digest_free(&read.digest);
    return result;
}

/* How many calls are open in a thread, those of its suspended greenlets with them. */
static unsigned
open_calls(const pk_thread *thread)
{
    unsigned count = atomic_load_explicit(&thread->top, memory_order_relaxed)->depth;
    for (const pk_chain *chain = pk_thread_chains(thread); chain != NULL; chain = chain->next)
        if (chain != thread->chain)
            count += atomic_load_explicit(&chain->top, memory_order_relaxed)->depth;
    return count;
}

/* What is known of a thread, as a dict. */
static PyObject *
thread_facts(const pk_thread *thread)
{
    const pk_named *name = atomic_load_explicit(&thread->name, memory_order_acquire);
    const char *bytes = name == NULL ? "" : name->text.bytes;
    Py_ssize_t size = name == NULL ? 0 : (Py_ssize_t)name->text.size;
    return Py_BuildValue("{s:I,s:L,s:L,s:s#,s:O,s:L,s:I}", "id", thread->id, "ident",
                         (long long)thread->ident, "native_id", (long long)thread->native_id,
                         "name", bytes, size, "alive",
                         pk_thread_alive(thread) ? Py_True : Py_False, "threads",
                         (long long)thread->threads, "open", open_calls(thread));
}

static PyObject *
by_thread(pk_profiler *profiler, const pk_ledger *ledger)
{
    PyObject *list = PyList_New(0);
    uint32_t length = atomic_load_explicit(&ledger->threads_length, memory_order_acquire);
    for (uint32_t i = 1; i <= length && list != NULL; i++) {
        PyObject *facts = thread_facts(ledger->threads[i]);
        PyObject *counted = facts == NULL ? NULL : entries(profiler, ledger, i);
        PyObject *pair = counted == NULL ? NULL : PyTuple_Pack(2, facts, counted);
        if (pair == NULL || PyList_Append(list, pair) < 0)
            Py_CLEAR(list);
        Py_XDECREF(facts);
        Py_XDECREF(counted);
        Py_XDECREF(pair);
    }
    return list;
}

PyObject *
pk_stats_all(pk_profiler *profiler)
{
    profiler->readers++;
    PyObject *result = entries(profiler, profiler->ledger, 0);
    profiler->readers--;
    pk_profiler_sweep(profiler);
    return result;
}

PyObject *
pk_stats_by_thread(pk_profiler *profiler)
{
    pk_ledger *ledger = profiler->ledger; /* kept while it is read, whatever Python code runs */
    profiler->readers++;
    pk_threads_learn_names(profiler->state, ledger);
    PyObject *result = by_thread(profiler, ledger);
    profiler->readers--;
    pk_profiler_sweep(profiler);
    return result;
}
