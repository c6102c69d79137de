/* profiler.h — the module's parts, as module.c puts them together.  [gil] */
#ifndef PK_PROFILER_H
#define PK_PROFILER_H

#include "state.h"

extern PyModuleDef pk_module;
extern PyType_Spec pk_profiler_spec;
extern PyType_Spec pk_hook_spec; /* from 3.12 on */

/* (kind, reason) of the clock for wall time, or NULL with an exception. */
PyObject *pk_clock_facts(pk_state *state);

#endif
