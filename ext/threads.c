/* threads.c — the running thread's row, and its end. */
#include "threads.h"

#include <pthread.h>
#include <time.h>

#include "alloc.h"
#include "names.h"

#define NAME_TRIES_MAX 64

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

pk_thread *
pk_thread_row(pk_profiler *profiler, pk_life *life)
{
    int64_t native_id = -1;
#ifdef PY_HAVE_THREAD_NATIVE_ID
    native_id = (int64_t)PyThread_get_thread_native_id();
#endif
    clockid_t clock = CLOCK_MONOTONIC;
    (void)pthread_getcpuclockid(pthread_self(), &clock);
    return pk_ledger_add_thread(profiler->ledger, life, (int64_t)PyThread_get_thread_ident(),
                                native_id, (int)clock);
}

void
pk_thread_learn_name(pk_profiler *profiler, pk_thread *thread)
{
    if (thread->name_tries >= NAME_TRIES_MAX)
        return;
    thread->name_tries++;
    PyObject *name = pk_name_this_thread(PyThread_get_thread_ident());
    if (name == NULL)
        return;
    pk_text text;
    if (pk_name_text(name, &text) < 0)
        PyErr_Clear();
    else if (pk_ledger_name_thread(profiler->ledger, thread, text) < 0)
        free(text.bytes);
    else
        thread->name_tries = NAME_TRIES_MAX;
    Py_DECREF(name);
}
