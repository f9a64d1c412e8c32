"""A relay between workers and a coordinator over TCP, which can spoil what goes through it."""

import random
import socket
import threading
import time

CHUNK = 65536


class Lane:
    """One direction of a relay."""

    def __init__(self):
        self.lock = threading.Condition()
        self.stalled_until = 0.0
        # Bytes a second, or None.
        self.rate = None
        # What happens to the next bytes: "garble", "drop" or "double".
        self.next_fault = None

    def stall(self, seconds):
        """Holds everything back for some seconds. Returns: whether it was not held back already."""
        with self.lock:
            now = time.monotonic()
            if now < self.stalled_until:
                return False
            self.stalled_until = now + seconds
            return True

    def pass_through(self, data, randomness):
        """What becomes of some bytes; returns when they may go on."""
        while True:
            with self.lock:
                wait = self.stalled_until - time.monotonic()
                if wait <= 0:
                    break
                self.lock.wait(wait)
        if self.rate:
            time.sleep(len(data) / self.rate)
        fault, self.next_fault = self.next_fault, None
        if fault == "garble":
            data = bytearray(data)
            for _ in range(randomness.choice((1, 1, 8))):
                data[randomness.randrange(len(data))] ^= 1 << randomness.randrange(8)
        elif fault == "drop":
            start = randomness.randrange(len(data))
            data = data[:start] + data[start + randomness.randint(1, len(data)):]
        elif fault == "double":
            data = data + data
        return bytes(data)


class Relay:
    """Listens on a port of its own and connects each who comes there to the target."""

    def __init__(self, target_port, seed):
        self.target = ("127.0.0.1", target_port)
        self.randomness = random.Random(seed)
        self.to_coordinator, self.to_worker = Lane(), Lane()
        self.pairs = set()
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = "tcp://127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                worker, _ = self.listener.accept()
            except OSError:
                return
            try:
                coordinator = socket.create_connection(self.target, timeout=5)
            except OSError:
                worker.close()
                continue
            coordinator.settimeout(None)
            pair = (worker, coordinator)
            for end in pair:
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.pairs.add(pair)
            for source, sink, lane in ((worker, coordinator, self.to_coordinator), (coordinator, worker, self.to_worker)):
                threading.Thread(target=self.pump, args=(pair, source, sink, lane), daemon=True).start()

    def pump(self, pair, source, sink, lane):
        try:
            while True:
                data = source.recv(CHUNK)
                if not data:
                    break
                sink.sendall(lane.pass_through(data, self.randomness))
        except OSError:
            pass
        self.close(pair)

    def close(self, pair):
        with self.lock:
            self.pairs.discard(pair)
        for end in pair:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()

    def cut(self):
        """Closes all connections; new ones are taken."""
        with self.lock:
            pairs = list(self.pairs)
        for pair in pairs:
            self.close(pair)

    def end(self):
        self.listener.close()
        self.cut()
