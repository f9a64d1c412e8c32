"""A coordinator with few descriptors is flooded with connections that stay idle, and goes on."""

import resource
import socket
import tempfile
import time

from endless import EndlessRun, cpu_seconds, open_descriptors, wait_until


def add_arguments(parser):
    parser.add_argument("--connections", type=int, default=2000, help="(default: %(default)s)")
    parser.add_argument("--descriptors", type=int, default=64, help="that the coordinator may have (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=10, help="how long the connections stay (default: %(default)s)")


def epochs_a_second(run, seconds, look=lambda: None):
    """Calls `look` now and then meanwhile."""
    begin, before = time.monotonic(), len(run.epochs())
    while time.monotonic() - begin < seconds:
        look()
        time.sleep(0.02)
    return (len(run.epochs()) - before) / (time.monotonic() - begin)


def connect(port):
    client = socket.socket()
    client.setblocking(False)
    try:
        client.connect(("127.0.0.1", port))
    except BlockingIOError:
        pass
    return client


def run(options):
    """Returns: whether a worker could join afterwards, and the bits are those of a run without strangers."""
    room = options.connections + 256
    resource.setrlimit(resource.RLIMIT_NOFILE, (room, max(room, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    with tempfile.TemporaryDirectory(prefix="minishard-flood-") as directory:
        flooded = EndlessRun(options.binary, options.data, directory, options.descriptors)
        try:
            for _ in range(2):
                flooded.start_worker(flooded.tcp)
            flooded.wait_for_epochs(3)
            before = epochs_a_second(flooded, options.seconds / 2)
            strangers = [connect(flooded.port) for _ in range(options.connections)]
            cpu, begin = cpu_seconds(flooded.coordinator.pid), time.monotonic()
            # Of many looks, since the coordinator closes a file now and then, and a stranger may take its place a moment later.
            counts = []
            during = epochs_a_second(flooded, options.seconds, look=lambda: counts.append(open_descriptors(flooded.coordinator.pid)))
            load = (cpu_seconds(flooded.coordinator.pid) - cpu) / (time.monotonic() - begin)
            descriptors = max(counts)
            for stranger in strangers:
                stranger.close()
            late = flooded.start_worker(flooded.tcp)
            begin = time.monotonic()
            wait_until(lambda: "Joined" in late.errors, 30, "the word that the late worker has joined")
            joined = time.monotonic() - begin
            after = epochs_a_second(flooded, options.seconds / 2)
            links = flooded.finish()
        finally:
            flooded.clean_up()
    with tempfile.TemporaryDirectory(prefix="minishard-flood-") as directory:
        quiet = EndlessRun(options.binary, options.data, directory)
        try:
            quiet.start_worker(quiet.ipc)
            quiet.wait_for_epochs(10)
            others = quiet.finish()
        finally:
            quiet.clean_up()
    common = min(len(links), len(others))
    is_same = common > 0 and links[:common] == others[:common]
    print(
        f"{options.connections} idle connections to a coordinator with {options.descriptors} descriptors, {descriptors} of them in use: epochs a second {before:.1f} before, "
        f"{during:.1f} during ({during / before:.2f}), {after:.1f} afterwards ({after / before:.2f}); the coordinator used {load:.2f} of a core. "
        f"A worker that came when the strangers had gone joined after {joined:.1f} s. {common // 32} steps compared: {'Same' if is_same else 'DIFFERENT'}.")
    return is_same
