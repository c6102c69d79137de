/* ledger.c — the rows: making them, finding them, reading them, freeing them. */
#include "ledger.h"

#include <string.h>

#include "chains.h"
#include "children.h"
#include "map.h"
#include "merge.h"

#define READ_TRIES 1000
#define REGION_MAX ((size_t)(sizeof(void *) > 4 ? 2048 : 256) << 20) /* of address space */

/* Zeroed room in the ledger's region, or NULL. */
static void *
take(pk_ledger *ledger, size_t size)
{
    return pk_region_take(&ledger->own->region, size, _Alignof(max_align_t));
}

/* A zeroed row at the end, not yet counted, or NULL. */
static void *
reserve(pk_ledger *ledger, pk_rows *rows)
{
    uint32_t index = atomic_load_explicit(&rows->length, memory_order_relaxed);
    uint32_t chunk = index / PK_CHUNK_ROWS;
    if (chunk >= PK_CHUNKS_MAX)
        return NULL;
    if (atomic_load_explicit(&rows->chunks[chunk], memory_order_relaxed) == NULL) {
        char *bytes =
            pk_region_take(&ledger->own->region, PK_CHUNK_ROWS * rows->row_size, PK_LINE);
        if (bytes == NULL)
            return NULL;
        atomic_store_explicit(&rows->chunks[chunk], bytes, memory_order_relaxed);
    }
    return pk_rows_at(rows, index);
}

/* Count the row that was reserved.  release: pairs with pk_rows_length. */
static void
commit(pk_rows *rows)
{
    uint32_t length = atomic_load_explicit(&rows->length, memory_order_relaxed);
    atomic_store_explicit(&rows->length, length + 1, memory_order_release);
}

/* Index of the row that reserve() gave. */
static uint32_t
reserved_index(const pk_rows *rows)
{
    return atomic_load_explicit(&rows->length, memory_order_relaxed);
}

static void
rows_start(pk_rows *rows, size_t row_size)
{
    rows->row_size = row_size;
    atomic_store_explicit(&rows->length, 1, memory_order_relaxed); /* row 0 is none */
}

/* Begin an empty ledger in a region of which nothing is used, or NULL. */
static pk_ledger *
begin(pk_private *own, uint64_t serial)
{
    pk_ledger *ledger = pk_region_take(&own->region, sizeof *ledger, PK_LINE);
    if (ledger == NULL)
        return NULL;
    ledger->own = own;
    rows_start(&ledger->functions, sizeof(pk_function));
    rows_start(&ledger->edges, sizeof(pk_edge));
    rows_start(&ledger->nodes, sizeof(pk_node));
    ledger->serial = serial;
    ledger->tree_nodes_max = PK_TREE_NODES_MAX;
    ledger->tree_depth_max = PK_TREE_DEPTH_MAX;
    return ledger;
}

pk_ledger *
pk_ledger_new(uint64_t serial)
{
    pk_private *own = pk_calloc(1, sizeof *own);
    if (own == NULL)
        return NULL;
    pk_ledger *ledger =
        pk_region_open(&own->region, REGION_MAX) < 0 ? NULL : begin(own, serial);
    if (ledger == NULL) {
        pk_region_close(&own->region);
        free(own);
    }
    return ledger;
}

int
pk_ledger_replace(pk_ledger *ledger, uint64_t serial)
{
    pk_private *own = ledger->own;
    uint32_t nodes_max = ledger->tree_nodes_max, depth_max = ledger->tree_depth_max;
    if (pk_region_replace(&own->region) < 0)
        return -1;
    *own = (pk_private){.region = own->region, .refs = own->refs};
    if (begin(own, serial) == NULL)
        return -1;
    ledger->tree_nodes_max = nodes_max;
    ledger->tree_depth_max = depth_max;
    return 0;
}

void
pk_ledger_free(pk_ledger *ledger)
{
    if (ledger == NULL)
        return;
    pk_private *own = ledger->own;
    uint32_t threads = atomic_load_explicit(&ledger->threads_length, memory_order_relaxed);
    for (uint32_t i = 1; i <= threads; i++) {
        atomic_load_explicit(&ledger->threads[i]->life, memory_order_relaxed)->rows--;
        free(ledger->threads[i]->owners.places);
    }
    pk_region_close(&own->region);
    pk_map_free(&own->function_of_key);
    pk_map_free(&own->edge_of_pair);
    pk_children_free(&own->children);
    pk_map_free(&own->fold_of_node);
    pk_map_free(&own->fold_of_edge);
    pk_map_free(&own->level_of);
    free(own->marks);
    free(own->refs.items);
    free(own);
}

pk_function *
pk_ledger_function(const pk_ledger *ledger, const void *key)
{
    return pk_map_get(&ledger->own->function_of_key, (uintptr_t)key, 0);
}

/* A copy of text in the region, with a terminator.  false: there is no memory. */
static bool
keep_text(pk_ledger *ledger, pk_text *text)
{
    char *copy = take(ledger, (size_t)text->size + 1);
    if (copy == NULL)
        return false;
    if (text->size > 0)
        memcpy(copy, text->bytes, text->size);
    text->bytes = copy;
    return true;
}

/* Room for one more reference.  false: there is no memory. */
static bool
reserve_ref(pk_refs *refs)
{
    if (refs->length < refs->capacity)
        return true;
    size_t capacity = refs->capacity ? refs->capacity * 2 : PK_CHUNK_ROWS;
    void **items = pk_realloc(refs->items, capacity * sizeof *items);
    if (items == NULL)
        return false;
    refs->items = items;
    refs->capacity = capacity;
    return true;
}

pk_function *
pk_ledger_add_function(pk_ledger *ledger, const pk_function *function)
{
    pk_function made = *function;
    pk_refs *refs = &ledger->own->refs;
    pk_function *row = reserve(ledger, &ledger->functions);
    if (row == NULL || !reserve_ref(refs) || !keep_text(ledger, &made.name) ||
        !keep_text(ledger, &made.qualified_name) || !keep_text(ledger, &made.file))
        return NULL;
    *row = made;
    row->id = reserved_index(&ledger->functions);
    if (pk_map_put(&ledger->own->function_of_key, (uintptr_t)row->key, 0, row) < 0) {
        memset(row, 0, sizeof *row);
        return NULL;
    }
    if (row->ref != NULL)
        refs->items[refs->length++] = row->ref;
    commit(&ledger->functions);
    return row;
}

/* Index of the edge, made if it is new; 0 for want of memory. */
static uint32_t
edge_of(pk_ledger *ledger, uint32_t caller, uint32_t callee)
{
    uintptr_t known = (uintptr_t)pk_map_get(&ledger->own->edge_of_pair, caller, callee);
    if (known != 0)
        return (uint32_t)known;
    pk_edge *edge = reserve(ledger, &ledger->edges);
    if (edge == NULL)
        return 0;
    uint32_t index = reserved_index(&ledger->edges);
    if (pk_map_put(&ledger->own->edge_of_pair, caller, callee, (void *)(uintptr_t)index) < 0)
        return 0;
    *edge = (pk_edge){caller, callee};
    commit(&ledger->edges);
    return index;
}

/* Of the first length rows one whose thread has ended, if possible of that kind, or NULL.
 * Rows of other kinds are kept as long as there is room. */
static pk_thread *
ended_thread(const pk_ledger *ledger, uint32_t length, uint64_t kind)
{
    pk_thread *least = NULL;
    for (uint32_t i = 1; i <= length; i++) {
        pk_thread *thread = ledger->threads[i];
        if (pk_thread_alive(thread))
            continue;
        if (kind != 0 && thread->kind == kind)
            return thread;
        if (least == NULL || thread->threads < least->threads)
            least = thread;
    }
    return length < PK_THREADS_KEPT ? NULL : least;
}

/* A new complete row without its stack's owner, or NULL.  Not counted yet. */
static pk_thread *
new_thread(pk_ledger *ledger, uint32_t id)
{
    pk_thread *thread = take(ledger, sizeof *thread);
    pk_node *root = reserve(ledger, &ledger->nodes);
    if (thread == NULL || root == NULL)
        return NULL;
    thread->region = &ledger->own->region;
    thread->id = id;
    thread->root = root;
    root->id = reserved_index(&ledger->nodes);
    root->thread = id;
    thread->chain = pk_chain_new(thread);
    if (thread->chain == NULL) {
        memset(root, 0, sizeof *root);
        return NULL;
    }
    thread->boundary = root;
    atomic_store_explicit(&thread->chain->turns, PK_RUNNING, memory_order_relaxed);
    atomic_store_explicit(&thread->top, thread->chain->bottom, memory_order_relaxed);
    commit(&ledger->nodes);
    return thread;
}

/* Have no call in the frames from top down. */
static void
empty_frames(pk_frame *top)
{
    for (pk_frame *frame = top; frame->below != NULL; frame = frame->below)
        atomic_store_explicit(&frame->flags, PK_FRAME_LEFT, memory_order_release);
}

/* Take a row from its ended thread, with calls that it may have left open. */
static void
vacate(pk_ledger *ledger, pk_thread *thread)
{
    pk_frame *top = atomic_load_explicit(&thread->top, memory_order_relaxed);
    bool open = top->below != NULL;
    for (pk_frame *frame = top; frame->below != NULL; frame = frame->below) {
        const pk_node *node = atomic_load_explicit(&frame->node, memory_order_relaxed);
        if (pk_frame_flags(frame) & PK_FRAME_FOLDED) {
            node->fold->edge_level--;
            --*node->fold->function_level;
        }
    }
    empty_frames(top);
    atomic_store_explicit(&thread->top, thread->chain->bottom, memory_order_release);
    thread->boundary = thread->root;
    for (pk_chain *chain = pk_thread_chains(thread); chain != NULL; chain = chain->next) {
        if (chain != thread->chain) {
            pk_frame *aside = atomic_load_explicit(&chain->top, memory_order_relaxed);
            open = open || aside != chain->bottom;
            empty_frames(aside);
        }
        atomic_store_explicit(&chain->top, chain->bottom, memory_order_release);
    }
    pk_chains_disown(thread);
    if (open) /* release: pairs with the acquire in digest.c */
        atomic_fetch_add_explicit(&ledger->dropped, 1, memory_order_release);
    atomic_load_explicit(&thread->life, memory_order_relaxed)->rows--;
}

pk_thread *
pk_ledger_add_thread(pk_ledger *ledger, pk_life *life, int64_t ident, int64_t native_id,
                     int cpu_clock, uint64_t kind)
{
    uint32_t length = atomic_load_explicit(&ledger->threads_length, memory_order_relaxed);
    pk_thread *thread = ended_thread(ledger, length, kind);
    bool fresh = thread == NULL;
    if (!fresh)
        vacate(ledger, thread);
    else if (length < PK_THREADS_MAX)
        thread = new_thread(ledger, length + 1);
    if (thread == NULL)
        return NULL;
    atomic_store_explicit(&thread->ident, ident, memory_order_relaxed);
    atomic_store_explicit(&thread->native_id, native_id, memory_order_relaxed);
    atomic_store_explicit(&thread->cpu_clock, cpu_clock, memory_order_relaxed);
    atomic_fetch_add_explicit(&thread->threads, 1, memory_order_relaxed);
    thread->kind = kind;
    thread->name_tries = 0;
    thread->greenlets = false;
    atomic_store_explicit(&thread->timer_now, 0, memory_order_relaxed);
    thread->timer_shift = 0;
    life->rows++;
    atomic_store_explicit(&thread->life, life, memory_order_release);
    if (fresh) {
        ledger->threads[length + 1] = thread;
        atomic_store_explicit(&ledger->threads_length, length + 1, memory_order_release);
    }
    return thread;
}

pk_thread *
pk_ledger_thread(const pk_ledger *ledger, const pk_life *life)
{
    uint32_t length = atomic_load_explicit(&ledger->threads_length, memory_order_relaxed);
    for (uint32_t i = 1; i <= length; i++)
        if (atomic_load_explicit(&ledger->threads[i]->life, memory_order_relaxed) == life)
            return ledger->threads[i];
    return NULL;
}

int
pk_ledger_name_thread(pk_ledger *ledger, pk_thread *thread, pk_text text)
{
    pk_named *named = take(ledger, sizeof *named);
    if (named == NULL || !keep_text(ledger, &text))
        return -1;
    named->text = text;
    atomic_store_explicit(&thread->name, named, memory_order_release);
    return 0;
}

/* The bit of a function or an edge in a summary of those that are open. */
static uint64_t
bit_of(uint32_t id)
{
    return UINT64_C(1) << (id % 64);
}

/* Whether the function, and whether the edge, is open at node or further out.  The summaries
 * mostly say so without a walk: a bit that is not set is certain. */
static uint32_t
recursion_flags(const pk_node *node, uint32_t function, uint32_t edge)
{
    if ((node->open_functions & bit_of(function)) == 0)
        return 0;
    bool edge_may = (node->open_edges & bit_of(edge)) != 0;
    uint32_t flags = 0;
    for (; node != NULL && (flags == 0 || edge_may); node = node->parent) {
        if (node->function == function)
            flags |= PK_NODE_RECURSIVE;
        if (node->edge == edge)
            return flags | PK_NODE_EDGE_RECURSIVE;
    }
    return flags;
}

uint32_t
pk_fold_flags(pk_fold *fold, const pk_node *node, pk_node *boundary)
{
    if (fold->boundary != boundary) {
        fold->boundary_flags = recursion_flags(boundary, node->function, node->edge);
        fold->boundary = boundary;
    }
    return fold->boundary_flags;
}

/* How many folded calls of function are open in thread: where that is counted, or NULL. */
static int64_t *
level_of(pk_ledger *ledger, const pk_thread *thread, uint32_t function)
{
    int64_t *level = pk_map_get(&ledger->own->level_of, thread->id, function);
    if (level != NULL)
        return level;
    level = take(ledger, sizeof *level);
    if (level != NULL && pk_map_put(&ledger->own->level_of, thread->id, function, level) < 0)
        return NULL;
    return level;
}

/* Fill in a node for calls of function. */
static void
fill(pk_node *node, const pk_thread *thread, const pk_function *function, uint32_t edge)
{
    node->key = function->key;
    node->function = function->id;
    node->edge = edge;
    node->thread = thread->id;
}

pk_node *
pk_ledger_fold(pk_ledger *ledger, const pk_thread *thread, const pk_function *function, uint32_t edge)
{
    pk_node *node = pk_map_get(&ledger->own->fold_of_edge, thread->id, edge);
    if (node != NULL)
        return node;
    node = reserve(ledger, &ledger->nodes);
    int64_t *level = level_of(ledger, thread, function->id);
    pk_fold *fold = take(ledger, sizeof *fold);
    if (node == NULL || level == NULL || fold == NULL ||
        pk_map_put(&ledger->own->fold_of_edge, thread->id, edge, node) < 0)
        return NULL;
    fold->function_level = level;
    node->fold = fold;
    node->flags = PK_NODE_FOLDED;
    node->id = reserved_index(&ledger->nodes);
    fill(node, thread, function, edge);
    commit(&ledger->nodes);
    return node;
}

/* The row that a merged context left first, or NULL. */
static pk_node *
free_row(const pk_ledger *ledger)
{
    const pk_free_rows *rows = &ledger->free;
    uint32_t reused = atomic_load_explicit(&rows->reused, memory_order_relaxed);
    if (reused == (uint32_t)rows->freed)
        return NULL;
    return pk_rows_at(&ledger->nodes, rows->ids[reused & rows->mask]);
}

/* A new context below parent, or NULL. */
static pk_node *
new_context(pk_ledger *ledger, const pk_thread *thread, pk_node *parent,
            const pk_function *function, uint32_t edge)
{
    pk_node *left = free_row(ledger);
    pk_node *node = left != NULL ? left : reserve(ledger, &ledger->nodes);
    if (node == NULL)
        return NULL;
    node->parent = parent;
    node->depth = parent->depth + 1;
    node->flags = recursion_flags(parent, function->id, edge);
    node->open_functions = parent->open_functions | bit_of(function->id);
    node->open_edges = parent->open_edges | bit_of(edge);
    fill(node, thread, function, edge);
    if (left == NULL) {
        node->id = reserved_index(&ledger->nodes);
        commit(&ledger->nodes);
    } else {
        /* release: pairs with digest.c */
        atomic_fetch_add_explicit(&ledger->free.reused, 1, memory_order_release);
    }
    uint32_t length = atomic_load_explicit(&ledger->tree_length, memory_order_relaxed);
    atomic_store_explicit(&ledger->tree_length, length + 1, memory_order_relaxed);
    return node;
}

/* Remember that parent has called child. */
static void
remember(pk_node *parent, pk_node *child)
{
    if (parent->last_child != NULL)
        parent->last_child->follower = child;
    parent->last_child = child;
}

pk_node *
pk_ledger_known_child(const pk_ledger *ledger, pk_node *parent, const void *key)
{
    if (parent->last_child == NULL)
        return NULL; /* it has called nothing yet */
    pk_node *child = pk_children_find(&ledger->own->children, &ledger->nodes, parent, key);
    if (child == NULL)
        child = pk_map_get(&ledger->own->fold_of_node, (uintptr_t)parent, (uintptr_t)key);
    if (child != NULL)
        remember(parent, child);
    return child;
}

pk_node *
pk_ledger_child(pk_ledger *ledger, pk_thread *thread, pk_node *parent, const pk_function *function)
{
    uint32_t edge = edge_of(ledger, parent->function, function->id);
    if (edge == 0)
        return NULL;
    bool folded = (parent->flags & PK_NODE_FOLDED) != 0 ||
                  parent->depth >= ledger->tree_depth_max || !pk_merge_for_one(ledger);
    pk_node *child;
    if (folded) {
        child = pk_ledger_fold(ledger, thread, function, edge);
        if (child == NULL || pk_map_put(&ledger->own->fold_of_node, (uintptr_t)parent,
                                        (uintptr_t)function->key, child) < 0)
            return NULL;
    } else {
        /* The room is made first, so that a context that cannot be found again is never
         * made. */
        child = pk_children_reserve(&ledger->own->children, &ledger->nodes) < 0
                    ? NULL
                    : new_context(ledger, thread, parent, function, edge);
        if (child == NULL)
            return NULL;
        pk_children_add(&ledger->own->children, child);
    }
    remember(parent, child);
    return child;
}

bool
pk_node_read(const pk_node *node, pk_counts *counts)
{
    const pk_fold *fold = node->fold;
    for (int i = 0; i < READ_TRIES; i++) {
        /* acquire, also in each load but the last: pairs with the releases of pk_record_add
         * and pk_record_end_count; who sees a counter newer than seq sees calls newer, too */
        uint32_t seq = atomic_load_explicit(&node->seq, memory_order_acquire);
        counts->resumes = atomic_load_explicit(&node->resumes, memory_order_acquire);
        counts->inline_time = atomic_load_explicit(&node->inline_time, memory_order_acquire);
        counts->total = atomic_load_explicit(&node->total, memory_order_acquire);
        counts->reccalls = counts->edge_reccalls = counts->edge_total = 0;
        if (fold != NULL) {
            counts->reccalls = atomic_load_explicit(&fold->reccalls, memory_order_acquire);
            counts->edge_reccalls =
                atomic_load_explicit(&fold->edge_reccalls, memory_order_acquire);
            counts->edge_total = atomic_load_explicit(&fold->edge_total, memory_order_acquire);
        }
        counts->calls = atomic_load_explicit(&node->calls, memory_order_relaxed);
        if ((uint32_t)counts->calls == seq)
            return true;
    }
    return false;
}
