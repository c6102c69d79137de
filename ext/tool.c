/* tool.c — our id of sys.monitoring: taken, asked for events, and let go a while after its last
 * use. */
#include "tool.h"

#include "clock.h"

#if PK_HAS_MONITORING

#define TOOL_NAME "pikos"

enum {
    KEPT_NS = 1000000000,
    TOOL_IDS = 6,
    LET_GO_MOST = 1 << 16, /* of some three changes each */
};

/* Drop what a call gave, which may be NULL.  Steals result.  0, or −1 if it was NULL. */
static int
dropped(PyObject *result)
{
    Py_XDECREF(result);
    return result == NULL ? -1 : 0;
}

/* Say which tools hold the ids that we would take.  Raises. */
static void
raise_no_id(PyObject *monitoring, const int *ids, size_t count)
{
    PyObject *text = PyUnicode_FromString("no sys.monitoring tool id is free for pikos:");
    for (size_t i = 0; i < count && text != NULL; i++) {
        PyObject *holder = PyObject_CallMethod(monitoring, "get_tool", "i", ids[i]);
        PyObject *longer =
            holder == NULL ? NULL
                           : PyUnicode_FromFormat("%U%s %d is held by %R", text,
                                                  i == 0 ? "" : ",", ids[i], holder);
        Py_XDECREF(holder);
        Py_SETREF(text, longer);
    }
    if (text != NULL)
        PyErr_SetObject(PyExc_ValueError, text);
    Py_XDECREF(text);
}

/* Whether what holds an id has this name. */
static bool
is_named(PyObject *holder, const char *name)
{
    return PyUnicode_Check(holder) && PyUnicode_CompareWithASCIIString(holder, name) == 0;
}

/* Whether a tool is of Pikos: the profilers' or the monitors'. */
static bool
is_of_pikos(PyObject *holder)
{
    return is_named(holder, TOOL_NAME) || is_named(holder, "pikos-events") ||
           is_named(holder, "pikos-monitors");
}

/* Whether tools are there that are not of Pikos.  −1 with an exception. */
static int
others_are_there(PyObject *monitoring)
{
    for (int id = 0; id < TOOL_IDS; id++) {
        PyObject *holder = PyObject_CallMethod(monitoring, "get_tool", "i", id);
        if (holder == NULL)
            return -1;
        bool other = holder != Py_None && !is_of_pikos(holder);
        Py_DECREF(holder);
        if (other)
            return 1;
    }
    return 0;
}

/* Register the callbacks, or None for each of them.  0, or −1 with an exception. */
static int
put_callbacks(const pk_tool *tool, PyObject *monitoring, PyObject *callbacks, bool on)
{
    PyObject *event, *callback;
    Py_ssize_t place = 0;
    while (PyDict_Next(callbacks, &place, &event, &callback))
        if (dropped(PyObject_CallMethod(monitoring, "register_callback", "iOO", tool->id, event,
                                        on ? callback : Py_None)) < 0)
            return -1;
    return 0;
}

/* Take a tool id that is nobody's by convention, else any but the profilers' (2).  0, or −1 with
 * an exception. */
static int
take_id(pk_tool *tool, PyObject *monitoring)
{
    static const int ids[] = {3, 4, 5, 1, 0};
    size_t count = sizeof ids / sizeof ids[0];
    for (size_t i = 0; i < count; i++) {
        PyObject *holder = PyObject_CallMethod(monitoring, "get_tool", "i", ids[i]);
        if (holder == NULL)
            return -1;
        bool taken = holder != Py_None;
        Py_DECREF(holder);
        if (taken)
            continue;
        if (dropped(PyObject_CallMethod(monitoring, "use_tool_id", "is", ids[i], TOOL_NAME)) < 0)
            return -1;
        tool->id = ids[i];
        tool->held = true;
        return 0;
    }
    raise_no_id(monitoring, ids, count);
    return -1;
}

/* Find out whether the id is still ours, and what it is asked for.  0, or −1 with an exception. */
static int
look(pk_tool *tool, PyObject *monitoring)
{
    if (!tool->held)
        return 0;
    PyObject *holder = PyObject_CallMethod(monitoring, "get_tool", "i", tool->id);
    PyObject *asked = holder == NULL || !is_named(holder, TOOL_NAME)
                          ? NULL
                          : PyObject_CallMethod(monitoring, "get_events", "i", tool->id);
    if (PyErr_Occurred()) {
        Py_XDECREF(holder);
        return -1;
    }
    tool->held = asked != NULL;
    tool->asked = asked == NULL ? 0 : (int)PyLong_AsLong(asked);
    Py_XDECREF(asked);
    Py_XDECREF(holder);
    return 0;
}

/* Have the interpreter deliver these events.  0, or −1 with an exception. */
static int
ask(pk_tool *tool, PyObject *monitoring, int events)
{
    if (events == tool->asked)
        return 0;
    if (dropped(PyObject_CallMethod(monitoring, "set_events", "ii", tool->id, events)) < 0)
        return -1;
    tool->asked = events;
    return 0;
}

/* Have an id with the callbacks.  What a holder before us has disabled would be disabled for us
 * too, and there is no other way to find out.  0, or −1 with an exception. */
static int
hold(pk_tool *tool, PyObject *monitoring, PyObject *callbacks)
{
    if (look(tool, monitoring) < 0)
        return -1;
    if (tool->held)
        return 0;
    if (take_id(tool, monitoring) < 0 || put_callbacks(tool, monitoring, callbacks, true) < 0)
        return -1;
    return dropped(PyObject_CallMethod(monitoring, "restart_events", NULL));
}

int
pk_tool_want(pk_tool *tool, PyObject *monitoring, int events, PyObject *callbacks)
{
    tool->changed_ns = pk_monotonic_ns();
    tool->wanted = events;
    if (hold(tool, monitoring, callbacks) == 0 &&
        ask(tool, monitoring, events | tool->asked) == 0)
        return 0;
    PyObject *error = pk_error_take();
    tool->wanted = 0;
    if (pk_tool_let_go(tool, monitoring, callbacks) < 0)
        PyErr_Clear(); /* an event tries again */
    pk_error_restore(error);
    return -1;
}

int
pk_tool_want_none(pk_tool *tool, PyObject *monitoring, PyObject *callbacks, bool keep)
{
    tool->changed_ns = pk_monotonic_ns();
    tool->wanted = 0;
    if ((keep || tool->let_go == LET_GO_MOST) && !tool->ends)
        return 0;
    tool->let_go += tool->let_go < LET_GO_MOST;
    return pk_tool_let_go(tool, monitoring, callbacks);
}

int
pk_tool_let_go(pk_tool *tool, PyObject *monitoring, PyObject *callbacks)
{
    if (look(tool, monitoring) < 0)
        return -1;
    if (!tool->held)
        return 0;
    if (ask(tool, monitoring, tool->wanted) < 0)
        return -1;
    int others = tool->wanted != 0 ? 1 : tool->ends ? 0 : others_are_there(monitoring);
    if (others != 0)
        return others < 0 ? -1 : 0;
    if (put_callbacks(tool, monitoring, callbacks, false) < 0)
        return -1;
    if (tool->wanted != 0) /* by a destructor of a callback that the program had put there */
        return put_callbacks(tool, monitoring, callbacks, true);
    if (dropped(PyObject_CallMethod(monitoring, "free_tool_id", "i", tool->id)) < 0)
        return -1;
    tool->held = false;
    return 0;
}

void
pk_tool_idle(pk_tool *tool, PyObject *monitoring, PyObject *callbacks)
{
    int64_t now = pk_monotonic_ns();
    if (now - tool->changed_ns < KEPT_NS)
        return;
    tool->changed_ns = now;
    PyObject *error = pk_error_take();
    if (pk_tool_let_go(tool, monitoring, callbacks) < 0)
        PyErr_Clear(); /* another event tries again */
    pk_error_restore(error);
}

bool
pk_tool_is_taken(const pk_tool *tool, PyObject *monitoring)
{
    PyObject *error = pk_error_take();
    pk_tool now = *tool;
    bool known = look(&now, monitoring) == 0;
    if (!known)
        PyErr_Clear();
    pk_error_restore(error);
    return known && (!now.held || now.asked != tool->asked);
}

#endif
