/* chains.h — call stacks: making them, and finding that of a greenlet. */
#ifndef PK_CHAINS_H
#define PK_CHAINS_H

#include "ledger.h"

/* A new empty stack for thread, which nobody owns, or NULL for want of memory.  [gil] */
pk_chain *pk_chain_new(pk_thread *thread);

/* Frames above the end of chain's last segment, linked, or NULL.  [gil] */
pk_frame *pk_chain_grow(pk_chain *chain, pk_frame *last);

/* The stack of an owner, or NULL.  [writer] */
pk_chain *pk_chain_of(const pk_thread *thread, const void *owner);

/* Have another owner for a stack; none of the others is that one's.  0, or −1 for want of memory:
 * then it has none.  [writer] */
int pk_chain_own(pk_thread *thread, pk_chain *chain, const void *owner);

/* Note that a stack that is set aside, if it is empty, may get another owner.  [writer] */
void pk_chain_spare(pk_thread *thread, pk_chain *chain);

/* An empty stack, which the caller gives to an owner.  A new one is made if all are in use.  NULL for
 * want of memory.  [writer] */
pk_chain *pk_chain_unused(pk_thread *thread);

/* Forget whose the stacks are.  [writer, or gil if the thread has ended] */
void pk_chains_disown(pk_thread *thread);

#endif
