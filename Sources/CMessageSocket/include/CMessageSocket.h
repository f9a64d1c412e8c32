#pragma once

// Unix sockets that carry messages whole and in order (SOCK_SEQPACKET), and open files with them. Nothing here waits. Where the system has no such sockets
// every call fails with ENOSYS.

/// No message of this end is longer, in bytes.
enum { message_socket_largest = 2 << 20 };

/// Connects to a path. Returns a file descriptor, or -1 and errno.
int message_socket_connect(const char *path);

/// Listens at a path where no file is. Returns a file descriptor, or -1 and errno.
int message_socket_listen(const char *path);

/// Takes a connection that has come. Returns its file descriptor, or -1 and errno: EAGAIN if there is none.
int message_socket_accept(int listener);

/// Sends a message. Returns whether it was taken; if not, errno is EAGAIN where there is no room.
int message_socket_send(int socket, const void *bytes, long count);

/// Receives the next message, of which at most `room` bytes are kept. Returns its length, which may be larger; 0 when the other end has closed; -1 and errno: EAGAIN
/// if there is none.
long message_socket_receive(int socket, void *bytes, long room);

/// Sends a message and two open file descriptors with it. Returns whether that was done.
int message_socket_send_descriptors(int socket, const void *bytes, long count, const int descriptors[2]);

/// Receives a message of exactly `count` bytes, and the two file descriptors that come with it. Returns whether it was there; if not, errno is EAGAIN if there is no message
/// yet, EPROTO if it is another one, ECONNRESET when the other end has closed.
int message_socket_receive_descriptors(int socket, void *bytes, long count, int descriptors[2]);
