/* forked.h — the processes forked from this one, as they tell of themselves.
 *
 * In a page that parent and children share.  Knows neither Python nor zmq. */
#ifndef PK_FORKED_H
#define PK_FORKED_H

#include <stddef.h>
#include <stdint.h>

enum { PK_FORKED_ROOM = 500 }; /* process ids that are kept; others are only counted */

/* Make the page, for this process and what it forks from now on.  0, or an error number; without
 * it the other functions do nothing.  [gil] */
int pk_forked_begin(void);

/* Note a process.  [any thread] of any of the processes */
void pk_forked_add(int32_t process);

/* Take a process out again, if it is there.  [any thread] of any of the processes */
void pk_forked_remove(int32_t process);

/* How many processes are noted, also those whose ids were not kept.  [any thread] */
size_t pk_forked_count(void);

/* Copy the processes that are noted into room for PK_FORKED_ROOM; how many there are.  more: how
 * many others were noted.  [any thread] */
size_t pk_forked_read(int32_t *processes, size_t *more);

#endif
