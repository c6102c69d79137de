/* chains.c — call stacks: making them, and finding that of a greenlet. */
#include "chains.h"

#include "alloc.h"

#define FIRST_SEGMENT 63
#define NEXT_SEGMENT 511
#define PLACES_MIN 8

/* Link count frames above last, the first of them at depth.  */
static void
link_frames(pk_frame *frames, size_t count, pk_frame *last, uint32_t depth)
{
    for (size_t i = 0; i < count; i++) {
        frames[i].below = i ? &frames[i - 1] : last;
        frames[i].depth = depth + (uint32_t)i;
        atomic_store_explicit(&frames[i].above, i + 1 < count ? &frames[i + 1] : NULL,
                              memory_order_relaxed);
        atomic_store_explicit(&frames[i].flags, PK_FRAME_LEFT, memory_order_relaxed);
    }
}

/* Frames for chain that are made together; the first one, or NULL. */
static pk_frame *
add_segment(pk_chain *chain, size_t count, pk_frame *last, uint32_t depth)
{
    pk_frame *frames =
        pk_region_take(chain->region, count * sizeof *frames, _Alignof(max_align_t));
    if (frames != NULL)
        link_frames(frames, count, last, depth);
    return frames;
}

pk_chain *
pk_chain_new(pk_thread *thread)
{
    pk_chain *chain = pk_region_take(thread->region, sizeof *chain, _Alignof(max_align_t));
    if (chain == NULL)
        return NULL;
    chain->region = thread->region;
    chain->bottom = add_segment(chain, FIRST_SEGMENT, NULL, 0);
    if (chain->bottom == NULL)
        return NULL;
    atomic_store_explicit(&chain->bottom->node, thread->root, memory_order_relaxed);
    atomic_store_explicit(&chain->top, chain->bottom, memory_order_relaxed);
    chain->next = pk_thread_chains(thread);
    /* release: pairs with pk_thread_chains */
    atomic_store_explicit(&thread->chains, chain, memory_order_release);
    return chain;
}

pk_frame *
pk_chain_grow(pk_chain *chain, pk_frame *last)
{
    pk_frame *first = add_segment(chain, NEXT_SEGMENT, last, last->depth + 1);
    if (first != NULL)
        /* release: pairs with pk_frame_above */
        atomic_store_explicit(&last->above, first, memory_order_release);
    return first;
}

/* The place where the search for an owner's stack begins.  There are places. */
static pk_chain **
place_of(const pk_owners *owners, const void *owner)
{
    uint64_t mixed = (uint64_t)(uintptr_t)owner * 0x9E3779B97F4A7C15u;
    return &owners->places[(mixed >> 32) & owners->mask];
}

static void
add(pk_owners *owners, pk_chain *chain)
{
    pk_chain **place = place_of(owners, chain->owner);
    chain->beside = *place;
    *place = chain;
}

/* Make at least as many places as there are stacks.  0, or −1 if memory lacks and there are no
 * places at all. */
static int
make_places(pk_thread *thread)
{
    pk_owners *owners = &thread->owners;
    if (owners->places != NULL && owners->length <= owners->mask)
        return 0;
    uint32_t count = owners->places == NULL ? PLACES_MIN : 2 * (owners->mask + 1);
    pk_chain **places = pk_calloc(count, sizeof *places);
    if (places == NULL)
        return owners->places == NULL ? -1 : 0; /* else the searches are longer */
    free(owners->places);
    owners->places = places;
    owners->mask = count - 1;
    for (pk_chain *chain = pk_thread_chains(thread); chain != NULL; chain = chain->next)
        if (chain->owner != NULL)
            add(owners, chain);
    return 0;
}

int
pk_chain_own(pk_thread *thread, pk_chain *chain, const void *owner)
{
    pk_owners *owners = &thread->owners;
    if (chain->owner != NULL) {
        pk_chain **at = place_of(owners, chain->owner);
        while (*at != chain)
            at = &(*at)->beside;
        *at = chain->beside;
        chain->owner = NULL;
        owners->length--;
    }
    if (make_places(thread) < 0)
        return -1;
    chain->owner = owner;
    owners->length++;
    add(owners, chain);
    return 0;
}

pk_chain *
pk_chain_of(const pk_thread *thread, const void *owner)
{
    if (thread->owners.places == NULL)
        return NULL;
    pk_chain *chain = *place_of(&thread->owners, owner);
    while (chain != NULL && chain->owner != owner)
        chain = chain->beside;
    return chain;
}

static bool
is_empty(const pk_chain *chain)
{
    return atomic_load_explicit(&chain->top, memory_order_relaxed) == chain->bottom;
}

void
pk_chain_spare(pk_thread *thread, pk_chain *chain)
{
    if (chain->is_spare || !is_empty(chain))
        return;
    chain->is_spare = true;
    chain->next_spare = thread->owners.spare;
    thread->owners.spare = chain;
}

pk_chain *
pk_chain_unused(pk_thread *thread)
{
    pk_chain *chain;
    do {
        chain = thread->owners.spare;
        if (chain == NULL)
            return pk_chain_new(thread);
        thread->owners.spare = chain->next_spare;
        chain->is_spare = false;
    } while (chain == thread->chain || !is_empty(chain)); /* its greenlet has gone on */
    return chain;
}

void
pk_chains_disown(pk_thread *thread)
{
    pk_owners *owners = &thread->owners;
    if (owners->places != NULL)
        memset(owners->places, 0, (owners->mask + (size_t)1) * sizeof *owners->places);
    owners->length = 0;
    for (pk_chain *chain = pk_thread_chains(thread); chain != NULL; chain = chain->next) {
        chain->owner = NULL;
        if (chain != thread->chain)
            pk_chain_spare(thread, chain);
    }
}
