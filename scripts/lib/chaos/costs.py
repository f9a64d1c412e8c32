"""What faults cost: killed workers in wall time, a worker's death in time without progress, a continuation in time to its first step."""

import bisect
import json
import pathlib
import random
import re
import signal
import statistics
import subprocess
import tempfile
import time

from endless import EndlessRun, wait_until
from processes import Process, send

WORKERS = 2


def add_arguments(parser):
    parser.add_argument("--rounds", type=int, default=5, help="studies with kills and without, in turns (default: %(default)s)")
    parser.add_argument(
        "--missing", type=float, default=0.11, help="share of the workers' lifetimes that kills are to take (default: %(default)s)")
    parser.add_argument("--deaths", type=int, default=10, help="workers that die in each way (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="(default: %(default)s)")


class Study:
    """One study with all its experiments and two workers, some of which may be killed."""

    def __init__(self, options, directory):
        self.process = Process(
            [options.binary, "study", "--data", options.data, "--workers", str(WORKERS), "--out", f"{directory}/run"], f"{directory}/study")
        self.missing_seconds = 0.0
        self.seen = time.monotonic()

    def look(self):
        """Adds up the time for which workers were missing, from the first look on."""
        now = time.monotonic()
        children = self.process.children()
        if self.process.is_alive:
            self.missing_seconds += (WORKERS - min(WORKERS, len(children))) * (now - self.seen)
        self.seen = now
        return children

    def run(self, missing=0.0, randomness=None):
        """
        Kills workers, any of them, whenever a smaller share of their lifetimes is missing than is to be.

        Returns: its wall clock, the share of the workers' lifetimes that was missing, and the number of kills.
        """
        kills = 0
        while len(self.look()) < WORKERS:
            time.sleep(0.002)
        self.missing_seconds = 0.0
        while self.process.is_alive:
            children = self.look()
            if len(children) == WORKERS and self.missing_seconds < missing * WORKERS * (time.monotonic() - self.process.started):
                time.sleep(randomness.uniform(0, 0.2))
                send(randomness.choice(children), signal.SIGKILL)
                kills += 1
            time.sleep(0.02)
        seconds = time.monotonic() - self.process.started
        if self.process.wait(0) != 0:
            raise RuntimeError(f"the study ended with {self.process.wait(0)}: {self.process.errors[-2000:]}")
        return seconds, self.missing_seconds / (WORKERS * seconds), kills


def killed_lifetimes(options):
    randomness = random.Random(options.seed)
    excess, shares, ratios, kills = [], [], [], []
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory(prefix="minishard-costs-") as directory:
            quiet, _, _ = Study(options, directory).run()
        with tempfile.TemporaryDirectory(prefix="minishard-costs-") as directory:
            seconds, missing, number = Study(options, directory).run(options.missing, randomness)
        shares.append(missing)
        ratios.append(seconds / quiet)
        excess.append(seconds * (1 - missing) / quiet - 1)
        kills.append(number)
    print(
        f"killed workers: {statistics.median(kills):.0f} kills, {statistics.median(shares):.1%} of the workers' lifetimes missing, made the study "
        f"{statistics.median(ratios):.3f} times as long: {statistics.median(excess):+.1%} beyond the lost capacity "
        f"(medians of {options.rounds} pairs; {min(excess):+.1%} to {max(excess):+.1%})")


class Steps:
    """When the steps of a traced coordinator ended, in seconds of the system's monotonic clock."""

    def __init__(self, trace):
        events = json.loads(pathlib.Path(trace).read_text())
        self.times = sorted((event["ts"] + event["dur"]) / 1e6 for event in events if event["name"] == "adam")

    def median(self, intervals):
        """The median step of those that lie within intervals of time."""
        return statistics.median(
            after - before for start, end in intervals for before, after in zip(self.times, self.times[1:]) if start <= before and after <= end)

    def gap_at(self, moment):
        """The time between the last step before a moment and the second one after it: the step that was under way, and the one it made late."""
        index = bisect.bisect(self.times, moment)
        return max(after - before for before, after in zip(self.times[index - 1:index + 2], self.times[index:index + 3]))


def deaths(options, number, endpoint_name):
    """
    Two workers, one of which dies again and again.

    Returns: the median step of both, and of the one that is left; and the longest time without a step at each death.
    """
    together, alone = [], []
    with tempfile.TemporaryDirectory(prefix="minishard-costs-") as directory:
        run = EndlessRun(options.binary, options.data, directory, trace=f"{directory}/trace.json")
        try:
            endpoint = getattr(run, endpoint_name)
            run.start_worker(endpoint)
            run.wait_for_epochs(1)
            for _ in range(options.deaths):
                victim = run.start_worker(endpoint)
                wait_until(lambda victim=victim: "Joined" in victim.errors, 30, "the word that a worker has joined")
                joined = time.monotonic()
                run.wait_for_epochs(len(run.epochs()) + 3)
                death = time.monotonic()
                victim.send(number)
                together.append((joined, death))
                run.wait_for_epochs(len(run.epochs()) + 3)
                alone.append((death + 0.1, time.monotonic()))
                victim.send(signal.SIGKILL)
                victim.wait(10)
            run.finish()
            steps = Steps(f"{directory}/trace.json")
        finally:
            run.clean_up()
    return steps.median(together), steps.median(alone), [steps.gap_at(death) for _, death in together]


def stalls(options):
    for name, number in (("its connection closes (SIGKILL)", signal.SIGKILL), ("it falls silent (SIGSTOP)", signal.SIGSTOP)):
        for endpoint in ("ipc", "tcp"):
            together, alone, gaps = deaths(options, number, endpoint)
            print(
                f"a worker dies, {name}, {endpoint}: a step takes {1000 * together:.1f} ms with two workers and {1000 * alone:.1f} ms with one; around "
                f"the death up to {1000 * statistics.median(gaps):.1f} ms pass without one in the median of {len(gaps)} deaths, "
                f"{1000 * max(gaps):.1f} ms at most")


def continuations(options):
    times = []
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory(prefix="minishard-costs-") as directory:
            study = Process([options.binary, "study", "--data", options.data, "--workers", str(WORKERS), "--out", f"{directory}/run"], f"{directory}/study")
            wait_until(lambda study=study: "| Epoch 02 |" in study.output, 120, "epoch 2")
            study.send(signal.SIGKILL)
            study.wait(10)
            finished = subprocess.run(
                [options.binary, "resume", f"{directory}/run", "--workers", str(WORKERS)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE, text=True, check=True)
        times.append(float(re.search(r"first training step after ([0-9.]+) s", finished.stderr).group(1)))
    print(f"resume: first step after {statistics.median(times):.2f} s ({min(times):.2f} to {max(times):.2f} s)")


def run(options):
    """Figures only: nothing here can fail but the program."""
    killed_lifetimes(options)
    stalls(options)
    continuations(options)
    return True
