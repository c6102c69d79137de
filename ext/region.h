/* region.h — memory that is handed out in order, and that a file may back.
 *
 * Address space is reserved once and never moves, so what is in it may point into it.  It becomes
 * usable by steps, each allocated before it is touched: a file system that is full makes an
 * allocation fail, and never a later access (SIGBUS).  What is written reaches the file in the
 * same instant, and stays there when the process is killed.
 *
 * Knows neither Python nor zmq. */
#ifndef PK_REGION_H
#define PK_REGION_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PK_REGION_MARK 64 /* bytes */

/* All-zero is no region.  Owner: who declared it, who calls pk_region_close() once. */
typedef struct {
    char *base;      /* NULL: no region */
    size_t reserved; /* bytes of address space */
    size_t ready;    /* bytes that can be touched; ready <= reserved */
    size_t used;     /* bytes handed out; used <= ready */
    bool backed;     /* by the file, else by anonymous memory */
    int file;        /* owned, if backed */
    dev_t device;    /* of the file, which must still be behind the descriptor when it is used: */
    ino_t inode;     /* a program may close every descriptor */
} pk_region;

/* Reserve at most limit bytes of address space, and less where there is less.  Anonymous memory
 * until pk_region_back().  0, or −1 for want of memory.  [one thread per region] */
int pk_region_open(pk_region *region, size_t limit);

/* Zeroed room of size bytes at a multiple of alignment, a power of two up to a page's size, or
 * NULL.  It is freed with the region.  A file that cannot grow is given up: the region goes on in
 * anonymous memory, and the file, which has no state any more, begins
 * with PK_REGION_MARK zeros.  [one thread per region] */
void *pk_region_take(pk_region *region, size_t size, size_t alignment);

/* Move the region into a new file of mode 0600 at path, which replaces the file that is there
 * once everything is in it.  Nobody may write to the region meanwhile; who reads notices nothing.
 * 0, or −1 with errno set and the region as it was.  [one writer] */
int pk_region_back(pk_region *region, const char *path);

/* In a forked child: anonymous memory, empty, at the same address, in place of the parent's.
 * Allocates nothing but the mapping.  0, or −1 with the region as it was: then nothing may be
 * written to it.  [the only thread] */
int pk_region_replace(pk_region *region);

/* Give the memory back, and close the file, which stays where it is.  [one thread per region] */
void pk_region_close(pk_region *region);

#endif
