/* publishing.h — the profiler's publisher, as methods of its type.  [gil] */
#ifndef PK_PUBLISHING_H
#define PK_PUBLISHING_H

#include "state.h"

#define PK_STOP_DEADLINE_NS 250000000

/* Bind to a libzmq: the one in the file path, or (None) the one linked with.  0, or −1 with
 * an exception. */
int pk_publishing_bind(pk_state *state, PyObject *path);

/* What is bound: {"how", "version", "path", "curve"}.  NULL with an exception. */
PyObject *pk_publishing_libzmq(const pk_state *state);

/* The epoch of the ledger that is being read; UINT32_MAX if none is. */
uint32_t pk_publishing_shown(const pk_profiler *profiler);

/* Keep a new ledger in the session's file and tell the publisher of it; tell it that counting
 * began or ended.  Without a publisher nothing is done. */
void pk_publishing_show(pk_profiler *profiler);
void pk_publishing_set_enabled(pk_profiler *profiler);

/* Tell the publisher, if there is one, what is missed: processes, and events. */
void pk_publishing_set_missed(pk_profiler *profiler);

/* Try again to start what a fork interrupted, if that failed and it is time for it. */
void pk_publishing_restart(pk_profiler *profiler);

/* Stop, with a last snapshot and goodbye unless reason is NULL, and forget the options.
 * Nothing is done if nothing is published. */
void pk_publishing_stop(pk_profiler *profiler, const char *reason, int64_t deadline_ns);

PyObject *pk_start_publishing(PyObject *op, PyObject *args, PyObject *keywords);
PyObject *pk_stop_publishing(PyObject *op, PyObject *args, PyObject *keywords);
PyObject *pk_publishing_facts(PyObject *op, PyObject *unused);
PyObject *pk_wait_for_viewer(PyObject *op, PyObject *timeout);
PyObject *pk_pause_publishing(PyObject *op, PyObject *unused);
PyObject *pk_resume_publishing(PyObject *op, PyObject *unused);
PyObject *pk_forget_publishing(PyObject *op, PyObject *unused);

extern const char pk_start_publishing_doc[];
extern const char pk_stop_publishing_doc[];
extern const char pk_publishing_facts_doc[];
extern const char pk_wait_for_viewer_doc[];
extern const char pk_pause_publishing_doc[];
extern const char pk_resume_publishing_doc[];
extern const char pk_forget_publishing_doc[];

/* Rows of the type's method table. */
#define PK_PUBLISHING_METHODS                                                                  \
    {"start_publishing", (PyCFunction)(void (*)(void))pk_start_publishing,                     \
     METH_VARARGS | METH_KEYWORDS, pk_start_publishing_doc},                                   \
    {"stop_publishing", (PyCFunction)(void (*)(void))pk_stop_publishing,                       \
     METH_VARARGS | METH_KEYWORDS, pk_stop_publishing_doc},                                    \
    {"publishing", pk_publishing_facts, METH_NOARGS, pk_publishing_facts_doc},                 \
    {"wait_for_viewer", pk_wait_for_viewer, METH_O, pk_wait_for_viewer_doc},                   \
    {"pause_publishing", pk_pause_publishing, METH_NOARGS, pk_pause_publishing_doc},           \
    {"resume_publishing", pk_resume_publishing, METH_NOARGS, pk_resume_publishing_doc},        \
    {"forget_publishing", pk_forget_publishing, METH_NOARGS, pk_forget_publishing_doc}

#endif
