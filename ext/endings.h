/* endings.h — what both modules offer to code that must run before the process ends.  [gil]
 *
 * It is in both so that a monitor does not load the profiler's module, and libzmq with it.  A
 * process uses that of one. */
#ifndef PK_ENDINGS_H
#define PK_ENDINGS_H

#include "compat.h"

/* Functions for PyModule_AddFunctions(). */
extern PyMethodDef pk_endings_methods[];

#endif
