/* children.c — open addressing with linear probes; nothing is ever removed. */
#include "children.h"

#define CAPACITY_MIN 64

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

pk_node *
pk_children_find(const pk_children *children, const pk_rows *nodes, const pk_node *parent,
                 const void *key)
{
    if (children->capacity == 0)
        return NULL;
    uint32_t hash = hash_of(parent, key);
    uint32_t mask = children->capacity - 1;
    for (uint32_t at = hash & mask;; at = (at + 1) & mask) {
        struct pk_child child = children->entries[at];
        if (child.id == 0)
            return NULL;
        if (child.hash != hash)
            continue;
        pk_node *node = pk_rows_at(nodes, child.id);
        if (node->parent == parent && node->key == key)
            return node;
    }
}

/* Put an entry where it belongs; one is free. */
static void
put(pk_children *children, struct pk_child child)
{
    uint32_t mask = children->capacity - 1;
    uint32_t at = child.hash & mask;
    while (children->entries[at].id != 0)
        at = (at + 1) & mask;
    children->entries[at] = child;
    children->length++;
}

int
pk_children_reserve(pk_children *children)
{
    if (children->length * 2 < children->capacity)
        return 0;
    pk_children wider = {.capacity = children->capacity ? children->capacity * 2 : CAPACITY_MIN};
    wider.entries = pk_calloc(wider.capacity, sizeof *wider.entries);
    if (wider.entries == NULL)
        return -1;
    for (uint32_t i = 0; i < children->capacity; i++)
        if (children->entries[i].id != 0)
            put(&wider, children->entries[i]);
    free(children->entries);
    *children = wider;
    return 0;
}

void
pk_children_add(pk_children *children, const pk_node *node)
{
    put(children, (struct pk_child){hash_of(node->parent, node->key), node->id});
}

void
pk_children_free(pk_children *children)
{
    free(children->entries);
    *children = (pk_children){0};
}
