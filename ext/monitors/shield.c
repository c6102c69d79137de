/* shield.c — keeps what happens while our code runs at an event away from the program.
 *
 * Signal handlers run in the main thread wherever Python code runs, so in ours, too.  What they
 * raise there must not go through the interpreter's event: it looks for the program's handler at
 * the wrong instruction, and 3.11 takes the hook off.  It is kept, and raised by a pending call,
 * which runs where signal handlers do: at the program's next safe place. */
#include "events.h"

#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#else
#include <pthread.h>
#endif

enum { TRIES = 8 }; /* how often a signal handler may interrupt the question whether it did so */

static _Thread_local unsigned depth; /* how many events of the running thread we are in */
static _Thread_local bool short_of_room; /* at the outermost of them */
static PyObject *deferred;  /* owned list of exceptions, oldest first; of the main thread; or NULL */
static bool is_scheduled;   /* raise_deferred() will be called */

static bool
is_main_thread(void)
{
#ifdef __linux__
    return syscall(SYS_gettid) == getpid(); /* in a forked child, too */
#else
    return pthread_main_np() != 0;
#endif
}

/* Give the running thread so much more room for calls.  Of its own state, for a limit that is
 * changed is changed for all threads. */
static void
add_room(int calls)
{
    PyThreadState *thread = PyThreadState_Get();
#if PY_VERSION_HEX < 0x030C0000
    thread->recursion_remaining += calls;
#else
    thread->py_recursion_remaining += calls;
#if PY_VERSION_HEX < 0x030E0000
    thread->c_recursion_remaining += calls;
#endif
#endif
}

/* Whether the program is so near its limit of recursion that our code may have met it. */
static bool
is_near_limit(void)
{
    const PyThreadState *thread = PyThreadState_Get();
#if PY_VERSION_HEX < 0x030C0000
    return thread->recursion_remaining < PK_ROOM;
#elif PY_VERSION_HEX < 0x030E0000
    return thread->py_recursion_remaining < PK_ROOM || thread->c_recursion_remaining < PK_ROOM;
#else
    return thread->py_recursion_remaining < PK_ROOM;
#endif
}

/* The pending call.  [gil; the main thread] */
static int
raise_deferred(void *unused)
{
    (void)unused;
    is_scheduled = false;
    if (depth > 0 || deferred == NULL || PyList_GET_SIZE(deferred) == 0)
        return 0; /* pk_shield_leave() schedules it again */
    PyObject *error = Py_NewRef(PyList_GET_ITEM(deferred, 0));
    if (PyList_SetSlice(deferred, 0, 1, NULL) < 0)
        PyErr_Clear(); /* for want of memory: raised twice is better than never */
    if (PyList_GET_SIZE(deferred) > 0)
        is_scheduled = Py_AddPendingCall(raise_deferred, NULL) == 0;
    pk_error_restore(error);
    return -1;
}

static void
schedule(void)
{
    if (deferred != NULL && PyList_GET_SIZE(deferred) > 0 && !is_scheduled)
        is_scheduled = Py_AddPendingCall(raise_deferred, NULL) == 0; /* else the next event does */
}

void
pk_shield_enter(void)
{
    if (depth++ > 0)
        return;
    short_of_room = is_near_limit();
    add_room(PK_ROOM);
}

void
pk_shield_leave(void)
{
    if (--depth > 0)
        return;
    add_room(-PK_ROOM);
    if (PK_UNLIKELY(deferred != NULL && PyList_GET_SIZE(deferred) > 0) && is_main_thread())
        schedule();
}

bool
pk_shield_is_up(void)
{
    return depth > 0;
}

bool
pk_shield_was_short_of_room(void)
{
    return depth > 0 && short_of_room;
}

/* Keep an exception to be raised later in the running thread.  Steals error. */
static void
keep(PyObject *error)
{
    if (!is_main_thread()) { /* no signal handler's: another thread had it raised in this one */
        (void)PyThreadState_SetAsyncExc(PyThread_get_thread_ident(), (PyObject *)Py_TYPE(error));
    } else {
        if (deferred == NULL)
            deferred = PyList_New(0); /* the process's, never let go */
        if (deferred == NULL || PyList_Append(deferred, error) < 0)
            PyErr_Clear(); /* for want of memory it is lost */
        if (depth == 0)
            schedule();
    }
    Py_DECREF(error);
}

bool
pk_is_of_the_program(PyObject *error)
{
    if (pk_events.of_the_program == NULL)
        return !PyObject_TypeCheck(error, (PyTypeObject *)PyExc_Exception);
    for (int i = 0; i < TRIES; i++) {
        PyObject *answer = PyObject_CallOneArg(pk_events.of_the_program, error);
        if (answer != NULL) {
            bool result = answer == Py_True;
            Py_DECREF(answer);
            return result;
        }
        if (PyErr_ExceptionMatches(PyExc_MemoryError)) {
            PyErr_Clear();
            break;
        }
        keep(pk_error_take()); /* a signal handler's, once more */
    }
    return !PyObject_TypeCheck(error, (PyTypeObject *)PyExc_Exception);
}

void
pk_defer(void)
{
    PyObject *error = pk_error_take();
    (void)pk_is_of_the_program(error); /* which takes our frames out of its traceback */
    keep(error);
}

bool
pk_defer_if_of_the_program(void)
{
    PyObject *error = pk_error_take();
    if (pk_is_of_the_program(error)) {
        keep(error);
        return true;
    }
    pk_error_restore(error);
    return false;
}
