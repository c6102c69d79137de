/* tool.h — our id of sys.monitoring: taken, asked for events, and let go a while after its last
 * use.  [gil] */
#ifndef PK_TOOL_H
#define PK_TOOL_H

#include "compat.h"

#include <stdint.h>

/* An id and what it is asked for.  All-zero is a tool that has none.
 *
 * What a profiler that may be attached to a function asked for is kept for a second: each change
 * makes the interpreter look at all code anew, there are 2^24 of them, and it comes again at once.
 * Others let go at once, as cProfile does, as long as there are changes enough. */
typedef struct {
    bool held;          /* we have taken an id, which the program may have given away since */
    int id;
    int asked;          /* bits of the events that the interpreter delivers */
    int wanted;         /* those of them that somebody listens to */
    bool ends;          /* the program does: nothing is kept */
    int64_t changed_ns; /* when wanted was changed last */
    unsigned let_go;    /* how often something was let go at once */
} pk_tool;

#if PK_HAS_MONITORING
/* Want these events from now on, delivered to the callbacks: a dict by the number of the event.  What
 * was wanted before is kept.  0, or −1 with an exception: nothing is wanted then. */
int pk_tool_want(pk_tool *tool, PyObject *monitoring, int events, PyObject *callbacks);

/* Want none from now on, and keep what there is for a second, or let go at once.  0, or −1 with an
 * exception. */
int pk_tool_want_none(pk_tool *tool, PyObject *monitoring, PyObject *callbacks, bool keep);

/* Ask for what is wanted only; without anything the id is given back, unless another tool is there,
 * which would be told all it has disabled when we take one again.  0, or −1 with an exception. */
int pk_tool_let_go(pk_tool *tool, PyObject *monitoring, PyObject *callbacks);

/* The same at an event that nobody listens to, if the last change was a second ago.  Keeps the
 * pending exception. */
void pk_tool_idle(pk_tool *tool, PyObject *monitoring, PyObject *callbacks);

/* Whether the program has given the id away, or changed its events.  Keeps the pending exception. */
bool pk_tool_is_taken(const pk_tool *tool, PyObject *monitoring);
#endif

#endif
