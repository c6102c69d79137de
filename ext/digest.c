/* digest.c — adding a ledger up, difference by difference. */
#include "digest.h"

#include <sched.h>
#include <string.h>

#include "alloc.h"

#define PATIENT_TRIES 100

/* Room for length things of size bytes, new ones zeroed.  0 or −1. */
static int
reserve(void **array, size_t *capacity, size_t length, size_t size)
{
    if (length <= *capacity)
        return 0;
    size_t wider = length + length / 8; /* little is left unused: what is large moves for nothing */
    char *grown = pk_realloc(*array, wider * size);
    if (grown == NULL)
        return -1;
    memset(grown + *capacity * size, 0, (wider - *capacity) * size);
    *array = grown;
    *capacity = wider;
    return 0;
}

void
pk_digest_free(pk_digest *digest)
{
    free(digest->functions);
    free(digest->edges);
    free(digest->nodes);
    free(digest->folds);
    *digest = (pk_digest){.only_thread = digest->only_thread};
}

pk_counts
pk_digest_counts(const pk_digest *digest, uint32_t node)
{
    const pk_context_sum *sum = &digest->nodes[node];
    pk_counts counts = {.calls = sum->calls,
                        .resumes = sum->resumes,
                        .inline_time = sum->inline_time,
                        .total = sum->total};
    if (sum->fold != 0) {
        const pk_fold_sum *fold = &digest->folds[sum->fold];
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
    sum->dirty = 1;
    if (sum->fold != 0)
        digest->folds[sum->fold] =
            (pk_fold_sum){counts->reccalls, counts->edge_reccalls, counts->edge_total};
}

/* Add what a node has more than before to its function and its edge. */
static void
add(pk_digest *digest, const pk_node *node, const pk_counts *now)
{
    const pk_counts before = pk_digest_counts(digest, node->id);
    int64_t calls = now->calls - before.calls;
    int64_t total = now->total - before.total;
    int64_t own = now->inline_time - before.inline_time;
    bool folded = (node->flags & PK_NODE_FOLDED) != 0;

    pk_sum *function = &digest->functions[node->function];
    bool recursive = (node->flags & PK_NODE_RECURSIVE) != 0;
    function->calls += calls;
    function->resumes += now->resumes - before.resumes;
    function->inline_time += own;
    function->total += recursive ? 0 : total;
    function->reccalls += recursive ? calls : now->reccalls - before.reccalls;
    function->dirty = 1;

    pk_sum *edge = &digest->edges[node->edge];
    recursive = (node->flags & PK_NODE_EDGE_RECURSIVE) != 0;
    edge->calls += calls;
    edge->resumes += now->resumes - before.resumes;
    edge->inline_time += own;
    edge->total += recursive ? 0 : folded ? now->edge_total - before.edge_total : total;
    edge->reccalls += recursive ? calls : now->edge_reccalls - before.edge_reccalls;
    edge->dirty = 1;
}

/* Add what a node has more than before, if it has changed.  false: its writer kept changing it. */
static bool
read_node(pk_digest *digest, const pk_node *node)
{
    uint32_t seq = atomic_load_explicit(&node->seq, memory_order_acquire);
    pk_counts counts;
    if (seq == (uint32_t)digest->nodes[node->id].calls)
        return true;
    if (!pk_node_read(node, &counts))
        return false;
    add(digest, node, &counts);
    keep(digest, node->id, &counts);
    return true;
}

bool
pk_digest_read_again(pk_digest *digest, const pk_node *node)
{
    for (int i = 0; i < PATIENT_TRIES; i++) {
        if (read_node(digest, node))
            return true;
        sched_yield();
    }
    return false;
}

/* Prepare for the nodes that are new, up to length, for which there is room.  0, or −1 for want of
 * memory. */
static int
begin_nodes(pk_digest *digest, const pk_ledger *ledger, uint32_t length)
{
    for (uint32_t i = digest->nodes_length ? digest->nodes_length : 1; i < length; i++) {
        const pk_node *node = pk_rows_at(&ledger->nodes, i);
        pk_context_sum *sum = &digest->nodes[i];
        sum->dirty = 1;
        if ((node->flags & PK_NODE_FOLDED) == 0 || sum->fold != 0)
            continue;
        if (reserve((void **)&digest->folds, &digest->folds_capacity, digest->folds_length + 2u,
                    sizeof *digest->folds) < 0)
            return -1;
        sum->fold = ++digest->folds_length;
    }
    return 0;
}

int
pk_digest_update(pk_digest *digest, const pk_ledger *ledger)
{
    if (digest->serial != ledger->serial)
        pk_digest_free(digest);
    /* Nodes first: what they refer to was counted before them. */
    uint32_t nodes = pk_rows_length(&ledger->nodes);
    uint32_t edges = pk_rows_length(&ledger->edges);
    uint32_t functions = pk_rows_length(&ledger->functions);
    if (reserve((void **)&digest->nodes, &digest->nodes_capacity, nodes,
                sizeof *digest->nodes) < 0 ||
        reserve((void **)&digest->edges, &digest->edges_capacity, edges,
                sizeof *digest->edges) < 0 ||
        reserve((void **)&digest->functions, &digest->functions_capacity, functions,
                sizeof *digest->functions) < 0 ||
        begin_nodes(digest, ledger, nodes) < 0)
        return -1;
    digest->serial = ledger->serial;
    digest->nodes_length = nodes;
    digest->edges_length = edges;
    digest->functions_length = functions;
    for (uint32_t i = 1; i < nodes; i++) {
        const pk_node *node = pk_rows_at(&ledger->nodes, i);
        if (digest->only_thread != 0 && node->thread != digest->only_thread)
            continue;
        if (!read_node(digest, node) && !pk_digest_read_again(digest, node))
            return -1;
    }
    return 0;
}
