/* fork_calls.h — when a fork of this process begins and when it is over.  [gil] */
#ifndef PK_FORK_CALLS_H
#define PK_FORK_CALLS_H

#include "compat.h"

/* watch_forks(), for the method table of a module. */
extern PyMethodDef pk_fork_calls_methods[];

#endif
