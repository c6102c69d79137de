/* look_alike.h — a built-in function that stands in for another one, and looks like it.  [gil] */
#ifndef PK_LOOK_ALIKE_H
#define PK_LOOK_ALIKE_H

#include "compat.h"

/* A built-in with the name, module, self and documentation of original, which calls
 * instead(original, *args, **keywords).  It is made once for an original, and never freed: there
 * are a few in a process.  NULL with an exception. */
PyObject *pk_look_alike(PyObject *original, PyObject *instead);

#endif
