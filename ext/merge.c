/* merge.c — which contexts are cold, and where they go. */
#include "merge.h"

#include <string.h>

#include "children.h"
#include "map.h"
#include "record.h"

#define SHARE 4    /* one context in so many is merged when the tree is full */
#define EXCESS 16  /* one in so many may come on top while the publisher looks, and */
#define PAUSE 16   /* as many must be asked for before contexts are merged again */
#define WARMTH_MAX 32 /* bits that a number of calls may need */
#define KEPT 255      /* the warmth of what is open, of roots and of folds */

/* What is found out of the tree. */
typedef struct {
    pk_ledger *ledger;
    uint32_t length;    /* of the nodes */
    uint32_t contexts;  /* of the tree, in order */
    uint8_t *warmth;    /* of each node, the warmest below it included; owned */
    uint32_t *order;    /* the contexts, deepest first; owned */
    uint32_t *marks;    /* calls of each node, for the next time; owned */
} survey;

static pk_node *
node_at(const survey *tree, uint32_t id)
{
    return pk_rows_at(&tree->ledger->nodes, id);
}

/* Whether a node is a context that is no root. */
static bool
is_context(const pk_node *node)
{
    return node->parent != NULL;
}

static uint32_t
calls_of(const pk_node *node)
{
    return (uint32_t)atomic_load_explicit(&node->calls, memory_order_relaxed);
}

/* How warm a context is by itself: the bits of the number of its calls since the last time. */
static uint8_t
own_warmth(const survey *tree, const pk_node *node)
{
    const pk_private *own = tree->ledger->own;
    uint32_t before = node->id < own->marks_length ? own->marks[node->id] : 0;
    uint32_t calls = calls_of(node) - before;
    return calls == 0 ? 0 : (uint8_t)(32 - __builtin_clz(calls));
}

/* Keep what is open on a stack. */
static void
keep_open(const survey *tree, const pk_frame *top)
{
    for (const pk_frame *frame = top; frame != NULL; frame = frame->below)
        tree->warmth[atomic_load_explicit(&frame->node, memory_order_relaxed)->id] = KEPT;
}

static void
keep_all_open(const survey *tree)
{
    const pk_ledger *ledger = tree->ledger;
    uint32_t threads = atomic_load_explicit(&ledger->threads_length, memory_order_relaxed);
    for (uint32_t i = 1; i <= threads; i++) {
        const pk_thread *thread = ledger->threads[i];
        keep_open(tree, atomic_load_explicit(&thread->top, memory_order_relaxed));
        for (const pk_chain *chain = pk_thread_chains(thread); chain != NULL; chain = chain->next)
            if (chain != thread->chain)
                keep_open(tree, atomic_load_explicit(&chain->top, memory_order_relaxed));
    }
}

/* Put the contexts in order.  false: there is no memory. */
static bool
sort_by_depth(survey *tree)
{
    uint32_t deepest = 0;
    for (uint32_t i = 1; i < tree->length; i++)
        if (node_at(tree, i)->depth > deepest)
            deepest = node_at(tree, i)->depth;
    uint32_t *places = pk_calloc((size_t)deepest + 1, sizeof *places);
    if (places == NULL)
        return false;
    for (uint32_t i = 1; i < tree->length; i++)
        if (is_context(node_at(tree, i)))
            places[node_at(tree, i)->depth]++;
    uint32_t before = 0;
    for (uint32_t depth = deepest + 1; depth-- > 0;) {
        uint32_t here = places[depth];
        places[depth] = before;
        before += here;
    }
    for (uint32_t i = 1; i < tree->length; i++)
        if (is_context(node_at(tree, i)))
            tree->order[places[node_at(tree, i)->depth]++] = i;
    tree->contexts = before;
    free(places);
    return true;
}

/* Find the warmth of all nodes. */
static void
measure(survey *tree)
{
    for (uint32_t i = 1; i < tree->length; i++) {
        const pk_node *node = node_at(tree, i);
        tree->marks[i] = calls_of(node);
        tree->warmth[i] = is_context(node) ? own_warmth(tree, node) : KEPT;
    }
    keep_all_open(tree);
    for (uint32_t i = 0; i < tree->contexts; i++) {
        uint32_t id = tree->order[i];
        uint8_t *above = &tree->warmth[node_at(tree, id)->parent->id];
        if (*above < tree->warmth[id])
            *above = tree->warmth[id];
    }
}

static void
end_survey(survey *tree)
{
    free(tree->warmth);
    free(tree->order);
    free(tree->marks);
}

/* Survey the tree.  false: there is no memory, and nothing to be ended. */
static bool
begin_survey(survey *tree, pk_ledger *ledger)
{
    *tree = (survey){.ledger = ledger, .length = pk_rows_length(&ledger->nodes)};
    tree->warmth = pk_calloc(tree->length, sizeof *tree->warmth);
    tree->order = pk_calloc(tree->length, sizeof *tree->order);
    tree->marks = pk_calloc(tree->length, sizeof *tree->marks);
    if (tree->warmth == NULL || tree->order == NULL || tree->marks == NULL ||
        !sort_by_depth(tree)) {
        end_survey(tree);
        return false;
    }
    measure(tree);
    return true;
}

/* Have a ring with room for all contexts.  false: there is no memory. */
static bool
make_ring(pk_ledger *ledger)
{
    pk_free_rows *rows = &ledger->free;
    if (rows->ids != NULL)
        return true;
    uint32_t capacity = 1;
    while (capacity < ledger->tree_nodes_max + ledger->tree_nodes_max / EXCESS)
        capacity *= 2;
    uint32_t *ids =
        pk_region_take(&ledger->own->region, capacity * sizeof *ids, _Alignof(max_align_t));
    if (ids == NULL)
        return false;
    rows->mask = capacity - 1;
    rows->ids = ids;
    return true;
}

/* Write down what the fold and the parent have, before they get more. */
static void
begin_merging(pk_ledger *ledger, pk_node *fold, pk_node *parent)
{
    pk_merging *merging = &ledger->merging;
    pk_counts before;
    (void)pk_node_read(fold, &before);
    /* the fences are for the compiler: who reads what is left sees nothing half written */
    atomic_store_explicit(&merging->fold, NULL, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
    merging->parent = parent;
    merging->number = ledger->free.freed;
    merging->calls = before.calls;
    merging->resumes = before.resumes;
    merging->inline_time = before.inline_time;
    merging->total = before.total;
    merging->reccalls = before.reccalls;
    merging->edge_reccalls = before.edge_reccalls;
    merging->edge_total = before.edge_total;
    merging->merged = parent->merged;
    merging->merged_time = parent->merged_time;
    atomic_store_explicit(&merging->fold, fold, memory_order_release);
    atomic_signal_fence(memory_order_seq_cst);
}

/* Add the counters of a context to the fold, as if its calls had been folded. */
static void
add_counts(pk_node *fold, const pk_node *node, const pk_counts *counts)
{
    bool recursive = (node->flags & PK_NODE_RECURSIVE) != 0;
    bool edge_recursive = (node->flags & PK_NODE_EDGE_RECURSIVE) != 0;
    pk_record_add(&fold->calls, counts->calls);
    pk_record_add(&fold->resumes, counts->resumes);
    pk_record_add(&fold->inline_time, counts->inline_time);
    if (recursive)
        pk_record_add(&fold->fold->reccalls, counts->calls);
    else
        pk_record_add(&fold->total, counts->total);
    if (edge_recursive)
        pk_record_add(&fold->fold->edge_reccalls, counts->calls);
    else
        pk_record_add(&fold->fold->edge_total, counts->total);
    pk_record_end_count(fold, calls_of(fold));
}

/* Free the row of a context whose counters are elsewhere. */
static void
free_row(pk_ledger *ledger, pk_node *node)
{
    pk_free_rows *rows = &ledger->free;
    uint32_t id = node->id;
    uint32_t length = atomic_load_explicit(&ledger->tree_length, memory_order_relaxed);
    rows->ids[rows->freed & rows->mask] = id;
    atomic_signal_fence(memory_order_release);
    rows->freed++; /* from here on the context is not there any more */
    atomic_signal_fence(memory_order_release);
    memset(node, 0, sizeof *node);
    node->id = id;
    atomic_store_explicit(&ledger->tree_length, length - 1, memory_order_relaxed);
}

/* Merge a context without callees.  false: there is no memory, or no room in the ring, whose size
 * is of the first bound that the tree had. */
static bool
merge(survey *tree, pk_node *node)
{
    pk_ledger *ledger = tree->ledger;
    pk_node *parent = node->parent;
    pk_counts counts;
    (void)pk_node_read(node, &counts);
    uint32_t reused = atomic_load_explicit(&ledger->free.reused, memory_order_relaxed);
    pk_node *fold =
        pk_ledger_fold(ledger, ledger->threads[node->thread],
                       pk_rows_at(&ledger->functions, node->function), node->edge);
    if (fold == NULL || (uint32_t)ledger->free.freed - reused > ledger->free.mask)
        return false;
    begin_merging(ledger, fold, parent);
    add_counts(fold, node, &counts);
    parent->merged += 1 + node->merged;
    parent->merged_time += counts.inline_time + node->merged_time;
    tree->marks[node->id] = 0;
    free_row(ledger, node);
    return true;
}

/* What is merged: all that is colder than limit, and so many that are as warm. */
typedef struct {
    uint8_t limit;
    uint32_t at_limit;
} choice;

/* Choose so many contexts, or all that may be merged if they are fewer. */
static choice
choose(const survey *tree, uint32_t wanted)
{
    uint32_t counts[KEPT + 1] = {0};
    for (uint32_t i = 0; i < tree->contexts; i++)
        counts[tree->warmth[tree->order[i]]]++;
    choice made = {0, wanted};
    while (made.limit < WARMTH_MAX && counts[made.limit] < made.at_limit)
        made.at_limit -= counts[made.limit++];
    return made;
}

/* Merge the coldest contexts, each after all below it, which are no warmer. */
static void
merge_coldest(survey *tree)
{
    choice cold = choose(tree, tree->contexts / SHARE + 1);
    for (uint32_t i = 0; i < tree->contexts; i++) {
        pk_node *node = node_at(tree, tree->order[i]);
        uint8_t warmth = tree->warmth[node->id];
        bool chosen = warmth < cold.limit || (warmth == cold.limit && cold.at_limit > 0);
        uint8_t *above = &tree->warmth[node->parent->id];
        if (warmth == KEPT || (chosen && !merge(tree, node)))
            *above = KEPT;
        else if (chosen && warmth == cold.limit)
            cold.at_limit--;
    }
}

/* Have nothing lead to contexts that are gone, nor to folds in place of contexts. */
static void
forget_paths(survey *tree)
{
    pk_ledger *ledger = tree->ledger;
    uint32_t length = pk_rows_length(&ledger->nodes);
    for (uint32_t i = 1; i < length; i++) {
        pk_node *node = pk_rows_at(&ledger->nodes, i);
        const pk_node *last = node->last_child;
        if (last != NULL && (pk_node_is_free(last) || last->flags & PK_NODE_FOLDED))
            node->last_child = NULL;
        if (node->fold != NULL)
            node->fold->boundary = NULL;
    }
    pk_map_free(&ledger->own->fold_of_node);
    pk_children_clear(&ledger->own->children);
    for (uint32_t i = 1; i < length; i++) {
        pk_node *node = pk_rows_at(&ledger->nodes, i);
        if (!is_context(node))
            continue;
        pk_children_add(&ledger->own->children, node);
        if (node->parent->last_child == NULL)
            node->parent->last_child = node;
    }
}

/* Merge contexts, if there is memory for it.  [who holds the ledger] */
static void
merge_contexts(pk_ledger *ledger)
{
    survey tree;
    if (!make_ring(ledger) || !begin_survey(&tree, ledger))
        return;
    merge_coldest(&tree);
    forget_paths(&tree);
    ledger->merges++;
    free(ledger->own->marks);
    ledger->own->marks = tree.marks;
    ledger->own->marks_length = tree.length;
    tree.marks = NULL;
    end_survey(&tree);
}

bool
pk_merge_for_one(pk_ledger *ledger)
{
    pk_private *own = ledger->own;
    uint32_t most = ledger->tree_nodes_max;
    own->wanted++;
    if (atomic_load_explicit(&ledger->tree_length, memory_order_relaxed) < most)
        return true;
    if (own->wanted > most / PAUSE && pk_ledger_hold(ledger)) {
        merge_contexts(ledger);
        pk_ledger_release(ledger);
        own->wanted = 0;
    }
    return atomic_load_explicit(&ledger->tree_length, memory_order_relaxed) < most + most / EXCESS;
}
