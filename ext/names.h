/* names.h — what functions and threads are called.  [gil] */
#ifndef PK_NAMES_H
#define PK_NAMES_H

#include "state.h"

/* Fill in function for a code object, or a built-in that is called with first (or NULL).  0, or −1 with an exception.
 * On success the texts and ref (a code object, or a tuple of the label and whatever
 * keeps the key alive) are the caller's.  Runs no code of the program. */
int pk_name_function(const pk_state *state, pk_function *function, PyObject *object,
                 PyObject *first, pk_function_kind kind);

/* What getstats() shows for a function: the code object, or the label.  Borrowed. */
PyObject *pk_name_shown(const pk_function *function);

/* 3.11 tells starts of a generator from resumes by the instruction: where it starts, as
 * PyFrame_GetLasti() tells it, or −1.  No exception is left. */
int32_t pk_code_start(PyCodeObject *code);

/* Text of a str, with what UTF-8 cannot hold written as escapes.  0, or −1 with an
 * exception.  The bytes are the caller's. */
int pk_name_text(PyObject *string, pk_text *text);

/* A module that the program has imported under name, a str or NULL, or NULL, without an exception.
 * Owned. */
PyObject *pk_imported_module(const pk_state *state, PyObject *name);

/* What tells of which kind the running thread is: its name (then *named), also before threading
 * has listed it, or the function that it began with; NULL without an exception if there is
 * neither.  May run the garbage collector.  Owned by the caller. */
PyObject *pk_name_thread_kind(bool *named);

/* The name of the running thread as threading knows it, or NULL, without an exception.  May run the
 * garbage collector.  Owned by the caller. */
PyObject *pk_name_this_thread(const pk_state *state);

/* The same of any thread that threading began and lists. */
PyObject *pk_name_other_thread(const pk_state *state, unsigned long ident);

#endif
