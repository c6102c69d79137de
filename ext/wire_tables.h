/* wire_tables.h — the wire protocol in numbers.  Generated from pikos/wire/tables.py by
 * `python -m pikos.wire.header > ext/wire_tables.h`; never edited by hand. */
#ifndef PK_WIRE_TABLES_H
#define PK_WIRE_TABLES_H

#define PK_WIRE_MAGIC "PKOS"
#define PK_WIRE_VERSION 2
#define PK_ENVELOPE_SIZE 48
#define PK_BODY_SIZE 8 /* of a rows message, before its blocks */
#define PK_BLOCK_SIZE 24 /* of a block, before its columns */

/* Limits. */
#define PK_MESSAGE_MAX 16777216
#define PK_BLOCKS_MAX 64
#define PK_ROWS_MAX 200000
#define PK_COLUMNS_MAX 64
#define PK_STRING_MAX 4096
#define PK_JSON_MAX 262144

/* Where the fields of the envelope begin, in bytes. */
enum {
    PK_AT_MAGIC = 0,
    PK_AT_VERSION = 4,
    PK_AT_KIND = 6,
    PK_AT_FLAGS = 7,
    PK_AT_STREAM = 8,
    PK_AT_SEQUENCE = 24,
    PK_AT_TIME_NS = 32,
    PK_AT_EPOCH = 40,
    PK_AT_SIZE = 44,
};

enum {
    PK_KIND_HELLO = 1,
    PK_KIND_ROWS = 2,
    PK_KIND_BYE = 3,
};

enum {
    PK_FLAG_KEYFRAME = 1,
    PK_FLAG_KEYFRAME_END = 2,
};

enum {
    PK_TABLE_FUNCTION = 1,
    PK_TABLE_STAT = 2,
    PK_TABLE_EDGE = 3,
    PK_TABLE_CONTEXT = 4,
    PK_TABLE_OPEN_CALL = 5,
    PK_TABLE_THREAD = 6,
    PK_TABLE_SESSION = 7,
    PK_TABLE_FUNCTION_TIME = 8,
};
#define PK_TABLES 8

/* Per table: how many columns, their types (i: i64, f: f64, s: str), and the index of
 * each. */
#define PK_FUNCTION_COLUMNS 6
#define PK_FUNCTION_TYPES "iiisss"
enum {
    PK_FUNCTION_ID,
    PK_FUNCTION_KIND,
    PK_FUNCTION_LINE,
    PK_FUNCTION_NAME,
    PK_FUNCTION_QUALIFIED_NAME,
    PK_FUNCTION_FILE,
};

#define PK_STAT_COLUMNS 6
#define PK_STAT_TYPES "iiiiii"
enum {
    PK_STAT_FUNCTION,
    PK_STAT_CALLCOUNT,
    PK_STAT_RECCALLCOUNT,
    PK_STAT_RESUMECOUNT,
    PK_STAT_INLINE_NS,
    PK_STAT_CUMULATIVE_NS,
};

#define PK_EDGE_COLUMNS 6
#define PK_EDGE_TYPES "iiiiii"
enum {
    PK_EDGE_CALLER,
    PK_EDGE_CALLEE,
    PK_EDGE_CALLCOUNT,
    PK_EDGE_RECCALLCOUNT,
    PK_EDGE_INLINE_NS,
    PK_EDGE_CUMULATIVE_NS,
};

#define PK_CONTEXT_COLUMNS 13
#define PK_CONTEXT_TYPES "iiiiiiiiiiiii"
enum {
    PK_CONTEXT_ID,
    PK_CONTEXT_PARENT,
    PK_CONTEXT_THREAD,
    PK_CONTEXT_FUNCTION,
    PK_CONTEXT_CALLER,
    PK_CONTEXT_FOLDED,
    PK_CONTEXT_CALLCOUNT,
    PK_CONTEXT_RECCALLCOUNT,
    PK_CONTEXT_RESUMECOUNT,
    PK_CONTEXT_INLINE_NS,
    PK_CONTEXT_CUMULATIVE_NS,
    PK_CONTEXT_MERGED_CONTEXTS,
    PK_CONTEXT_MERGED_NS,
};

#define PK_OPEN_CALL_COLUMNS 10
#define PK_OPEN_CALL_TYPES "iiiiiiiiii"
enum {
    PK_OPEN_CALL_THREAD,
    PK_OPEN_CALL_DEPTH,
    PK_OPEN_CALL_FUNCTION,
    PK_OPEN_CALL_CONTEXT,
    PK_OPEN_CALL_AGE_NS,
    PK_OPEN_CALL_CALLS,
    PK_OPEN_CALL_OWN_NS,
    PK_OPEN_CALL_CUMULATIVE_NS,
    PK_OPEN_CALL_EDGE_CUMULATIVE_NS,
    PK_OPEN_CALL_STACK,
};

#define PK_THREAD_COLUMNS 7
#define PK_THREAD_TYPES "iiiiiis"
enum {
    PK_THREAD_ID,
    PK_THREAD_IDENT,
    PK_THREAD_NATIVE_ID,
    PK_THREAD_ALIVE,
    PK_THREAD_THREADS,
    PK_THREAD_DEPTH,
    PK_THREAD_NAME,
};

#define PK_SESSION_COLUMNS 17
#define PK_SESSION_TYPES "iiiiiiiiiiiiiiiii"
enum {
    PK_SESSION_ID,
    PK_SESSION_ENABLED,
    PK_SESSION_FUNCTIONS,
    PK_SESSION_EDGES,
    PK_SESSION_CONTEXTS,
    PK_SESSION_FOLDED_CALLS,
    PK_SESSION_LOST_CALLS,
    PK_SESSION_MESSAGES,
    PK_SESSION_WALKS,
    PK_SESSION_WALK_NS,
    PK_SESSION_PUBLISHER_NS,
    PK_SESSION_CLOCK_DRIFT_PPM,
    PK_SESSION_RSS_BYTES,
    PK_SESSION_VMS_BYTES,
    PK_SESSION_MERGED_CONTEXTS,
    PK_SESSION_CHILDREN,
    PK_SESSION_EVENTS_TAKEN,
};

#define PK_FUNCTION_TIME_COLUMNS 4
#define PK_FUNCTION_TIME_TYPES "iiii"
enum {
    PK_FUNCTION_TIME_FUNCTION,
    PK_FUNCTION_TIME_WAITING_NS,
    PK_FUNCTION_TIME_LONGEST_NS,
    PK_FUNCTION_TIME_LONGEST_BEGAN_NS,
};

/* The tables as a hello declares them. */
#define PK_TABLES_JSON \
    "[{\"id\": 1, \"name\": \"function\", \"mode\": \"upsert\", \"key\": [\"id\"], \"columns" \
    "\": [[\"id\", \"i64\"], [\"kind\", \"i64\"], [\"line\", \"i64\"], [\"name\", \"str\"], [\"" \
    "qualified_name\", \"str\"], [\"file\", \"str\"]]}, {\"id\": 2, \"name\": \"stat\", \"m" \
    "ode\": \"upsert\", \"key\": [\"function\"], \"columns\": [[\"function\", \"i64\"], [\"" \
    "callcount\", \"i64\"], [\"reccallcount\", \"i64\"], [\"resumecount\", \"i64\"], [\"i" \
    "nline_ns\", \"i64\"], [\"cumulative_ns\", \"i64\"]]}, {\"id\": 3, \"name\": \"edge\"," \
    " \"mode\": \"upsert\", \"key\": [\"caller\", \"callee\"], \"columns\": [[\"caller\", \"" \
    "i64\"], [\"callee\", \"i64\"], [\"callcount\", \"i64\"], [\"reccallcount\", \"i64\"]," \
    " [\"inline_ns\", \"i64\"], [\"cumulative_ns\", \"i64\"]]}, {\"id\": 4, \"name\": \"co" \
    "ntext\", \"mode\": \"upsert\", \"key\": [\"id\"], \"columns\": [[\"id\", \"i64\"], [\"pa" \
    "rent\", \"i64\"], [\"thread\", \"i64\"], [\"function\", \"i64\"], [\"caller\", \"i64\"]" \
    ", [\"folded\", \"i64\"], [\"callcount\", \"i64\"], [\"reccallcount\", \"i64\"], [\"re" \
    "sumecount\", \"i64\"], [\"inline_ns\", \"i64\"], [\"cumulative_ns\", \"i64\"], [\"me" \
    "rged_contexts\", \"i64\"], [\"merged_ns\", \"i64\"]]}, {\"id\": 5, \"name\": \"open_" \
    "call\", \"mode\": \"replace\", \"key\": [], \"columns\": [[\"thread\", \"i64\"], [\"de" \
    "pth\", \"i64\"], [\"function\", \"i64\"], [\"context\", \"i64\"], [\"age_ns\", \"i64\"]" \
    ", [\"calls\", \"i64\"], [\"own_ns\", \"i64\"], [\"cumulative_ns\", \"i64\"], [\"edge_" \
    "cumulative_ns\", \"i64\"], [\"stack\", \"i64\"]]}, {\"id\": 6, \"name\": \"thread\", " \
    "\"mode\": \"upsert\", \"key\": [\"id\"], \"columns\": [[\"id\", \"i64\"], [\"ident\", \"i" \
    "64\"], [\"native_id\", \"i64\"], [\"alive\", \"i64\"], [\"threads\", \"i64\"], [\"dept" \
    "h\", \"i64\"], [\"name\", \"str\"]]}, {\"id\": 7, \"name\": \"session\", \"mode\": \"ups" \
    "ert\", \"key\": [\"id\"], \"columns\": [[\"id\", \"i64\"], [\"enabled\", \"i64\"], [\"fu" \
    "nctions\", \"i64\"], [\"edges\", \"i64\"], [\"contexts\", \"i64\"], [\"folded_calls\"" \
    ", \"i64\"], [\"lost_calls\", \"i64\"], [\"messages\", \"i64\"], [\"walks\", \"i64\"], " \
    "[\"walk_ns\", \"i64\"], [\"publisher_ns\", \"i64\"], [\"clock_drift_ppm\", \"i64\"]," \
    " [\"rss_bytes\", \"i64\"], [\"vms_bytes\", \"i64\"], [\"merged_contexts\", \"i64\"]," \
    " [\"children\", \"i64\"], [\"events_taken\", \"i64\"]]}, {\"id\": 8, \"name\": \"func" \
    "tion_time\", \"mode\": \"upsert\", \"key\": [\"function\"], \"columns\": [[\"functio" \
    "n\", \"i64\"], [\"waiting_ns\", \"i64\"], [\"longest_ns\", \"i64\"], [\"longest_bega" \
    "n_ns\", \"i64\"]]}]"

#endif
