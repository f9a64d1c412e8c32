#define _GNU_SOURCE
#include "CMessageSocket.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#if defined(__linux__)

static int fail(int descriptor) {
    int code = errno;
    close(descriptor);
    errno = code;
    return -1;
}

static int create(void) { return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }

/// Room for large messages, as far as the system allows it; it takes twice the number.
static void make_room(int descriptor) {
    int room = message_socket_largest / 2;
    setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
}

/// Whether the path has room in an address.
static int make_address(const char *path, struct sockaddr_un *address) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    size_t length = strlen(path);
    if (length >= sizeof address->sun_path) {
        errno = ENAMETOOLONG;
        return 0;
    }
    memcpy(address->sun_path, path, length);
    return 1;
}

int message_socket_connect(const char *path) {
    struct sockaddr_un address;
    if (!make_address(path, &address)) return -1;
    int descriptor = create();
    if (descriptor < 0) return -1;
    make_room(descriptor);
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0) return fail(descriptor);
    return descriptor;
}

int message_socket_listen(const char *path) {
    struct sockaddr_un address;
    if (!make_address(path, &address)) return -1;
    int descriptor = create();
    if (descriptor < 0) return -1;
    if (bind(descriptor, (struct sockaddr *)&address, sizeof address) != 0) return fail(descriptor);
    if (listen(descriptor, SOMAXCONN) != 0) {
        unlink(path);
        return fail(descriptor);
    }
    return descriptor;
}

int message_socket_accept(int listener) {
    int descriptor = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (descriptor >= 0) make_room(descriptor);
    return descriptor;
}

int message_socket_send(int socket, const void *bytes, long count) {
    long sent;
    do sent = send(socket, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == count;
}

long message_socket_receive(int socket, void *bytes, long room) {
    long length;
    // ECONNRESET tells that the other end has closed without reading all; what it sent itself is still to come.
    do length = recv(socket, bytes, room, MSG_DONTWAIT | MSG_TRUNC);
    while (length < 0 && (errno == EINTR || errno == ECONNRESET));
    return length;
}

/// A message of some bytes, and room for two descriptors.
struct message {
    struct iovec bytes;
    struct msghdr header;
    // Last, because a header's size is variable.
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(2 * sizeof(int))];
    } control;
};

static void prepare(struct message *message, void *bytes, long count) {
    memset(message, 0, sizeof *message);
    message->bytes.iov_base = bytes;
    message->bytes.iov_len = count;
    message->header.msg_iov = &message->bytes;
    message->header.msg_iovlen = 1;
    message->header.msg_control = message->control.space;
    message->header.msg_controllen = sizeof message->control.space;
}

int message_socket_send_descriptors(int socket, const void *bytes, long count, const int descriptors[2]) {
    struct message message;
    prepare(&message, (void *)bytes, count);
    struct cmsghdr *control = CMSG_FIRSTHDR(&message.header);
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    control->cmsg_len = CMSG_LEN(2 * sizeof(int));
    memcpy(CMSG_DATA(control), descriptors, 2 * sizeof(int));
    return sendmsg(socket, &message.header, MSG_DONTWAIT | MSG_NOSIGNAL) == count;
}

int message_socket_receive_descriptors(int socket, void *bytes, long count, int descriptors[2]) {
    struct message message;
    prepare(&message, bytes, count);
    long received = recvmsg(socket, &message.header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (received < 0) return 0;
    int found = 0;
    struct cmsghdr *control = CMSG_FIRSTHDR(&message.header);
    if (control && control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_RIGHTS) {
        found = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(descriptors, CMSG_DATA(control), found * sizeof(int));
    }
    if (received == count && found == 2 && !(message.header.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) return 1;
    while (found > 0) close(descriptors[--found]);
    errno = received == 0 ? ECONNRESET : EPROTO;
    return 0;
}

#else

static int unavailable(void) {
    errno = ENOSYS;
    return -1;
}

int message_socket_connect(const char *path) { return unavailable(); }
int message_socket_listen(const char *path) { return unavailable(); }
int message_socket_accept(int listener) { return unavailable(); }
int message_socket_send(int socket, const void *bytes, long count) { return unavailable() == 0; }
long message_socket_receive(int socket, void *bytes, long room) { return unavailable(); }
int message_socket_send_descriptors(int socket, const void *bytes, long count, const int descriptors[2]) { return unavailable() == 0; }
int message_socket_receive_descriptors(int socket, void *bytes, long count, int descriptors[2]) { return unavailable() == 0; }

#endif
