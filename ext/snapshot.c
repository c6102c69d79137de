/* snapshot.c — the rows of every table, in the order in which they are sent. */
#include "snapshot.h"

#include <string.h>

#include "alloc.h"

/* A snapshot under way. */
typedef struct {
    pk_snapshot *snapshot;
    const pk_snapshot_job *job;
    uint8_t flags;
    int failed; /* nothing more is sent */
} pk_course;

/* Finish the message under way and send it. */
static void
send_message(pk_course *course)
{
    pk_buf *message = &course->snapshot->message;
    pk_message_end(message);
    if (message->failed || course->job->send(course->job->receiver, message) < 0)
        course->failed = -1;
}

static void
begin_message(pk_course *course)
{
    pk_envelope *envelope = course->job->envelope;
    envelope->kind = PK_KIND_ROWS;
    envelope->flags = course->flags;
    pk_message_begin(&course->snapshot->message, envelope);
}

/* Have room in the message for a block of so many bytes: send it before, if both are too much. */
static void
make_room(pk_course *course, size_t size)
{
    const pk_buf *message = &course->snapshot->message;
    if (message->size > PK_ENVELOPE_SIZE + PK_BODY_SIZE &&
        message->size + size > PK_SNAPSHOT_SPLIT) {
        send_message(course);
        begin_message(course);
    }
}

/* Put block, if it has rows, into the message. */
static void
add_block(pk_course *course, const pk_block *block)
{
    if (course->failed || block->rows == 0)
        return;
    make_room(course, block->size);
    pk_message_add(&course->snapshot->message, block);
}

/* Go on in another block when the rows of the table under way are many. */
static void
limit_block(pk_course *course)
{
    pk_block *rows = &course->snapshot->rows;
    if (rows->size >= PK_SNAPSHOT_SPLIT || rows->rows == PK_ROWS_MAX) {
        add_block(course, rows);
        pk_block_begin(rows, rows->table, rows->types);
    }
}

static pk_value
text(const pk_text *of)
{
    return (pk_value){.str = {.bytes = of->bytes != NULL ? of->bytes : "", .size = of->size}};
}

/* The functions seen since the last time, or all. */
static void
add_functions(pk_course *course, bool whole)
{
    pk_snapshot *snapshot = course->snapshot;
    uint32_t length = snapshot->digest.functions_length;
    pk_block_begin(&snapshot->rows, PK_TABLE_FUNCTION, PK_FUNCTION_TYPES);
    for (uint32_t i = whole ? 1 : snapshot->functions_sent; i < length; i++) {
        const pk_function *function = pk_rows_at(&course->job->ledger->functions, i);
        if (function->hidden)
            continue;
        const pk_value row[PK_FUNCTION_COLUMNS] = {
            [PK_FUNCTION_ID] = {.i64 = i},
            [PK_FUNCTION_KIND] = {.i64 = function->kind},
            [PK_FUNCTION_LINE] = {.i64 = function->line},
            [PK_FUNCTION_NAME] = text(&function->name),
            [PK_FUNCTION_QUALIFIED_NAME] = text(&function->qualified_name),
            [PK_FUNCTION_FILE] = text(&function->file),
        };
        pk_block_add(&snapshot->rows, row);
        limit_block(course);
    }
    snapshot->functions_sent = length;
    add_block(course, &snapshot->rows);
}

/* Rows of numbers that are written where they are sent, in as many blocks as they need. */
typedef struct {
    pk_course *course;
    uint32_t table, columns;
    uint32_t rows; /* that are to come */
    uint32_t room; /* for so many of them in the block under way */
    pk_fill fill;
} pk_numbers;

/* Begin a block for the rows that are to come, or as many as fit. */
static void
begin_numbers(pk_numbers *numbers)
{
    uint32_t most = (PK_SNAPSHOT_SPLIT - PK_BLOCK_SIZE) / (8 * numbers->columns);
    numbers->room = numbers->rows < most ? numbers->rows : most;
    numbers->fill = (pk_fill){0};
    if (numbers->course->failed)
        return;
    make_room(numbers->course, pk_numbers_size(numbers->columns, numbers->room));
    numbers->fill = pk_message_add_numbers(&numbers->course->snapshot->message, numbers->table,
                                           numbers->columns, numbers->room);
}

/* Add a row; columns is what numbers has, and known when this is compiled. */
static inline void
add_numbers(pk_numbers *numbers, const int64_t *row, uint32_t columns)
{
    if (numbers->room == 0)
        begin_numbers(numbers);
    numbers->room--;
    numbers->rows--;
    pk_fill_row(&numbers->fill, row, columns);
}

/* Rows of which some are sent. */
typedef struct {
    const uint64_t *changed; /* NULL: all are */
    uint32_t length;
    const pk_sum *sums; /* those that have no calls are not; NULL: these are */
} pk_choice;

/* The first row from number i on that is sent, or the length. */
static uint32_t
next_sent(const pk_choice *choice, uint32_t i)
{
    for (;; i++) {
        if (choice->changed != NULL)
            i = pk_bits_next(choice->changed, i, choice->length);
        if (i >= choice->length || choice->sums == NULL || choice->sums[i].calls != 0)
            return i;
    }
}

static uint32_t
count_sent(const pk_choice *choice)
{
    uint32_t count = 0;
    for (uint32_t i = next_sent(choice, 1); i < choice->length; i = next_sent(choice, i + 1))
        count++;
    return count;
}

/* The functions' sums that changed, or all. */
static void
add_stats(pk_course *course, bool whole)
{
    const pk_clock *clock = course->job->clock;
    pk_digest *digest = &course->snapshot->digest;
    const pk_choice sent = {whole ? NULL : digest->changed_functions, digest->functions_length,
                            digest->functions};
    pk_numbers numbers = {.course = course,
                          .table = PK_TABLE_STAT,
                          .columns = PK_STAT_COLUMNS,
                          .rows = count_sent(&sent)};
    for (uint32_t i = next_sent(&sent, 1); i < sent.length; i = next_sent(&sent, i + 1)) {
        const pk_sum *sum = &digest->functions[i];
        pk_bits_remove(digest->changed_functions, i);
        const int64_t row[PK_STAT_COLUMNS] = {
            [PK_STAT_FUNCTION] = i,
            [PK_STAT_CALLCOUNT] = sum->calls,
            [PK_STAT_RECCALLCOUNT] = sum->reccalls,
            [PK_STAT_RESUMECOUNT] = sum->resumes,
            [PK_STAT_INLINE_NS] = pk_clock_ns(clock, sum->inline_time),
            [PK_STAT_CUMULATIVE_NS] = pk_clock_ns(clock, sum->total),
        };
        add_numbers(&numbers, row, PK_STAT_COLUMNS);
    }
}

/* The edges' sums that changed, or all. */
static void
add_edges(pk_course *course, bool whole)
{
    const pk_clock *clock = course->job->clock;
    pk_digest *digest = &course->snapshot->digest;
    const pk_choice sent = {whole ? NULL : digest->changed_edges, digest->edges_length,
                            digest->edges};
    pk_numbers numbers = {.course = course,
                          .table = PK_TABLE_EDGE,
                          .columns = PK_EDGE_COLUMNS,
                          .rows = count_sent(&sent)};
    for (uint32_t i = next_sent(&sent, 1); i < sent.length; i = next_sent(&sent, i + 1)) {
        const pk_sum *sum = &digest->edges[i];
        pk_bits_remove(digest->changed_edges, i);
        const pk_edge *edge = pk_rows_at(&course->job->ledger->edges, i);
        const int64_t row[PK_EDGE_COLUMNS] = {
            [PK_EDGE_CALLER] = edge->caller,
            [PK_EDGE_CALLEE] = edge->callee,
            [PK_EDGE_CALLCOUNT] = sum->calls,
            [PK_EDGE_RECCALLCOUNT] = sum->reccalls,
            [PK_EDGE_INLINE_NS] = pk_clock_ns(clock, sum->inline_time),
            [PK_EDGE_CUMULATIVE_NS] = pk_clock_ns(clock, sum->total),
        };
        add_numbers(&numbers, row, PK_EDGE_COLUMNS);
    }
}

/* One context, or fold of contexts. */
static inline void
add_context(pk_numbers *numbers, const pk_node *node, const pk_counts *counts)
{
    const pk_snapshot_job *job = numbers->course->job;
    const pk_edge *edge = node->edge != 0 ? pk_rows_at(&job->ledger->edges, node->edge) : NULL;
    bool recursive = (node->flags & PK_NODE_RECURSIVE) != 0;
    const int64_t row[PK_CONTEXT_COLUMNS] = {
        [PK_CONTEXT_ID] = node->id,
        [PK_CONTEXT_PARENT] = node->parent != NULL ? node->parent->id : 0,
        [PK_CONTEXT_THREAD] = node->thread,
        [PK_CONTEXT_FUNCTION] = node->function,
        [PK_CONTEXT_CALLER] = edge != NULL ? edge->caller : 0,
        [PK_CONTEXT_FOLDED] = (node->flags & PK_NODE_FOLDED) != 0,
        [PK_CONTEXT_CALLCOUNT] = counts->calls,
        [PK_CONTEXT_RECCALLCOUNT] = recursive ? counts->calls : counts->reccalls,
        [PK_CONTEXT_RESUMECOUNT] = counts->resumes,
        [PK_CONTEXT_INLINE_NS] = pk_clock_ns(job->clock, counts->inline_time),
        [PK_CONTEXT_CUMULATIVE_NS] = pk_clock_ns(job->clock, counts->total),
        [PK_CONTEXT_MERGED_CONTEXTS] = node->merged,
        [PK_CONTEXT_MERGED_NS] = pk_clock_ns(job->clock, node->merged_time),
    };
    add_numbers(numbers, row, PK_CONTEXT_COLUMNS);
}

/* How many contexts there are, roots and folds with them. */
static uint32_t
contexts_of(const pk_digest *digest)
{
    return digest->nodes_length - 1 - digest->free_length;
}

/* The contexts that changed, or all. */
static void
add_contexts(pk_course *course, bool whole)
{
    pk_digest *digest = &course->snapshot->digest;
    const pk_choice sent = {whole ? NULL : digest->changed_nodes, digest->nodes_length, NULL};
    uint32_t rows = whole ? contexts_of(digest) : count_sent(&sent);
    pk_numbers numbers = {.course = course,
                          .table = PK_TABLE_CONTEXT,
                          .columns = PK_CONTEXT_COLUMNS,
                          .rows = rows};
    for (uint32_t i = next_sent(&sent, 1); i < sent.length; i = next_sent(&sent, i + 1)) {
        pk_bits_remove(digest->changed_nodes, i);
        if (digest->nodes[i].next == PK_SUM_FREE)
            continue;
        pk_counts counts = pk_digest_counts(digest, i);
        add_context(&numbers, pk_rows_at(&course->job->ledger->nodes, i), &counts);
    }
}

/* The open calls as rows, as many as there may be in one message. */
static void
read_open_calls(pk_course *course)
{
    pk_snapshot *snapshot = course->snapshot;
    const pk_clock *clock = course->job->clock;
    pk_block_begin(&snapshot->open_calls, PK_TABLE_OPEN_CALL, PK_OPEN_CALL_TYPES);
    for (size_t i = 0; i < snapshot->open.rows_length; i++) {
        const pk_open_row *call = &snapshot->open.rows[i];
        const int64_t row[PK_OPEN_CALL_COLUMNS] = {
            [PK_OPEN_CALL_THREAD] = call->thread,
            [PK_OPEN_CALL_DEPTH] = call->depth,
            [PK_OPEN_CALL_FUNCTION] = call->function,
            [PK_OPEN_CALL_CONTEXT] = call->context,
            [PK_OPEN_CALL_AGE_NS] = pk_clock_ns(clock, call->age),
            [PK_OPEN_CALL_CALLS] = call->calls,
            [PK_OPEN_CALL_OWN_NS] = pk_clock_ns(clock, call->own),
            [PK_OPEN_CALL_CUMULATIVE_NS] = pk_clock_ns(clock, call->cumulative),
            [PK_OPEN_CALL_EDGE_CUMULATIVE_NS] = pk_clock_ns(clock, call->edge_cumulative),
            [PK_OPEN_CALL_STACK] = call->suspended,
        };
        pk_block_add_numbers(&snapshot->open_calls, row);
    }
}

/* Note what a thread's row is to say, unless it is as it was sent. */
static void
read_thread(pk_snapshot *snapshot, const pk_thread *thread, bool whole)
{
    const pk_thread_sent now = {
        .ident = atomic_load_explicit(&thread->ident, memory_order_relaxed),
        .native_id = atomic_load_explicit(&thread->native_id, memory_order_relaxed),
        .alive = pk_thread_alive(thread),
        .threads = atomic_load_explicit(&thread->threads, memory_order_relaxed),
        /* acquire: pairs with the releases of pk_record_end_enter and pk_record_pop */
        .depth = atomic_load_explicit(&thread->top, memory_order_acquire)->depth,
        .name = atomic_load_explicit(&thread->name, memory_order_acquire),
    };
    if (!whole && memcmp(&now, &snapshot->threads_sent[thread->id], sizeof now) == 0)
        return;
    snapshot->threads_sent[thread->id] = now;
    snapshot->threads_changed[thread->id] = true;
}

/* Read every thread, as it is when the open calls are read. */
static void
read_threads(pk_course *course, bool whole)
{
    const pk_ledger *ledger = course->job->ledger;
    /* acquire: pairs with pk_ledger_add_thread */
    uint32_t length = atomic_load_explicit(&ledger->threads_length, memory_order_acquire);
    for (uint32_t i = 1; i <= length; i++)
        read_thread(course->snapshot, ledger->threads[i], whole);
}

/* The rows of the threads that were read, in as many blocks as their names need. */
static void
add_threads(pk_course *course)
{
    pk_snapshot *snapshot = course->snapshot;
    const pk_text unnamed = {0};
    pk_block_begin(&snapshot->rows, PK_TABLE_THREAD, PK_THREAD_TYPES);
    for (uint32_t i = 1; i <= PK_THREADS_MAX; i++) {
        if (!snapshot->threads_changed[i])
            continue;
        snapshot->threads_changed[i] = false;
        const pk_thread_sent *now = &snapshot->threads_sent[i];
        const pk_value row[PK_THREAD_COLUMNS] = {
            [PK_THREAD_ID] = {.i64 = i},
            [PK_THREAD_IDENT] = {.i64 = now->ident},
            [PK_THREAD_NATIVE_ID] = {.i64 = now->native_id},
            [PK_THREAD_ALIVE] = {.i64 = now->alive},
            [PK_THREAD_THREADS] = {.i64 = now->threads},
            [PK_THREAD_DEPTH] = {.i64 = now->depth},
            [PK_THREAD_NAME] = text(now->name != NULL ? &now->name->text : &unnamed),
        };
        pk_block_add(&snapshot->rows, row);
        limit_block(course);
    }
    add_block(course, &snapshot->rows);
}

/* The open calls as they are, also when there are none: the table replaces the last one. */
static void
add_open_calls(pk_course *course)
{
    pk_block *calls = &course->snapshot->open_calls;
    if (calls->rows > 0)
        add_block(course, calls);
    else if (!course->failed)
        pk_message_add(&course->snapshot->message, calls);
}

/* The session's row. */
static void
add_session(pk_course *course)
{
    const pk_snapshot_job *job = course->job;
    const pk_digest *digest = &course->snapshot->digest;
    const pk_ledger *ledger = job->ledger;
    int64_t rss_bytes, vms_bytes;
    pk_memory_read(job->memory, &rss_bytes, &vms_bytes);
    const int64_t row[PK_SESSION_COLUMNS] = {
        [PK_SESSION_ID] = 1,
        [PK_SESSION_ENABLED] = job->facts.enabled,
        [PK_SESSION_FUNCTIONS] = digest->functions_length - 1,
        [PK_SESSION_EDGES] = digest->edges_length - 1,
        [PK_SESSION_CONTEXTS] = contexts_of(digest),
        [PK_SESSION_FOLDED_CALLS] =
            atomic_load_explicit(&ledger->folded_calls, memory_order_relaxed),
        [PK_SESSION_LOST_CALLS] = atomic_load_explicit(&ledger->lost_calls, memory_order_relaxed),
        [PK_SESSION_MESSAGES] = job->facts.messages,
        [PK_SESSION_WALKS] = job->facts.walks,
        [PK_SESSION_WALK_NS] = job->facts.walk_ns,
        [PK_SESSION_PUBLISHER_NS] = job->facts.publisher_ns,
        [PK_SESSION_CLOCK_DRIFT_PPM] = pk_clock_drift_ppm(job->clock),
        [PK_SESSION_RSS_BYTES] = rss_bytes,
        [PK_SESSION_VMS_BYTES] = vms_bytes,
        [PK_SESSION_MERGED_CONTEXTS] = (int64_t)ledger->free.freed,
        [PK_SESSION_CHILDREN] = job->facts.children,
        [PK_SESSION_EVENTS_TAKEN] = job->facts.events_taken,
    };
    pk_block_begin(&course->snapshot->rows, PK_TABLE_SESSION, PK_SESSION_TYPES);
    pk_block_add_numbers(&course->snapshot->rows, row);
    add_block(course, &course->snapshot->rows);
}

/* Mark the message under way as the last one of a keyframe. */
static void
mark_end(pk_course *course)
{
    pk_buf *message = &course->snapshot->message;
    if (!message->failed)
        message->bytes[PK_AT_FLAGS] |= PK_FLAG_KEYFRAME_END;
}

int
pk_snapshot_send(pk_snapshot *snapshot, const pk_snapshot_job *job)
{
    bool first = snapshot->digest.serial != job->ledger->serial;
    bool whole = job->whole || first || snapshot->digest.merges != job->ledger->merges;
    pk_course course = {snapshot, job, whole ? PK_FLAG_KEYFRAME : 0, 0};

    if (first) {
        snapshot->functions_sent = 1;
        memset(snapshot->threads_sent, 0, sizeof snapshot->threads_sent);
        memset(snapshot->threads_changed, 0, sizeof snapshot->threads_changed);
    }
    if (pk_open_calls_begin(&snapshot->open, job->ledger) < 0 ||
        pk_digest_update(&snapshot->digest, job->ledger, &snapshot->open) < 0 ||
        pk_open_calls_finish(&snapshot->open, &snapshot->digest, job->clock) < 0)
        return -1;
    read_open_calls(&course);
    read_threads(&course, whole);
    begin_message(&course);
    add_functions(&course, whole);
    add_stats(&course, whole);
    add_edges(&course, whole);
    add_contexts(&course, whole);
    add_threads(&course);
    add_open_calls(&course);
    add_session(&course);
    if (whole)
        mark_end(&course);
    if (!course.failed)
        send_message(&course);
    return course.failed;
}

void
pk_snapshot_free(pk_snapshot *snapshot)
{
    pk_digest_free(&snapshot->digest);
    pk_open_calls_free(&snapshot->open);
    pk_block_free(&snapshot->open_calls);
    pk_block_free(&snapshot->rows);
    pk_buf_free(&snapshot->message);
}
