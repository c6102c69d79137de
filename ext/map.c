/* map.c — open addressing with linear probes; nothing is ever removed. */
#include "map.h"

#include <string.h>

#include "alloc.h"

#define CAPACITY_MIN 64

/* Where the search for a pair starts.  Pointers differ in their middle bits, so both
 * words are spread by odd constants and the high half is used. */
static size_t
start_of(uintptr_t first, uintptr_t second, size_t mask)
{
    uint64_t mixed = (uint64_t)first * 0x9E3779B97F4A7C15u + (uint64_t)second * 0xD6E8FEB86659FD93u;
    return (size_t)(mixed ^ (mixed >> 32)) & mask;
}

/* The entry of a pair, or the free one where it belongs.  map->capacity is not 0. */
static struct pk_map_entry *
find(const pk_map *map, uintptr_t first, uintptr_t second)
{
    size_t mask = map->capacity - 1;
    size_t at = start_of(first, second, mask);
    for (;;) {
        struct pk_map_entry *entry = &map->entries[at];
        if (entry->value == NULL || (entry->first == first && entry->second == second))
            return entry;
        at = (at + 1) & mask;
    }
}

void *
pk_map_get(const pk_map *map, uintptr_t first, uintptr_t second)
{
    return map->capacity == 0 ? NULL : find(map, first, second)->value;
}

/* Double the room.  0 or −1. */
static int
grow(pk_map *map)
{
    pk_map wider = {.capacity = map->capacity ? map->capacity * 2 : CAPACITY_MIN};
    wider.entries = pk_calloc(wider.capacity, sizeof *wider.entries);
    if (wider.entries == NULL)
        return -1;
    for (size_t i = 0; i < map->capacity; i++) {
        struct pk_map_entry *entry = &map->entries[i];
        if (entry->value != NULL)
            *find(&wider, entry->first, entry->second) = *entry;
    }
    wider.length = map->length;
    free(map->entries);
    *map = wider;
    return 0;
}

int
pk_map_put(pk_map *map, uintptr_t first, uintptr_t second, void *value)
{
    if (map->length * 2 >= map->capacity && grow(map) < 0)
        return -1;
    *find(map, first, second) = (struct pk_map_entry){first, second, value};
    map->length++;
    return 0;
}

void
pk_map_free(pk_map *map)
{
    free(map->entries);
    memset(map, 0, sizeof *map);
}
