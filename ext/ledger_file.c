/* ledger_file.c — the header of a ledger's file, and the text that describes its rows. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* getpid */
#endif
#include "ledger_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX 4096

/* A row of the table below: a field, or with field NULL the row that the fields after it have. */
typedef struct {
    const char *row, *field, *type;
    size_t at; /* offset of the field, or size of the row */
} described;

#define ROW(name, type) {name, NULL, "", sizeof(type)}
#define FIELD(type, field, code) {NULL, #field, code, offsetof(type, field)}

static const described layout[] = {
    {"chunk_rows", NULL, "", PK_CHUNK_ROWS},
    ROW("text", pk_text),
    FIELD(pk_text, bytes, "Q"),
    FIELD(pk_text, size, "I"),
    ROW("clock", pk_clock),
    FIELD(pk_clock, kind, "i"),
    FIELD(pk_clock, ns_per_tick, "d"),
    FIELD(pk_clock, tsc_anchor, "q"),
    FIELD(pk_clock, monotonic_anchor, "q"),
    ROW("header", pk_ledger_header),
    FIELD(pk_ledger_header, hello, "Q"),
    FIELD(pk_ledger_header, hello_size, "Q"),
    FIELD(pk_ledger_header, stream, "16s"),
    FIELD(pk_ledger_header, pid, "q"),
    FIELD(pk_ledger_header, began_ns, "q"),
    FIELD(pk_ledger_header, clock, "clock"),
    FIELD(pk_ledger_header, epoch, "I"),
    ROW("rows", pk_rows),
    FIELD(pk_rows, length, "I"),
    FIELD(pk_rows, row_size, "Q"),
    FIELD(pk_rows, chunks, "Q"),
    ROW("ledger", pk_ledger),
    FIELD(pk_ledger, header, "header"),
    FIELD(pk_ledger, functions, "rows"),
    FIELD(pk_ledger, edges, "rows"),
    FIELD(pk_ledger, nodes, "rows"),
    FIELD(pk_ledger, threads, "Q"),
    FIELD(pk_ledger, threads_length, "I"),
    FIELD(pk_ledger, tree_length, "I"),
    FIELD(pk_ledger, folded_calls, "q"),
    FIELD(pk_ledger, lost_calls, "q"),
    FIELD(pk_ledger, seen, "q"),
    FIELD(pk_ledger, free, "free_rows"),
    FIELD(pk_ledger, merging, "merging"),
    ROW("free_rows", pk_free_rows),
    FIELD(pk_free_rows, ids, "Q"),
    FIELD(pk_free_rows, mask, "I"),
    FIELD(pk_free_rows, freed, "Q"),
    FIELD(pk_free_rows, reused, "I"),
    ROW("merging", pk_merging),
    FIELD(pk_merging, fold, "Q"),
    FIELD(pk_merging, parent, "Q"),
    FIELD(pk_merging, number, "Q"),
    FIELD(pk_merging, calls, "q"),
    FIELD(pk_merging, resumes, "q"),
    FIELD(pk_merging, inline_time, "q"),
    FIELD(pk_merging, total, "q"),
    FIELD(pk_merging, reccalls, "q"),
    FIELD(pk_merging, edge_reccalls, "q"),
    FIELD(pk_merging, edge_total, "q"),
    FIELD(pk_merging, merged, "I"),
    FIELD(pk_merging, merged_time, "q"),
    ROW("function", pk_function),
    FIELD(pk_function, kind, "i"),
    FIELD(pk_function, hidden, "?"),
    FIELD(pk_function, line, "q"),
    FIELD(pk_function, name, "text"),
    FIELD(pk_function, qualified_name, "text"),
    FIELD(pk_function, file, "text"),
    ROW("edge", pk_edge),
    FIELD(pk_edge, caller, "I"),
    FIELD(pk_edge, callee, "I"),
    ROW("node", pk_node),
    FIELD(pk_node, seq, "I"),
    FIELD(pk_node, flags, "I"),
    FIELD(pk_node, parent, "Q"),
    FIELD(pk_node, calls, "q"),
    FIELD(pk_node, inline_time, "q"),
    FIELD(pk_node, total, "q"),
    FIELD(pk_node, resumes, "q"),
    FIELD(pk_node, fold, "Q"),
    FIELD(pk_node, id, "I"),
    FIELD(pk_node, function, "I"),
    FIELD(pk_node, edge, "I"),
    FIELD(pk_node, thread, "I"),
    FIELD(pk_node, merged, "I"),
    FIELD(pk_node, merged_time, "q"),
    ROW("fold", pk_fold),
    FIELD(pk_fold, reccalls, "q"),
    FIELD(pk_fold, edge_reccalls, "q"),
    FIELD(pk_fold, edge_total, "q"),
    ROW("thread", pk_thread),
    FIELD(pk_thread, top, "Q"),
    FIELD(pk_thread, chain, "Q"),
    FIELD(pk_thread, chains, "Q"),
    FIELD(pk_thread, id, "I"),
    FIELD(pk_thread, ident, "q"),
    FIELD(pk_thread, native_id, "q"),
    FIELD(pk_thread, threads, "q"),
    FIELD(pk_thread, name, "Q"),
    ROW("named", pk_named),
    FIELD(pk_named, text, "text"),
    ROW("chain", pk_chain),
    FIELD(pk_chain, top, "Q"),
    FIELD(pk_chain, suspended_at, "q"),
    FIELD(pk_chain, next, "Q"),
    ROW("frame", pk_frame),
    FIELD(pk_frame, node, "Q"),
    FIELD(pk_frame, start, "q"),
    FIELD(pk_frame, inner, "q"),
    FIELD(pk_frame, below, "Q"),
    FIELD(pk_frame, above, "Q"),
    FIELD(pk_frame, depth, "I"),
    FIELD(pk_frame, flags, "I"),
};

_Static_assert(offsetof(pk_ledger, header) == 0, "the file begins with the header");
_Static_assert(offsetof(pk_ledger_header, version) == 8 &&
                   offsetof(pk_ledger_header, text_size) == 12 &&
                   offsetof(pk_ledger_header, base) == 16 &&
                   offsetof(pk_ledger_header, text) == 24,
               "readers know these without the text");
_Static_assert(sizeof(pk_ledger_header) >= PK_REGION_MARK, "a file that is given up loses it");

/* Write the description of the rows; how many bytes it has. */
static uint32_t
describe(char *text)
{
    size_t size = 0;
    for (size_t i = 0; i < sizeof layout / sizeof *layout; i++) {
        const described *part = &layout[i];
        int written =
            part->field == NULL
                ? snprintf(text + size, TEXT_MAX - size, "%s%s %zu", i ? "\n" : "", part->row,
                           part->at)
                : snprintf(text + size, TEXT_MAX - size, " %s:%zu:%s", part->field, part->at,
                           part->type);
        if (written < 0 || (size_t)written >= TEXT_MAX - size)
            return 0;
        size += (size_t)written;
    }
    return (uint32_t)size;
}

int
pk_ledger_file_keep(pk_ledger *ledger, const pk_ledger_facts *facts, const char *path)
{
    pk_region *region = &ledger->own->region;
    char *text = pk_region_take(region, TEXT_MAX, 1);
    char *hello = pk_region_take(region, facts->hello_size, 1);
    if (text == NULL || hello == NULL) {
        errno = ENOMEM;
        return -1;
    }
    memcpy(hello, facts->hello, facts->hello_size);
    pk_ledger_header *header = &ledger->header;
    memcpy(header->magic, "pikosLGR", sizeof header->magic);
    header->version = PK_LEDGER_FILE_VERSION;
    header->text_size = describe(text);
    header->base = ledger;
    header->text = text;
    header->hello = hello;
    header->hello_size = facts->hello_size;
    memcpy(header->stream, facts->stream, sizeof header->stream);
    header->pid = getpid();
    header->began_ns = facts->began_ns;
    header->clock = *facts->clock;
    header->epoch = facts->epoch;
    return pk_region_back(region, path);
}
