"""Workers join and leave by the hundred, and memory and descriptors stay as they were."""

import os
import random
import signal
import statistics
import sys
import tempfile
import time

from endless import EndlessRun, kilobytes, open_descriptors, wait_until

# With a GOODBYE, and without.
ENDS = (signal.SIGTERM, signal.SIGKILL)
AT_A_TIME = 4
# Joins after which buffers and caches are as large as they get.
WARM_UP = 300
MOST_GROWTH = 0.01
# glibc spreads free memory over arenas of the threads, and keeps the more of it the larger the pieces were that it was given back: some megabytes by chance. So
# there is one arena here, a tensor has a mapping of its own, and free memory goes back at once.
PLAIN_MALLOC = {"MALLOC_ARENA_MAX": "1", "MALLOC_TRIM_THRESHOLD_": "131072", "MALLOC_MMAP_THRESHOLD_": "32768"}
# A reading is the middle one of some looks, each so many seconds long, with some joins between them: growth stays, how free memory happens to lie does not.
LOOKS = 5
LOOK_SECONDS = 1.0
JOINS_BETWEEN_LOOKS = 12


def add_arguments(parser):
    parser.add_argument("--joins", type=int, default=1000, help=f"workers that join and leave, after {WARM_UP} (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of who leaves how (default: %(default)s)")


def look(run, steady):
    """Memory and descriptors of coordinator and steady worker, each the least of some epochs: what comes and goes with the work is no growth."""
    samples = []
    end = time.monotonic() + LOOK_SECONDS
    while time.monotonic() < end:
        samples.append([figure for pid in (run.coordinator.pid, steady.pid) for figure in (kilobytes(pid), open_descriptors(pid))])
        time.sleep(0.02)
    return [min(figures) for figures in zip(*samples)]


def reading(run, steady, between=lambda: None):
    """The middle one of some looks, figure by figure, with `between` called between them."""
    looks = [look(run, steady)]
    for _ in range(LOOKS - 1):
        between()
        looks.append(look(run, steady))
    return [statistics.median(figures) for figures in zip(*looks)]


def churn(run, count, randomness):
    """Lets so many workers join and leave."""
    for first in range(0, count, AT_A_TIME):
        guests = [
            run.start_worker(run.ipc if number % 2 else run.tcp) for number in range(first, min(first + AT_A_TIME, count))]
        for guest in guests:
            wait_until(lambda guest=guest: "Joined" in guest.errors, 30, "the word that a worker has joined")
        for guest in guests:
            guest.send(randomness.choice(ENDS))
        for guest in guests:
            if guest.wait(10) is None:
                raise RuntimeError(f"worker {guest.pid} does not end")
            run.processes.remove(guest)


def run(options):
    """Returns: whether nothing grew by more than the limit beyond a run without guests of as many epochs, and the bits are those of that run."""
    randomness = random.Random(options.seed)
    os.environ.update(PLAIN_MALLOC)
    with tempfile.TemporaryDirectory(prefix="minishard-churn-") as directory:
        disturbed = EndlessRun(options.binary, options.data, directory)
        try:
            steady = disturbed.start_worker(disturbed.ipc)

            def some_joins():
                churn(disturbed, JOINS_BETWEEN_LOOKS, randomness)

            disturbed.wait_for_epochs(1)
            churn(disturbed, WARM_UP, randomness)
            before, epochs_before = reading(disturbed, steady, some_joins), len(disturbed.epochs())
            churn(disturbed, options.joins, randomness)
            after, epochs = reading(disturbed, steady, some_joins), len(disturbed.epochs())
            links = disturbed.finish()
        finally:
            disturbed.clean_up()
    # A run's record of its steps grows with them, guests or not.
    with tempfile.TemporaryDirectory(prefix="minishard-churn-") as directory:
        quiet = EndlessRun(options.binary, options.data, directory)
        try:
            steady = quiet.start_worker(quiet.ipc)
            quiet.wait_for_epochs(epochs_before)
            quiet_before = reading(quiet, steady)
            quiet.wait_for_epochs(epochs)
            quiet_after = reading(quiet, steady)
            others = quiet.finish()
        finally:
            quiet.clean_up()
    common = min(len(links), len(others))
    is_same = common > 0 and links[:common] == others[:common]
    names = ["coordinator's memory, kB", "coordinator's descriptors", "worker's memory, kB", "worker's descriptors"]
    is_steady = True
    for name, first, last, quiet_first, quiet_last in zip(names, before, after, quiet_before, quiet_after):
        growth, usual = last / first - 1, quiet_last / quiet_first - 1
        is_steady &= growth - usual <= MOST_GROWTH
        print(f"{name}: {first} after {WARM_UP} joins, {last} after {WARM_UP + options.joins} ({growth:+.1%}; as many epochs without guests {usual:+.1%})")
    print(f"{common // 32} steps compared: {'Same' if is_same else 'DIFFERENT'}. {len(links) // 32} steps, {epochs} epochs meanwhile.")
    if not is_steady:
        print(f"More than {MOST_GROWTH:.0%} of growth beyond that of a run without guests.", file=sys.stderr)
    return is_steady and is_same
