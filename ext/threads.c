/* threads.c — the running thread's row, and its end. */
#include "threads.h"

#include <pthread.h>
#include <time.h>

#include "alloc.h"
#include "names.h"

#define NAME_TRIES_MAX 64 /* then the name is asked for ever more rarely */

/* Why static: it is the process's, made once and never unmade. */
static pthread_key_t life_key;
static bool life_key_made;

/* At the end of each thread that was recorded.  [nogil] [any thread] */
static void
end_life(void *life)
{
    /* release: pairs with pk_thread_alive */
    atomic_store_explicit(&((pk_life *)life)->ended, 1, memory_order_release);
}

int
pk_threads_start(void)
{
    if (life_key_made || pthread_key_create(&life_key, end_life) == 0) {
        life_key_made = true;
        return 0;
    }
    PyErr_SetString(PyExc_RuntimeError, "no key for thread-specific data is left in this process");
    return -1;
}

pk_life *
pk_thread_life(pk_state *state)
{
    if (pk_this_thread.life != NULL)
        return pk_this_thread.life;
    pk_life *life = state->lives;
    while (life != NULL && !(life->ended && life->rows == 0))
        life = life->next;
    if (life == NULL) {
        life = pk_calloc(1, sizeof *life);
        if (life == NULL)
            return NULL;
        life->next = state->lives;
        state->lives = life;
    }
    if (pthread_setspecific(life_key, life) != 0) {
        atomic_store_explicit(&life->ended, 1, memory_order_release);
        return NULL;
    }
    atomic_store_explicit(&life->ended, 0, memory_order_release);
    pk_this_thread.life = life;
    return life;
}

uint64_t
pk_thread_number(void)
{
    if (pk_this_thread.number == 0)
        pk_this_thread.number = pk_next_serial();
    return pk_this_thread.number;
}

/* Write each run of digits as one "#": so the names of one kind of threads are the same. */
static void
blur_digits(pk_text *text)
{
    uint32_t size = 0;
    for (uint32_t i = 0; i < text->size; i++) {
        bool digit = text->bytes[i] >= '0' && text->bytes[i] <= '9';
        if (!digit)
            text->bytes[size++] = text->bytes[i];
        else if (size == 0 || text->bytes[size - 1] != '#')
            text->bytes[size++] = '#';
    }
    text->size = size;
    text->bytes[size] = '\0';
}

/* A number for a text, never 0 (FNV-1a). */
static uint64_t
hash_of(const pk_text *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (uint32_t i = 0; i < text->size; i++)
        hash = (hash ^ (unsigned char)text->bytes[i]) * UINT64_C(0x100000001b3);
    return hash != 0 ? hash : 1;
}

/* Add a row for the running thread, which is of that kind. */
static pk_thread *
add_row(pk_profiler *profiler, pk_life *life, uint64_t kind)
{
    int64_t native_id = -1;
#ifdef PY_HAVE_THREAD_NATIVE_ID
    native_id = (int64_t)PyThread_get_thread_native_id();
#endif
    clockid_t clock = CLOCK_MONOTONIC;
    (void)pthread_getcpuclockid(pthread_self(), &clock);
    return pk_ledger_add_thread(profiler->ledger, life, (int64_t)PyThread_get_thread_ident(),
                                native_id, (int)clock, kind);
}

/* Give a row its name, if it has another one; the text is used up. */
static void
name_row(pk_ledger *ledger, pk_thread *thread, pk_text text)
{
    const pk_named *now = atomic_load_explicit(&thread->name, memory_order_relaxed);
    bool same = now != NULL && now->text.size == text.size &&
                memcmp(now->text.bytes, text.bytes, text.size) == 0;
    if (!same)
        (void)pk_ledger_name_thread(ledger, thread, text); /* without memory it keeps the old one */
    free(text.bytes);
}

/* A row, or NULL, without the name that it may have from the thread before: it is learned later, if
 * ever. */
static pk_thread *
unnamed(pk_thread *thread)
{
    if (thread != NULL)
        atomic_store_explicit(&thread->name, NULL, memory_order_relaxed);
    return thread;
}

/* Add a row for the running thread, which is called so, or began with a function that is
 * (!named).  A row that has stood for other threads is named for all that are of the kind. */
static pk_thread *
add_named_row(pk_profiler *profiler, pk_life *life, PyObject *label, bool named)
{
    pk_text name = {0}, kind = {0};
    if (label == NULL || pk_name_text(label, &name) < 0 || pk_name_text(label, &kind) < 0) {
        PyErr_Clear();
        free(name.bytes);
        return unnamed(add_row(profiler, life, 0));
    }
    blur_digits(&kind);
    pk_thread *thread = add_row(profiler, life, hash_of(&kind));
    bool shared = thread != NULL && thread->threads > 1;
    if (thread != NULL && named) {
        name_row(profiler->ledger, thread, shared ? kind : name);
        free(shared ? name.bytes : kind.bytes);
        return thread;
    }
    free(name.bytes);
    free(kind.bytes);
    return unnamed(thread);
}

pk_thread *
pk_thread_row(pk_profiler *profiler, pk_life *life)
{
    /* Looking for the name may run the garbage collector, and that anything, in this thread
     * too: what is no longer so shows in the serial, or there is a row by now. */
    PyObject *error = pk_error_take();
    uint64_t serial = profiler->serial;
    Py_INCREF(profiler);
    bool named;
    PyObject *label = pk_name_thread_kind(&named);
    pk_thread *thread = NULL;
    if (serial == profiler->serial) {
        thread = pk_ledger_thread(profiler->ledger, life);
        if (thread == NULL)
            thread = add_named_row(profiler, life, label, named);
    }
    Py_XDECREF(label);
    Py_DECREF(profiler);
    pk_error_restore(error);
    return thread;
}

/* Give a row the name of its thread, or if it has stood for others, of their kind. */
static void
rename_row(pk_ledger *ledger, pk_thread *thread, PyObject *name)
{
    pk_text text;
    if (pk_name_text(name, &text) < 0) {
        PyErr_Clear();
        return;
    }
    if (thread->threads > 1)
        blur_digits(&text);
    name_row(ledger, thread, text);
}

void
pk_thread_learn_name(pk_profiler *profiler, pk_thread *thread)
{
    pk_ledger *ledger = profiler->ledger; /* what the garbage collector runs may clear it away */
    uint32_t tries = thread->name_tries++;
    if (tries >= NAME_TRIES_MAX && (tries & (tries - 1)) != 0)
        return;
    PyObject *name = pk_name_this_thread(profiler->state);
    if (name != NULL)
        rename_row(ledger, thread, name);
    Py_XDECREF(name);
}

bool
pk_thread_is_to_be_named(const pk_thread *thread)
{
    return thread->name_tries < NAME_TRIES_MAX;
}

void
pk_threads_learn_names(const pk_state *state, pk_ledger *ledger)
{
    uint32_t length = atomic_load_explicit(&ledger->threads_length, memory_order_relaxed);
    for (uint32_t i = 1; i <= length; i++) {
        pk_thread *thread = ledger->threads[i];
        PyObject *name = pk_thread_alive(thread)
                             ? pk_name_other_thread(state, (unsigned long)thread->ident)
                             : NULL;
        if (name != NULL)
            rename_row(ledger, thread, name);
        Py_XDECREF(name);
    }
}
