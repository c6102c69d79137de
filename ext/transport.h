/* transport.h — the sockets of a publisher.  The only part that knows zmq. */
#ifndef PK_TRANSPORT_H
#define PK_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PK_ENDPOINT_MAX 256 /* bytes of an endpoint, terminator included */

struct zmq_pollitem_t;

/* The functions of one libzmq.  Immutable once bound; the library is never unloaded, so
 * a copy stays good for the life of the process. */
typedef struct {
    void (*version)(int *major, int *minor, int *patch);
    int (*has)(const char *capability);
    int (*error_number)(void);
    const char *(*error_text)(int number);
    void *(*context_new)(void);
    int (*context_term)(void *context);
    void *(*socket_new)(void *context, int type);
    int (*socket_close)(void *socket);
    int (*set_option)(void *socket, int option, const void *value, size_t size);
    int (*get_option)(void *socket, int option, void *value, size_t *size);
    int (*bind)(void *socket, const char *endpoint);
    int (*send)(void *socket, const void *bytes, size_t size, int flags);
    int (*receive)(void *socket, void *bytes, size_t size, int flags);
    int (*poll)(struct zmq_pollitem_t *items, int count, long timeout_ms);
    uint8_t *(*z85_decode)(uint8_t *key, const char *text);
} pk_zmq;

/* Bind to the libzmq in the file at path, or for NULL to the one linked with.  0, or −1
 * with a message in error: it cannot be loaded, it lacks a function, or it is older than
 * 4.3.3, whose holes are known.  [nogil] */
int pk_zmq_bind(pk_zmq *zmq, const char *path, char *error, size_t error_size);

/* Whether it can encrypt.  [any thread] */
bool pk_zmq_has_curve(const pk_zmq *zmq);

/* The version of the header that this was compiled with, or NULL if with none.  Static.
 * [any thread] */
const char *pk_zmq_header(void);

/* What a transport is told when it is opened; everything is copied. */
typedef struct {
    const char *endpoint;
    const char *server_secret;  /* Z85, 40 characters, or NULL: no CURVE */
    const char *const *clients; /* Z85 public keys that may subscribe; NULL-terminated, or NULL */
} pk_transport_options;

/* A publishing socket.  All-zero is a valid closed one.
 * Owner: one thread at a time, who calls pk_transport_close() exactly once. */
typedef struct {
    pk_zmq zmq;
    void *context;                  /* owned, as are the sockets */
    void *socket;                   /* what viewers subscribe to */
    void *door;                     /* asks who may subscribe; NULL without CURVE */
    uint8_t (*clients)[32];         /* owned; keys that may */
    size_t clients_length;
    char endpoint[PK_ENDPOINT_MAX]; /* really bound */
    uint32_t topics;                /* bit n: somebody subscribed to the first n bytes */
    bool waits_for_room;            /* a full queue refuses instead of dropping */
} pk_transport;

/* Open and bind.  0, or −1 with a message in error and nothing to close.  [nogil] */
int pk_transport_open(pk_transport *transport, const pk_zmq *zmq,
                      const pk_transport_options *options, char *error, size_t error_size);

/* Send one message.  A viewer whose queue is full loses it, unless wait_for_room: then
 * nobody gets it and the answer is 1, to be tried again.  0 when it is on its way, −1 when
 * it cannot be sent.  Never blocks.  [publisher] */
int pk_transport_send(pk_transport *transport, const void *bytes, size_t size,
                      bool wait_for_room);

/* Wait until a viewer comes or goes, descriptor becomes readable, or timeout_ms have
 * passed.  [publisher] */
void pk_transport_wait(pk_transport *transport, int descriptor, long timeout_ms);

/* Read what viewers sent: how many have subscribed since the last time.  Who may is
 * decided here, too.  [publisher] */
int pk_transport_news(pk_transport *transport);

/* Whether anybody is subscribed, by the news read so far.  [publisher] */
static inline bool
pk_transport_has_viewers(const pk_transport *transport)
{
    return transport->topics != 0;
}

/* Close the sockets; what is queued may leave for linger_ms more.  [publisher] */
void pk_transport_close(pk_transport *transport, int linger_ms);

#endif
