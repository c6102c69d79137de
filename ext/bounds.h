/* bounds.h — how many calling contexts a process may keep apart. */
#ifndef PK_BOUNDS_H
#define PK_BOUNDS_H

#include <stdint.h>

/* Contexts that the tree may have: PK_TREE_NODES_MAX, or fewer where memory is short, so that
 * they take a sixteenth at most of what the process may have: of the machine's memory, its
 * address space (RLIMIT_AS) and its control group's limit, the least.  Never fewer than
 * PK_TREE_NODES_MIN.  Reads files.  [any thread] */
uint32_t pk_bounds_contexts(void);

#endif
