/* digest.c — adding a ledger up, difference by difference.
 *
 * What a call counts, it counts while the call that made it is open, and that is counted later.
 * So a node's children have nothing new unless the node has, or is open: the walk goes from the
 * roots and from what is open down to where nothing has changed.  A node is always read before
 * its children are, so that nothing is missed that is counted during a walk: it shows in the next
 * one. */
#include "digest.h"

#include <sched.h>

#include "alloc.h"
#include "open_calls.h"

#define PATIENT_TRIES 100

void
pk_digest_free(pk_digest *digest)
{
    free(digest->functions);
    free(digest->edges);
    free(digest->nodes);
    free(digest->folds);
    free(digest->changed_functions);
    free(digest->changed_edges);
    free(digest->changed_nodes);
    free(digest->queue);
    free(digest->queued);
    *digest = (pk_digest){0};
}

static bool
is_fold(const pk_context_sum *sum)
{
    return (sum->next & PK_SUM_FOLD) != 0;
}

pk_counts
pk_digest_counts(const pk_digest *digest, uint32_t node)
{
    const pk_context_sum *sum = &digest->nodes[node];
    pk_counts counts = {.calls = sum->calls,
                        .resumes = sum->resumes,
                        .inline_time = sum->inline_time,
                        .total = sum->total};
    if (is_fold(sum)) {
        const pk_fold_sum *fold = &digest->folds[sum->first];
        counts.reccalls = fold->reccalls;
        counts.edge_reccalls = fold->edge_reccalls;
        counts.edge_total = fold->edge_total;
    }
    return counts;
}

/* Keep the counters of a node. */
static void
keep(pk_digest *digest, uint32_t node, const pk_counts *counts)
{
    pk_context_sum *sum = &digest->nodes[node];
    sum->calls = counts->calls;
    sum->resumes = counts->resumes;
    sum->inline_time = counts->inline_time;
    sum->total = counts->total;
    pk_bits_add(digest->changed_nodes, node);
    if (is_fold(sum)) {
        pk_fold_sum *fold = &digest->folds[sum->first];
        fold->reccalls = counts->reccalls;
        fold->edge_reccalls = counts->edge_reccalls;
        fold->edge_total = counts->edge_total;
    }
}

/* Add what a node has more than before to its function and its edge. */
static void
add(pk_digest *digest, const pk_node *node, const pk_counts *before, const pk_counts *now)
{
    int64_t calls = now->calls - before->calls;
    int64_t total = now->total - before->total;
    int64_t own = now->inline_time - before->inline_time;
    bool folded = (node->flags & PK_NODE_FOLDED) != 0;

    pk_sum *function = &digest->functions[node->function];
    bool recursive = (node->flags & PK_NODE_RECURSIVE) != 0;
    function->calls += calls;
    function->resumes += now->resumes - before->resumes;
    function->inline_time += own;
    function->total += recursive ? 0 : total;
    function->reccalls += recursive ? calls : now->reccalls - before->reccalls;
    pk_bits_add(digest->changed_functions, node->function);

    pk_sum *edge = &digest->edges[node->edge];
    recursive = (node->flags & PK_NODE_EDGE_RECURSIVE) != 0;
    edge->calls += calls;
    edge->resumes += now->resumes - before->resumes;
    edge->inline_time += own;
    edge->total += recursive ? 0 : folded ? now->edge_total - before->edge_total : total;
    edge->reccalls += recursive ? calls : now->edge_reccalls - before->edge_reccalls;
    pk_bits_add(digest->changed_edges, node->edge);
}

/* What became of reading a node.  CHANGING: its writer kept changing it. */
typedef enum { SAME, CHANGED, CHANGING } outcome;

/* Add what a node has more than before, if it has changed. */
static outcome
read_node(pk_digest *digest, const pk_node *node)
{
    uint32_t seq = atomic_load_explicit(&node->seq, memory_order_acquire);
    pk_counts counts;
    if (seq == (uint32_t)digest->nodes[node->id].calls)
        return SAME;
    if (!pk_node_read(node, &counts))
        return CHANGING;
    const pk_counts before = pk_digest_counts(digest, node->id);
    add(digest, node, &before, &counts);
    keep(digest, node->id, &counts);
    return CHANGED;
}

/* The same, but a writer that is in the middle of a change is waited for, though not for long; if
 * it still is, the node's caller is open, so the next look finds the node. */
static outcome
read_patiently(pk_digest *digest, const pk_node *node)
{
    outcome read = read_node(digest, node);
    for (int i = 1; i < PATIENT_TRIES && read == CHANGING; i++) {
        sched_yield();
        read = read_node(digest, node);
    }
    digest->stuck = digest->stuck || read == CHANGING;
    return read;
}

/* Have the children of a node read, now or in the next look. */
static void
enqueue(pk_digest *digest, uint32_t id)
{
    const pk_context_sum *sum = &digest->nodes[id];
    if (is_fold(sum) || sum->first == 0 || pk_bits_has(digest->queued, id))
        return;
    if (pk_reserve((void **)&digest->queue, &digest->queue_capacity, digest->queue_length + 1,
                   sizeof *digest->queue) < 0) {
        digest->everything = true; /* the next look finds it */
        return;
    }
    pk_bits_add(digest->queued, id);
    digest->queue[digest->queue_length++] = id;
}

bool
pk_digest_read_again(pk_digest *digest, const pk_node *node)
{
    outcome read = read_patiently(digest, node);
    if (read == CHANGED)
        enqueue(digest, node->id);
    return read != CHANGING;
}

/* Take note of a node that is new: what it is a child of, or that it is a fold.  0, or −1 for want
 * of memory. */
static int
learn(pk_digest *digest, const pk_node *node)
{
    pk_context_sum *sum = &digest->nodes[node->id];
    if (node->flags & PK_NODE_FOLDED) {
        if (pk_reserve((void **)&digest->folds, &digest->folds_capacity,
                       digest->folds_length + 2u, sizeof *digest->folds) < 0)
            return -1;
        sum->first = ++digest->folds_length;
        sum->next = PK_SUM_FOLD;
        digest->folds[sum->first] = (pk_fold_sum){.node = node->id};
    } else {
        sum->next = 0;
        if (node->parent != NULL) {
            uint32_t *first = &digest->nodes[node->parent->id].first;
            sum->next = *first;
            *first = node->id;
        }
    }
    pk_bits_add(digest->changed_nodes, node->id);
    return 0;
}

/* The node that has the row which became free as number at. */
static uint32_t
freed_row(const pk_ledger *ledger, uint32_t at)
{
    return ledger->free.ids[at & ledger->free.mask];
}

/* The same, and read it, unless all of the tree is going to be read: so nothing is missed that was
 * counted in it while nobody knew of it.  0, or −1 for want of memory. */
static int
learn_and_read(pk_digest *digest, const pk_node *node)
{
    if (learn(digest, node) < 0)
        return -1;
    if (digest->serial != 0 && read_patiently(digest, node) != SAME)
        enqueue(digest, node->id);
    return 0;
}

/* Take note of the contexts that are new in rows which were free, up to reused, and of nodes up to
 * length, for which there is room.  0, or −1 for want of memory. */
static int
learn_all(pk_digest *digest, const pk_ledger *ledger, uint32_t reused, uint32_t length)
{
    if (digest->serial == 0) {
        digest->reused = reused;
        digest->free_length = (uint32_t)ledger->free.freed - reused;
        for (uint32_t at = reused; at != (uint32_t)ledger->free.freed; at++)
            digest->nodes[freed_row(ledger, at)].next = PK_SUM_FREE;
    }
    for (; digest->reused != reused; digest->reused++, digest->free_length--)
        if (learn_and_read(digest, pk_rows_at(&ledger->nodes,
                                              freed_row(ledger, digest->reused))) < 0)
            return -1;
    for (uint32_t i = digest->nodes_length ? digest->nodes_length : 1; i < length; i++) {
        if (digest->nodes[i].next != PK_SUM_FREE &&
            learn_and_read(digest, pk_rows_at(&ledger->nodes, i)) < 0)
            return -1;
        digest->nodes_length = i + 1;
    }
    return 0;
}

/* Have room for rows and the set of those that changed.  0, or −1 for want of memory. */
static int
reserve_rows(void **rows, size_t *capacity, uint32_t length, size_t size, uint64_t **set,
             size_t *words)
{
    if (pk_reserve((void **)set, words, PK_BITS_WORDS(length), sizeof **set) < 0)
        return -1;
    return pk_reserve(rows, capacity, length, size);
}

/* Have room for the sums of functions and edges.  0, or −1 for want of memory. */
static int
reserve_sums(pk_digest *digest, uint32_t functions, uint32_t edges)
{
    if (reserve_rows((void **)&digest->edges, &digest->edges_capacity, edges,
                     sizeof *digest->edges, &digest->changed_edges,
                     &digest->changed_edges_capacity) < 0)
        return -1;
    return reserve_rows((void **)&digest->functions, &digest->functions_capacity, functions,
                        sizeof *digest->functions, &digest->changed_functions,
                        &digest->changed_functions_capacity);
}

/* Have room for all rows and sets.  0, or −1 for want of memory. */
static int
reserve_all(pk_digest *digest, uint32_t functions, uint32_t edges, uint32_t nodes)
{
    if (pk_reserve((void **)&digest->queued, &digest->queued_capacity, PK_BITS_WORDS(nodes),
                   sizeof *digest->queued) < 0 ||
        reserve_rows((void **)&digest->nodes, &digest->nodes_capacity, nodes,
                     sizeof *digest->nodes, &digest->changed_nodes,
                     &digest->changed_nodes_capacity) < 0)
        return -1;
    return reserve_sums(digest, functions, edges);
}

/* Read the children of a node. */
static void
read_children(pk_digest *digest, const pk_ledger *ledger, uint32_t id, bool everything)
{
    for (uint32_t child = digest->nodes[id].first; child != 0; child = digest->nodes[child].next) {
        const pk_node *node = pk_rows_at(&ledger->nodes, child);
        if (read_patiently(digest, node) != SAME || everything)
            enqueue(digest, child);
    }
}

/* The node that was queued last, which is not queued any more. */
static uint32_t
take(pk_digest *digest)
{
    uint32_t id = digest->queue[--digest->queue_length];
    pk_bits_remove(digest->queued, id);
    return id;
}

/* Read what has changed, from the roots and what is open on; or everything, from the roots on. */
static void
walk(pk_digest *digest, const pk_ledger *ledger, const pk_open_calls *open, uint32_t threads)
{
    bool everything = digest->everything;
    digest->everything = false;
    while (everything && digest->queue_length > 0)
        (void)take(digest);
    for (uint32_t i = 1; i <= threads; i++)
        enqueue(digest, ledger->threads[i]->root->id);
    for (size_t i = 0; !everything && i < open->frames_length; i++)
        enqueue(digest, open->frames[i].node->id);
    while (digest->queue_length > 0)
        read_children(digest, ledger, take(digest), everything);
}

/* Read all folds, if calls were folded since the last time. */
static void
read_folds(pk_digest *digest, const pk_ledger *ledger, bool fresh)
{
    /* acquire: pairs with pk_record_pop_folded, which counts in the fold before */
    int64_t calls = atomic_load_explicit(&ledger->folded_calls, memory_order_acquire);
    if (calls == digest->folded_calls && !fresh)
        return;
    digest->folded_calls = calls;
    for (uint32_t i = 1; i <= digest->folds_length; i++)
        (void)read_patiently(digest, pk_rows_at(&ledger->nodes, digest->folds[i].node));
}

int
pk_digest_update(pk_digest *digest, const pk_ledger *ledger, const pk_open_calls *open)
{
    if (digest->serial != ledger->serial || digest->merges != ledger->merges)
        pk_digest_free(digest);
    bool fresh = digest->serial == 0;
    digest->stuck = false;
    /* All acquire.  What refers to others comes first: they were counted before it. */
    uint32_t dropped = atomic_load_explicit(&ledger->dropped, memory_order_acquire);
    uint32_t threads = atomic_load_explicit(&ledger->threads_length, memory_order_acquire);
    uint32_t reused = atomic_load_explicit(&ledger->free.reused, memory_order_acquire);
    uint32_t nodes = pk_rows_length(&ledger->nodes);
    uint32_t edges = pk_rows_length(&ledger->edges);
    uint32_t functions = pk_rows_length(&ledger->functions);
    if (reserve_all(digest, functions, edges, nodes) < 0)
        return -1;
    digest->edges_length = edges;
    digest->functions_length = functions;
    if (learn_all(digest, ledger, reused, nodes) < 0)
        return -1;
    digest->serial = ledger->serial;
    digest->merges = ledger->merges;
    digest->everything = digest->everything || fresh || dropped != digest->dropped;
    digest->dropped = dropped;
    walk(digest, ledger, open, threads);
    read_folds(digest, ledger, fresh);
    /* everything: something was not walked for want of memory */
    return digest->everything || digest->stuck ? -1 : 0;
}

int
pk_digest_sum(pk_digest *digest, const pk_ledger *ledger, uint32_t thread)
{
    const pk_counts nothing = {0};
    uint32_t nodes = pk_rows_length(&ledger->nodes);
    uint32_t edges = pk_rows_length(&ledger->edges);
    uint32_t functions = pk_rows_length(&ledger->functions);
    if (reserve_sums(digest, functions, edges) < 0)
        return -1;
    digest->edges_length = edges;
    digest->functions_length = functions;
    for (uint32_t i = 1; i < nodes; i++) {
        const pk_node *node = pk_rows_at(&ledger->nodes, i);
        pk_counts counts;
        if (pk_node_is_free(node) || (thread != 0 && node->thread != thread))
            continue;
        (void)pk_node_read(node, &counts); /* who holds the GIL is in no hook */
        add(digest, node, &nothing, &counts);
    }
    return 0;
}
