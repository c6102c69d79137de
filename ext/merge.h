/* merge.h — the coldest contexts of a full tree make room for new ones.
 *
 * A merged context's counters go to the fold of its edge, by the rules of folded calls, so
 * functions, edges and callers stay exact.  Its nearest context above that is left knows how many
 * were merged there, and their own time.  Its row is used again. */
#ifndef PK_MERGE_H
#define PK_MERGE_H

#include "ledger.h"

/* Whether the tree has room for one context more, for which contexts may be merged.  Who calls
 * this holds no pointer to a context that is not open.  [gil] */
bool pk_merge_for_one(pk_ledger *ledger);

#endif
