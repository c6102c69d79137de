/* transport.c — an XPUB socket, its guard, and the libzmq that both come from. */
#include "transport.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "alloc.h"
#include "native.h"
#include "wire_tables.h"

#ifdef PK_LINK_ZMQ
#include <zmq.h>
#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93 /* the header shows it to draft builds only; every build has it */
#endif
#else
/* What we use of libzmq's stable interface, declared by ourselves. */
enum {
    ZMQ_REP = 4,
    ZMQ_XPUB = 9,
    ZMQ_RCVMORE = 13,
    ZMQ_LINGER = 17,
    ZMQ_MAXMSGSIZE = 22,
    ZMQ_SNDHWM = 23,
    ZMQ_LAST_ENDPOINT = 32,
    ZMQ_XPUB_VERBOSE = 40,
    ZMQ_IPV6 = 42,
    ZMQ_CURVE_SERVER = 47,
    ZMQ_CURVE_SECRETKEY = 49,
    ZMQ_ZAP_DOMAIN = 55,
    ZMQ_XPUB_NODROP = 69,
    ZMQ_ZAP_ENFORCE_DOMAIN = 93
};
enum { ZMQ_DONTWAIT = 1, ZMQ_SNDMORE = 2 };
enum { ZMQ_POLLIN = 1 };
typedef struct zmq_pollitem_t {
    void *socket;
    int fd;
    short events;
    short revents;
} zmq_pollitem_t;
#endif

/* libzmq aborts the process if it does not get what it needs: so much is asked for before. */
#define ZMQ_THREADS 2
#define ZMQ_PAIRS 8 /* of descriptors */
#define PK_TEXT(words) #words
#define PK_TEXT_OF(macro) PK_TEXT(macro)
#define OLDEST 40303           /* libzmq 4.3.3: earlier ones let peers write out of bounds */
#define QUEUE_MESSAGES 8       /* per viewer; more would only be older */
#define HEARD_MAX 1024         /* bytes of anything a viewer sends: topics, CURVE's handshake */
#define HEARD_AT_ONCE 1000     /* frames read before the publisher goes on */
#define ZAP_ENDPOINT "inproc://zeromq.zap.01"
#define ZAP_DOMAIN "pikos"
#define ZAP_PARTS 8            /* frames of a request that we look at */
#define ZAP_PART_MAX 256
#define KEY_TEXT 40            /* characters of a Z85 key */
#define KEY_BYTES 32

/* One name of the library and where its address goes. */
typedef struct {
    const char *name;
    size_t offset;
} pk_symbol;

static const pk_symbol symbols[] = {
    {"zmq_version", offsetof(pk_zmq, version)},
    {"zmq_has", offsetof(pk_zmq, has)},
    {"zmq_errno", offsetof(pk_zmq, error_number)},
    {"zmq_strerror", offsetof(pk_zmq, error_text)},
    {"zmq_ctx_new", offsetof(pk_zmq, context_new)},
    {"zmq_ctx_term", offsetof(pk_zmq, context_term)},
    {"zmq_socket", offsetof(pk_zmq, socket_new)},
    {"zmq_close", offsetof(pk_zmq, socket_close)},
    {"zmq_setsockopt", offsetof(pk_zmq, set_option)},
    {"zmq_getsockopt", offsetof(pk_zmq, get_option)},
    {"zmq_bind", offsetof(pk_zmq, bind)},
    {"zmq_send", offsetof(pk_zmq, send)},
    {"zmq_recv", offsetof(pk_zmq, receive)},
    {"zmq_poll", offsetof(pk_zmq, poll)},
    {"zmq_z85_decode", offsetof(pk_zmq, z85_decode)},
};

/* Fill zmq from the library in the file at path. */
static int
load(pk_zmq *zmq, const char *path, char *error, size_t error_size)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL); /* never closed: it has threads */
    if (library == NULL) {
        snprintf(error, error_size, "%s", dlerror());
        return -1;
    }
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
        void *address = dlsym(library, symbols[i].name);
        if (address == NULL) {
            snprintf(error, error_size, "%s has no %s", path, symbols[i].name);
            return -1;
        }
        memcpy((char *)zmq + symbols[i].offset, &address, sizeof address);
    }
    return 0;
}

/* Fill zmq from the library linked with. */
static int
take_linked(pk_zmq *zmq, char *error, size_t error_size)
{
#ifdef PK_LINK_ZMQ
    (void)error;
    (void)error_size;
    *zmq = (pk_zmq){
        .version = zmq_version,
        .has = zmq_has,
        .error_number = zmq_errno,
        .error_text = zmq_strerror,
        .context_new = zmq_ctx_new,
        .context_term = zmq_ctx_term,
        .socket_new = zmq_socket,
        .socket_close = zmq_close,
        .set_option = zmq_setsockopt,
        .get_option = zmq_getsockopt,
        .bind = zmq_bind,
        .send = zmq_send,
        .receive = zmq_recv,
        .poll = zmq_poll,
        .z85_decode = zmq_z85_decode,
    };
    return 0;
#else
    (void)zmq;
    snprintf(error, error_size, "this build is not linked with libzmq");
    return -1;
#endif
}

int
pk_zmq_bind(pk_zmq *zmq, const char *path, char *error, size_t error_size)
{
    pk_zmq found;
    int major, minor, patch;

    if (path == NULL ? take_linked(&found, error, error_size) < 0
                     : load(&found, path, error, error_size) < 0)
        return -1;
    found.version(&major, &minor, &patch);
    if (major * 10000 + minor * 100 + patch < OLDEST) {
        snprintf(error, error_size, "libzmq %d.%d.%d is older than 4.3.3, whose predecessors "
                 "let a peer write outside their memory", major, minor, patch);
        return -1;
    }
    *zmq = found;
    return 0;
}

bool
pk_zmq_has_curve(const pk_zmq *zmq)
{
    return zmq->has("curve") == 1;
}

static int
set_int(const pk_transport *transport, void *socket, int option, int value)
{
    return transport->zmq.set_option(socket, option, &value, sizeof value);
}

/* Remember the keys that may subscribe. */
static int
take_clients(pk_transport *transport, const char *const *clients)
{
    size_t length = 0;
    while (clients != NULL && clients[length] != NULL)
        length++;
    transport->clients = pk_calloc(length + 1, sizeof *transport->clients);
    if (transport->clients == NULL)
        return -1;
    for (size_t i = 0; i < length; i++)
        if (strlen(clients[i]) != KEY_TEXT ||
            transport->zmq.z85_decode(transport->clients[i], clients[i]) == NULL)
            return -1;
    transport->clients_length = length;
    return 0;
}

/* Encrypt, and let in only those whose key is known.  Fails closed: without the door
 * nobody gets in. */
static int
guard(pk_transport *transport, const pk_transport_options *options)
{
    int64_t heard_max = HEARD_MAX;
    transport->door = transport->zmq.socket_new(transport->context, ZMQ_REP);
    if (transport->door == NULL || take_clients(transport, options->clients) < 0)
        return -1;
    return transport->zmq.set_option(transport->door, ZMQ_MAXMSGSIZE, &heard_max,
                                     sizeof heard_max) < 0 ||
                   set_int(transport, transport->door, ZMQ_LINGER, 0) < 0 ||
                   transport->zmq.bind(transport->door, ZAP_ENDPOINT) < 0 ||
                   set_int(transport, transport->socket, ZMQ_CURVE_SERVER, 1) < 0 ||
                   transport->zmq.set_option(transport->socket, ZMQ_CURVE_SECRETKEY,
                                             options->server_secret,
                                             strlen(options->server_secret) + 1) < 0 ||
                   transport->zmq.set_option(transport->socket, ZMQ_ZAP_DOMAIN, ZAP_DOMAIN,
                                             strlen(ZAP_DOMAIN)) < 0 ||
                   set_int(transport, transport->socket, ZMQ_ZAP_ENFORCE_DOMAIN, 1) < 0
               ? -1
               : 0;
}

/* Make the socket and bind it. */
static int
open_socket(pk_transport *transport, const pk_transport_options *options)
{
    const pk_zmq *zmq = &transport->zmq;
    int64_t heard_max = HEARD_MAX;
    size_t size = sizeof transport->endpoint;

    transport->context = zmq->context_new();
    if (transport->context == NULL)
        return -1;
    transport->socket = zmq->socket_new(transport->context, ZMQ_XPUB);
    if (transport->socket == NULL ||
        set_int(transport, transport->socket, ZMQ_XPUB_VERBOSE, 1) < 0 ||
        set_int(transport, transport->socket, ZMQ_SNDHWM, QUEUE_MESSAGES) < 0 ||
        set_int(transport, transport->socket, ZMQ_LINGER, 0) < 0 ||
        zmq->set_option(transport->socket, ZMQ_MAXMSGSIZE, &heard_max, sizeof heard_max) < 0 ||
        set_int(transport, transport->socket, ZMQ_IPV6, strchr(options->endpoint, '[') != NULL) <
            0)
        return -1;
    if (options->server_secret != NULL && guard(transport, options) < 0)
        return -1;
    return zmq->bind(transport->socket, options->endpoint) < 0 ||
                   zmq->get_option(transport->socket, ZMQ_LAST_ENDPOINT, transport->endpoint,
                                   &size) < 0
               ? -1
               : 0;
}

int
pk_transport_open(pk_transport *transport, const pk_zmq *zmq, const pk_transport_options *options,
                  char *error, size_t error_size)
{
    memset(transport, 0, sizeof *transport);
    if (strlen(options->endpoint) >= PK_ENDPOINT_MAX) {
        snprintf(error, error_size, "an endpoint may have at most %d bytes", PK_ENDPOINT_MAX - 1);
        return -1;
    }
    if (options->server_secret != NULL && !pk_zmq_has_curve(zmq)) {
        snprintf(error, error_size, "this libzmq cannot encrypt (it has no CURVE)");
        return -1;
    }
    int failed = pk_native_room(ZMQ_THREADS, ZMQ_PAIRS);
    if (failed) {
        snprintf(error, error_size, "cannot publish on %s: %s", options->endpoint,
                 strerror(failed));
        return -1;
    }
    transport->zmq = *zmq;
    if (open_socket(transport, options) < 0) {
        snprintf(error, error_size, "cannot publish on %s: %s", options->endpoint,
                 zmq->error_text(zmq->error_number()));
        pk_transport_close(transport, 0);
        return -1;
    }
    return 0;
}

int
pk_transport_send(pk_transport *transport, const void *bytes, size_t size, bool wait_for_room)
{
    const pk_zmq *zmq = &transport->zmq;
    if (transport->waits_for_room != wait_for_room) {
        if (set_int(transport, transport->socket, ZMQ_XPUB_NODROP, wait_for_room) < 0)
            return -1;
        transport->waits_for_room = wait_for_room;
    }
    if (zmq->send(transport->socket, bytes, size, ZMQ_DONTWAIT) >= 0)
        return 0;
    return zmq->error_number() == EAGAIN ? 1 : -1;
}

void
pk_transport_wait(pk_transport *transport, int descriptor, long timeout_ms)
{
    zmq_pollitem_t items[] = {
        {.fd = descriptor, .events = ZMQ_POLLIN},
        {.socket = transport->socket, .events = ZMQ_POLLIN},
        {.socket = transport->door, .events = ZMQ_POLLIN},
    };
    transport->zmq.poll(items, transport->door != NULL ? 3 : 2, timeout_ms);
}

/* Note that somebody came to or left a topic.  Topics longer than the magic bytes, and
 * those that no message begins with, are not counted. */
static void
note_topic(pk_transport *transport, const uint8_t *topic, size_t size, bool joined)
{
    if (size > sizeof PK_WIRE_MAGIC - 1 || memcmp(topic, PK_WIRE_MAGIC, size) != 0)
        return;
    uint32_t bit = 1u << size;
    transport->topics = joined ? transport->topics | bit : transport->topics & ~bit;
}

/* Whether a request, in the frames of ZAP, comes from a key that may subscribe. */
static bool
may_enter(const pk_transport *transport, uint8_t parts[][ZAP_PART_MAX], const int *sizes,
          int count)
{
    static const char mechanism[] = "CURVE";
    if (count < 7 || sizes[5] != (int)sizeof mechanism - 1 ||
        memcmp(parts[5], mechanism, sizeof mechanism - 1) != 0 || sizes[6] != KEY_BYTES)
        return false;
    for (size_t i = 0; i < transport->clients_length; i++)
        if (memcmp(parts[6], transport->clients[i], KEY_BYTES) == 0)
            return true;
    return false;
}

/* Answer one request at the door, if there is one. */
static bool
answer_door(pk_transport *transport)
{
    const pk_zmq *zmq = &transport->zmq;
    uint8_t parts[ZAP_PARTS][ZAP_PART_MAX];
    int sizes[ZAP_PARTS];
    int count = 0;
    int more = 1;

    while (more) {
        int at = count < ZAP_PARTS ? count : ZAP_PARTS - 1;
        size_t size = sizeof more;
        sizes[at] = zmq->receive(transport->door, parts[at], ZAP_PART_MAX, ZMQ_DONTWAIT);
        if (sizes[at] < 0 || zmq->get_option(transport->door, ZMQ_RCVMORE, &more, &size) < 0)
            return false;
        count++;
    }
    bool enter = count <= ZAP_PARTS && may_enter(transport, parts, sizes, count);
    const char *answer[] = {enter ? "200" : "400", enter ? "OK" : "key not known", "", ""};
    size_t id_size = count >= 2 && sizes[1] <= ZAP_PART_MAX ? (size_t)sizes[1] : 0;

    zmq->send(transport->door, "1.0", 3, ZMQ_SNDMORE);
    zmq->send(transport->door, parts[1], id_size, ZMQ_SNDMORE);
    for (int i = 0; i < 4; i++)
        zmq->send(transport->door, answer[i], strlen(answer[i]), i < 3 ? ZMQ_SNDMORE : 0);
    return true;
}

int
pk_transport_news(pk_transport *transport)
{
    const pk_zmq *zmq = &transport->zmq;
    uint8_t heard[HEARD_MAX];
    int joined = 0;

    for (int i = 0; i < HEARD_AT_ONCE; i++) {
        int size = zmq->receive(transport->socket, heard, sizeof heard, ZMQ_DONTWAIT);
        if (size < 0)
            break;
        if (size < 1 || size > (int)sizeof heard || heard[0] > 1)
            continue;
        note_topic(transport, heard + 1, (size_t)size - 1, heard[0] == 1);
        joined += heard[0] == 1;
    }
    for (int i = 0; transport->door != NULL && i < HEARD_AT_ONCE; i++)
        if (!answer_door(transport))
            break;
    return joined;
}

void
pk_transport_close(pk_transport *transport, int linger_ms)
{
    const pk_zmq *zmq = &transport->zmq;
    if (transport->door != NULL)
        zmq->socket_close(transport->door);
    if (transport->socket != NULL) {
        set_int(transport, transport->socket, ZMQ_LINGER, linger_ms);
        zmq->socket_close(transport->socket);
    }
    if (transport->context != NULL)
        while (zmq->context_term(transport->context) < 0 && zmq->error_number() == EINTR)
            continue;
    free(transport->clients);
    memset(transport, 0, sizeof *transport);
}

const char *
pk_zmq_header(void)
{
#ifdef PK_LINK_ZMQ
    return PK_TEXT_OF(ZMQ_VERSION_MAJOR) "." PK_TEXT_OF(ZMQ_VERSION_MINOR) "." PK_TEXT_OF(
        ZMQ_VERSION_PATCH);
#else
    return NULL;
#endif
}
