/* memory.h — how much memory this process uses.  Knows neither Python nor zmq. */
#ifndef PK_MEMORY_H
#define PK_MEMORY_H

#include <stdint.h>

/* A kept way to look.  After a fork it goes on reporting the parent: open a new one.
 * Owner: whoever opened it, who calls pk_memory_close() exactly once. */
typedef struct {
    int descriptor;     /* of /proc/self/statm; −1 where there is none */
    int64_t page_bytes;
} pk_memory;

/* Open memory.  Where it cannot be, every read reports zeros.  [any thread] */
void pk_memory_open(pk_memory *memory);

/* Resident set and virtual size in bytes; zeros where they cannot be known.  [any thread] */
void pk_memory_read(const pk_memory *memory, int64_t *rss_bytes, int64_t *vms_bytes);

/* Close memory.  [any thread] */
void pk_memory_close(pk_memory *memory);

#endif
