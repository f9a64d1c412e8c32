"""A worker in Python, written from docs/protocol.md: it shows that the page is enough, and checks the Swift workers' numbers with other code.

usage: worker.py ENDPOINT PROFILE

Needs numpy, pyzmq, protobuf and xxhash. It computes with NumPy, so its sums are not Minishard's to the last bit; it says so by its profile.
"""

import os
import socket
import sys
import time

import numpy as np
import xxhash
import zmq

import training_pb2 as wire

VERSION = 3
KEPT_PARAMETERS = 8
HELLO_PATIENCE = 5.0
PATIENCE = 60.0


def philox(counter, key):
    """Philox4x32-10. counter: four uint64 arrays that hold 32-bit words; key: two words. Returns four arrays of words."""
    mask = np.uint64(0xFFFFFFFF)
    c0, c1, c2, c3 = counter
    k0, k1 = (np.uint64(word) for word in key)
    for _ in range(10):
        first = c0 * np.uint64(0xD2511F53)
        second = c2 * np.uint64(0xCD9E8D57)
        c0, c1, c2, c3 = (second >> np.uint64(32)) ^ c1 ^ k0, second & mask, (first >> np.uint64(32)) ^ c3 ^ k1, first & mask
        k0 = (k0 + np.uint64(0x9E3779B9)) & mask
        k1 = (k1 + np.uint64(0xBB67AE85)) & mask
    return c0, c1, c2, c3


def dropout_factors(model, seed, step, positions):
    """What each feature is multiplied by: (sample, channel, row, column)."""
    rows, columns = model.height // 2, model.width // 2
    s, c, y, x = np.meshgrid(
        np.asarray(positions, np.uint64), np.arange(model.second_channels, dtype=np.uint64), np.arange(rows, dtype=np.uint64),
        np.arange(columns, dtype=np.uint64), indexing="ij")
    words = philox((y * np.uint64(columns) + x, c // np.uint64(4), s, np.full_like(s, step)), (seed & 0xFFFFFFFF, seed >> 32))
    word = np.choose((c % np.uint64(4)).astype(int), words)
    kept = word >= np.uint64(int(model.dropout * 2**32))
    return np.where(kept, np.float32(1 / (1 - model.dropout)), np.float32(0))


def windows(images, k):
    """The k x k surroundings of each pixel, zeros beyond the edge: (sample, channel, row, column, ky, kx)."""
    pad = (k - 1) // 2
    padded = np.pad(images, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    return np.lib.stride_tricks.sliding_window_view(padded, (k, k), axis=(2, 3))


def convolve(images, weight, bias):
    return np.einsum("ncyxij,ocij->noyx", windows(images, weight.shape[2]), weight, optimize=True) + bias[:, None, None]


def convolve_back_to_input(gradient, weight):
    return np.einsum("noyxij,ocij->ncyx", windows(gradient, weight.shape[2]), weight[:, :, ::-1, ::-1], optimize=True)


def split_parameters(model, flat):
    """The six tensors of the flat parameters, which stand channels-last, in PyTorch's shapes; the linear layer's as (class, channel, row, column)."""
    k, c1, c2 = model.kernel_size, model.first_channels, model.second_channels
    rows, columns = model.height // 2, model.width // 2
    tensors, place = [], 0
    for shape in [(c1, k, k, 1), (c1,), (c2, k, k, c1), (c2,), (model.classes, rows, columns, c2), (model.classes,)]:
        count = int(np.prod(shape))
        tensor = flat[place:place + count].reshape(shape)
        tensors.append(tensor.transpose(0, 3, 1, 2) if tensor.ndim == 4 else tensor)
        place += count
    if place != flat.size:
        raise ValueError(f"{flat.size} parameters for a model of {place}")
    return tensors


def join_gradients(tensors):
    """The flat gradient, channels-last, of tensors in the shapes of `split_parameters`."""
    return np.concatenate([(part.transpose(0, 2, 3, 1) if part.ndim == 4 else part).ravel() for part in tensors])


def compute(work, pixels, labels, flat):
    """Loss sum, number of correct predictions, and the gradient (training) or the predictions (evaluation)."""
    model = work.model
    n = len(labels)
    w1, b1, w2, b2, w3, b3 = split_parameters(model, flat)
    w3_shape, w3 = w3.shape, w3.reshape(model.classes, -1)
    images = pixels.reshape(n, 1, model.height, model.width).astype(np.float32) / np.float32(255)
    images = (images - np.float32(work.mean)) / np.float32(work.standard_deviation)

    first = np.maximum(convolve(images, w1, b1), 0)
    second = np.maximum(convolve(first, w2, b2), 0)
    rows, columns = model.height // 2, model.width // 2
    quads = second.reshape(n, -1, rows, 2, columns, 2).transpose(0, 1, 2, 4, 3, 5).reshape(n, -1, rows, columns, 4)
    winner = quads.argmax(axis=4)
    pooled = np.take_along_axis(quads, winner[..., None], axis=4)[..., 0]
    is_training = work.kind == wire.KIND_TRAIN
    factors = np.float32(1)
    if is_training and model.dropout > 0:
        start = 8 * work.first_quantum
        factors = dropout_factors(model, work.seed, work.step, range(start, start + n))
    features = (pooled * factors).reshape(n, -1)
    logits = (features @ w3.T + b3).astype(np.float64)

    predictions = logits.argmax(axis=1)
    shifted = logits - logits.max(axis=1, keepdims=True)
    exponentials = np.exp(shifted)
    sums = exponentials.sum(axis=1, keepdims=True)
    loss_sum = float((np.log(sums[:, 0]) - shifted[np.arange(n), labels]).sum())
    correct = int((predictions == labels).sum())
    if not is_training:
        return loss_sum, correct, predictions.astype("<u4").tobytes()

    at_logits = exponentials / sums
    at_logits[np.arange(n), labels] -= 1
    at_logits = at_logits.astype(np.float32)
    at_pooled = (at_logits @ w3).reshape(pooled.shape) * factors * (pooled > 0)
    at_quads = np.zeros_like(quads)
    np.put_along_axis(at_quads, winner[..., None], at_pooled[..., None], axis=4)
    at_second = at_quads.reshape(n, -1, rows, columns, 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(second.shape)
    at_first = convolve_back_to_input(at_second, w2) * (first > 0)
    k = model.kernel_size
    gradient = [
        np.einsum("noyx,ncyxij->ocij", at_first, windows(images, k), optimize=True), at_first.sum(axis=(0, 2, 3)),
        np.einsum("noyx,ncyxij->ocij", at_second, windows(first, k), optimize=True), at_second.sum(axis=(0, 2, 3)),
        (at_logits.T @ features).reshape(w3_shape), at_logits.sum(axis=0),
    ]
    return loss_sum, correct, join_gradients(gradient).astype("<f4").tobytes()


def check(frames):
    """The last frame of a message: tells whether the frames before it are as they were sent."""
    digests = [xxhash.xxh3_64_intdigest(frame).to_bytes(8, "little") for frame in frames]
    return xxhash.xxh3_64_intdigest(b"".join(digests)).to_bytes(8, "little")


class Worker:
    def __init__(self, endpoint, profile):
        self.endpoint = endpoint
        self.profile = profile
        self.context = zmq.Context()
        self.socket = None
        self.last_coordinator = time.monotonic()

    def send(self, name, frames=(), **fields):
        envelope = wire.Envelope(version=VERSION)
        message = getattr(envelope, name)
        message.SetInParent()
        for field, value in fields.items():
            setattr(message, field, value)
        self.last_sent = time.monotonic()
        frames = [envelope.SerializeToString(), *frames]
        self.socket.send_multipart([*frames, check(frames)])

    def begin_conversation(self):
        if self.socket is not None:
            self.socket.close(linger=0)
        self.socket = self.context.socket(zmq.DEALER)
        for option, value in [(zmq.LINGER, 200), (zmq.IMMEDIATE, 1), (zmq.SNDHWM, 16), (zmq.RCVHWM, 16), (zmq.IPV6, 1)]:
            self.socket.setsockopt(option, value)
        self.socket.connect(self.endpoint)
        if not self.socket.poll(PATIENCE * 1000, zmq.POLLOUT):
            sys.exit(f"No coordinator was found at {self.endpoint}.")
        self.terms = None
        self.last_heard = time.monotonic()
        self.send("hello", profile=self.profile, instruction_set="numpy", host=socket.gethostname(), pid=os.getpid(), slots=2)

    def run(self):
        """Works until the coordinator says STOP or REFUSAL; returns the exit code."""
        self.begin_conversation()
        while True:
            self.wait_and_keep_time()
            while self.socket.poll(0):
                code = self.receive(self.socket.recv_multipart())
                if code is not None:
                    return code
            if self.terms is not None and self.queue:
                self.work_on(*self.queue.pop(0))

    def wait_and_keep_time(self):
        self.socket.poll(0 if self.terms is not None and self.queue else 100)
        now = time.monotonic()
        if self.socket.poll(0):
            return
        if now - self.last_coordinator > PATIENCE:
            sys.exit(f"No coordinator was heard at {self.endpoint} for {PATIENCE:.0f} s.")
        limit = HELLO_PATIENCE if self.terms is None else self.terms.silence_milliseconds / 1000
        if now - self.last_heard > limit:
            self.begin_conversation()
        elif self.terms is not None and now - self.last_sent >= self.terms.heartbeat_milliseconds / 1000:
            self.send("heartbeat", run=self.terms.run, pieces_done=self.pieces_done)

    def receive(self, frames):
        *frames, received_check = frames
        if received_check != check(frames):
            print("A message was damaged on its way; connecting anew.", file=sys.stderr)
            time.sleep(1)
            self.begin_conversation()
            return None
        envelope = wire.Envelope.FromString(frames[0])
        if envelope.version != VERSION:
            print(f"The coordinator speaks version {envelope.version} of the protocol and this worker version {VERSION}.", file=sys.stderr)
            return 76
        self.last_heard = self.last_coordinator = time.monotonic()
        name = envelope.WhichOneof("message")
        if name == "welcome":
            self.terms = envelope.welcome
            self.queue, self.held, self.pieces_done = [], [], 0
        elif name == "work" and self.terms is not None and envelope.work.run == self.terms.run:
            self.take(envelope.work, frames)
        elif name == "reintroduce":
            time.sleep(1)
            self.begin_conversation()
        elif name == "stop":
            self.send("goodbye", sentence="All work is done.")
            return 0
        elif name == "refusal":
            print(envelope.refusal.sentence, file=sys.stderr)
            return 76
        return None

    def take(self, work, frames):
        if work.parameters_attached:
            self.held = (self.held + [(work.parameters, np.frombuffer(frames[3], "<f4"))])[-KEPT_PARAMETERS:]
        for name, flat in reversed(self.held):
            if name == work.parameters:
                self.queue.append((work, np.frombuffer(frames[1], np.uint8), np.frombuffer(frames[2], np.uint8), flat))
                return
        self.send("declined", run=work.run, piece=work.piece, reason=f"parameters {work.parameters} are not among those kept")

    def work_on(self, work, pixels, labels, flat):
        loss_sum, correct, values = compute(work, pixels, labels.astype(int), flat)
        self.pieces_done += 1
        self.send(
            "result", [values], run=work.run, piece=work.piece, job=work.job, step=work.step, first_quantum=work.first_quantum,
            quantum_count=work.quantum_count, parameters=work.parameters, loss_sum=loss_sum, correct=correct)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(Worker(sys.argv[1], sys.argv[2]).run())
