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

    def run(self, kill_times=()):
        """Returns: its wall clock, and the share of the workers' lifetimes that was missing."""
        kill_times, kills = sorted(kill_times), 0
        while len(self.look()) < WORKERS:
            time.sleep(0.002)
        self.missing_seconds = 0.0
        while self.process.is_alive:
            children = self.look()
            if kills < len(kill_times) and time.monotonic() - self.process.started > kill_times[kills] and len(children) == WORKERS:
                send(random.Random(kills).choice(children), signal.SIGKILL)
                kills += 1
            time.sleep(0.02)
        seconds = time.monotonic() - self.process.started
        if self.process.wait(0) != 0:
            raise RuntimeError(f"the study ended with {self.process.wait(0)}: {self.process.errors[-2000:]}")
        return seconds, self.missing_seconds / (WORKERS * seconds)


def killed_lifetimes(options):
    randomness = random.Random(options.seed)
    excess, shares, ratios = [], [], []
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory(prefix="minishard-costs-") as directory:
            quiet, _ = Study(options, directory).run()
        with tempfile.TemporaryDirectory(prefix="minishard-costs-") as directory:
            # The waits before a restart double, so four kills make up for about an eighth of the lifetimes of a study of some seconds.
            kills = [quiet * (0.1 + 0.7 * (number + randomness.random()) / 4) for number in range(4)]
            seconds, missing = Study(options, directory).run(kills)
        shares.append(missing)
        ratios.append(seconds / quiet)
        excess.append(seconds * (1 - missing) / quiet - 1)
    print(
        f"killed workers: {statistics.median(shares):.1%} of the workers' lifetimes missing made the study {statistics.median(ratios):.3f} times as long: "
        f"{statistics.median(excess):+.1%} beyond the lost capacity (medians of {options.rounds} pairs; {min(excess):+.1%} to {max(excess):+.1%})")


class Steps:
    """When the steps of a traced coordinator ended, in seconds of the system's monotonic clock."""

    def __init__(self, trace):
        events = json.loads(pathlib.Path(trace).read_text())
        self.times = sorted((event["ts"] + event["dur"]) / 1e6 for event in events if event["name"] == "adam")

    @property
    def median(self):
        return statistics.median(after - before for before, after in zip(self.times, self.times[1:]))

    def gap_at(self, moment):
        """The time between the last step before a moment and the second one after it: the step that was under way, and the one it made late."""
        index = bisect.bisect(self.times, moment)
        return max(after - before for before, after in zip(self.times[index - 1:index + 2], self.times[index:index + 3]))


def deaths(options, number, endpoint_name):
    """Two workers, one of which dies again and again. Returns: the median step, and the longest time without a step at each death."""
    moments = []
    with tempfile.TemporaryDirectory(prefix="minishard-costs-") as directory:
        run = EndlessRun(options.binary, options.data, directory, trace=f"{directory}/trace.json")
        try:
            endpoint = getattr(run, endpoint_name)
            run.start_worker(endpoint)
            run.wait_for_epochs(1)
            for _ in range(options.deaths):
                victim = run.start_worker(endpoint)
                wait_until(lambda victim=victim: "Joined" in victim.errors, 30, "the word that a worker has joined")
                run.wait_for_epochs(len(run.epochs()) + 3)
                moments.append(time.monotonic())
                victim.send(number)
                run.wait_for_epochs(len(run.epochs()) + 3)
                victim.send(signal.SIGKILL)
                victim.wait(10)
            run.finish()
            steps = Steps(f"{directory}/trace.json")
        finally:
            run.clean_up()
    return steps.median, [steps.gap_at(moment) for moment in moments]


def stalls(options):
    for name, number in (("its connection closes (SIGKILL)", signal.SIGKILL), ("it falls silent (SIGSTOP)", signal.SIGSTOP)):
        for endpoint in ("ipc", "tcp"):
            median, gaps = deaths(options, number, endpoint)
            print(
                f"a worker dies, {name}, {endpoint}: a step takes {1000 * median:.1f} ms with two workers; around the death up to "
                f"{1000 * statistics.median(gaps):.1f} ms pass without one in the median of {len(gaps)} deaths, {1000 * max(gaps):.1f} ms at most")


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
