/* children.c — buckets of one line of the cache each; nothing is removed but all. */
#include "children.h"

#include <string.h>

#define BUCKET ((uint32_t)(PK_LINE / sizeof(struct pk_child)))
#define CAPACITY_MIN (8 * BUCKET)
#define GROWTH 2

/* How many contexts share a bucket for their children: at most three quarters of the entries
 * are in use. */
#define PARENTS_PER_BUCKET (BUCKET / 4 * 3)

struct pk_child {
    uint32_t hash;
    uint32_t id; /* of a node; 0: the entry is free */
};

/* Keys differ in their middle bits, so they are spread and the high half is used. */
static uint32_t
hash_of(const pk_node *parent, const void *key)
{
    uint64_t mixed = (uint64_t)(uintptr_t)key * 0x9E3779B97F4A7C15u +
                     (uint64_t)parent->id * 0xD6E8FEB86659FD93u;
    return (uint32_t)(mixed >> 32);
}

/* The buckets in which a child may be, in turn: one that its parent shares with those that were
 * made next to it, which are used next to it, too; then those from where the hash says. */
typedef struct {
    uint32_t at, mask, next; /* next: past at */
} route;

static route
route_of(const pk_children *children, const pk_node *parent, uint32_t hash)
{
    uint32_t mask = children->capacity / BUCKET - 1;
    return (route){parent->id / PARENTS_PER_BUCKET & mask, mask, hash & mask};
}

/* The first entry of the bucket, and on to the next one. */
static struct pk_child *
follow(route *way, const pk_children *children)
{
    struct pk_child *bucket = &children->entries[(size_t)way->at * BUCKET];
    way->at = way->next;
    way->next = (way->next + 1) & way->mask;
    return bucket;
}

pk_node *
pk_children_find(const pk_children *children, const pk_rows *nodes, const pk_node *parent,
                 const void *key)
{
    if (children->capacity == 0)
        return NULL;
    uint32_t hash = hash_of(parent, key);
    route way = route_of(children, parent, hash);
    for (;;) {
        const struct pk_child *bucket = follow(&way, children);
        for (uint32_t i = 0; i < BUCKET; i++) {
            if (bucket[i].id == 0)
                return NULL;
            if (bucket[i].hash != hash)
                continue;
            pk_node *node = pk_rows_at(nodes, bucket[i].id);
            if (node->parent == parent && node->key == key)
                return node;
        }
    }
}

/* Put an entry where it belongs; one is free. */
static void
put(pk_children *children, const pk_node *parent, struct pk_child child)
{
    route way = route_of(children, parent, child.hash);
    for (;;) {
        struct pk_child *bucket = follow(&way, children);
        for (uint32_t i = 0; i < BUCKET; i++) {
            if (bucket[i].id == 0) {
                bucket[i] = child;
                children->length++;
                return;
            }
        }
    }
}

int
pk_children_reserve(pk_children *children, const pk_rows *nodes)
{
    if (children->length < children->capacity / 4 * 3)
        return 0;
    uint32_t capacity = children->capacity ? children->capacity * GROWTH : CAPACITY_MIN;
    pk_children wider = {.capacity = capacity};
    wider.entries = pk_calloc_lines(capacity, sizeof *wider.entries);
    if (wider.entries == NULL)
        return -1;
    for (uint32_t i = 0; i < children->capacity; i++) {
        struct pk_child child = children->entries[i];
        if (child.id != 0)
            put(&wider, ((pk_node *)pk_rows_at(nodes, child.id))->parent, child);
    }
    free(children->entries);
    *children = wider;
    return 0;
}

void
pk_children_add(pk_children *children, const pk_node *node)
{
    put(children, node->parent, (struct pk_child){hash_of(node->parent, node->key), node->id});
}

void
pk_children_clear(pk_children *children)
{
    if (children->capacity > 0)
        memset(children->entries, 0, children->capacity * sizeof *children->entries);
    children->length = 0;
}

void
pk_children_free(pk_children *children)
{
    free(children->entries);
    *children = (pk_children){0};
}
