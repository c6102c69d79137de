/* map.h — a hash map from two words to a pointer, for one writer. */
#ifndef PK_MAP_H
#define PK_MAP_H

#include <stdint.h>

#include "ledger.h"

struct pk_map_entry {
    uintptr_t first, second;
    void *value; /* NULL: the entry is free */
};

/* The value of (first, second), or NULL.  [one thread per map] */
void *pk_map_get(const pk_map *map, uintptr_t first, uintptr_t second);

/* Set the value, not NULL, of a pair that is not there yet.  0, or −1 for want of memory
 * with the map as it was.  [one thread per map] */
int pk_map_put(pk_map *map, uintptr_t first, uintptr_t second, void *value);

/* Free the entries, not the values, and leave the map empty.  [one thread per map] */
void pk_map_free(pk_map *map);

#endif
