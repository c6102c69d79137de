/* old_libzmq.c — a library with libzmq's names and version 4.3.2, which must be refused. */
void zmq_version(int *major, int *minor, int *patch);

void
zmq_version(int *major, int *minor, int *patch)
{
    *major = 4;
    *minor = 3;
    *patch = 2;
}

/* Never called: whoever binds asks for the version first. */
#define NAME(name)  \
    int name(void); \
    int name(void)  \
    {               \
        return -1;  \
    }
NAME(zmq_has)
NAME(zmq_errno)
NAME(zmq_strerror)
NAME(zmq_ctx_new)
NAME(zmq_ctx_term)
NAME(zmq_socket)
NAME(zmq_close)
NAME(zmq_setsockopt)
NAME(zmq_getsockopt)
NAME(zmq_bind)
NAME(zmq_send)
NAME(zmq_recv)
NAME(zmq_poll)
NAME(zmq_z85_decode)
