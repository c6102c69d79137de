/* children.h — which context a call from a context goes to: a hash index of one writer.
 *
 * An entry is 8 bytes, a hash and the number of a node; the node itself tells whether it is
 * the one.  Contexts that were made one after the other have their children's entries side by
 * side: a tree is mostly walked as it grew, and what comes next is in the processor's cache. */
#ifndef PK_CHILDREN_H
#define PK_CHILDREN_H

#include "ledger.h"

/* The node of a call of key from parent, or NULL if it has not been added.  [gil] */
pk_node *pk_children_find(const pk_children *children, const pk_rows *nodes, const pk_node *parent,
                          const void *key);

/* Make sure that there is room for one more among those of nodes.  0, or −1 for want of memory.  [gil] */
int pk_children_reserve(pk_children *children, const pk_rows *nodes);

/* Add a node, which has a parent; pk_children_reserve() has made room.  [gil] */
void pk_children_add(pk_children *children, const pk_node *node);

/* Take all out and keep the room.  [gil] */
void pk_children_clear(pk_children *children);

/* Free the entries and leave the index empty.  [gil] */
void pk_children_free(pk_children *children);

#endif
