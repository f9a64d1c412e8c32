"""One study with the faults of a schedule, from its start to its end."""

import collections
import os
import pathlib
import shutil
import signal
import socket
import time

from processes import Process, marked, orphans, send
from relay import Relay

DONE, INTERRUPTED, WITHOUT_WORKERS = 0, 75, 69
# A stopped coordinator must not be taken for one that hangs.
LONGEST_COORDINATOR_STOP = 3.0


class Failure(Exception):
    """What must not happen."""


class DisturbedStudy:
    def __init__(self, binary, study_options, schedule, directory, limit):
        """`study_options`: what to train, as options of the program; `limit`: seconds after which the study is taken to hang."""
        self.binary, self.study_options, self.schedule, self.limit = binary, study_options, schedule, limit
        self.directory = pathlib.Path(directory)
        self.run_directory = self.directory / "run"
        self.port = free_port()
        self.coordinator = None
        self.outputs = []
        self.workers = {}
        # What is to be done at a time: the time, and a function.
        self.pending = []
        self.count = collections.Counter()
        self.starts = 0
        self.log = []

    # MARK: from the beginning to the end

    def run(self):
        """Runs the study to its end.

        Returns: what the process that ended it printed.
        Raises: Failure.
        """
        begin = time.monotonic()
        try:
            if not self.schedule.is_local:
                self.relays = [Relay(self.port, (self.schedule.seed << 8) + number) for number in range(4)]
                for number in range(self.schedule.workers):
                    self.start_worker(number)
            self.start_coordinator()
            faults = iter(self.schedule.faults)
            fault = next(faults)
            due = time.monotonic() + fault.wait
            while not self.look_after_coordinator():
                now = time.monotonic()
                if now - begin > self.limit:
                    raise Failure(f"it has not ended after {self.limit:.0f} s")
                self.look_after_workers()
                self.do_what_is_due(now)
                # Faults may come faster than a study moves on: from half of its time on it is left in peace, and has to end.
                if now >= due and now - begin < self.limit / 2:
                    self.bring_about(fault)
                    fault = next(faults)
                    due = time.monotonic() + fault.wait
                time.sleep(0.005)
            self.dismiss_workers()
            left = orphans(self.directory)
            if left:
                raise Failure(f"processes are left: {left}")
            return self.final_output()
        finally:
            self.seconds = time.monotonic() - begin
            self.clean_up()

    def final_output(self):
        # A run that was complete when its process was killed is not printed again.
        told = [output for output in self.outputs if " | " in output]
        if not told:
            raise Failure("nothing was printed on the runs")
        return told[-1]

    def clean_up(self):
        for process in [self.coordinator, *self.workers.values()]:
            if process:
                process.end()
        for pid in marked(self.directory):
            send(pid, signal.SIGKILL)
        orphans(self.directory)
        if not self.schedule.is_local:
            for relay in self.relays:
                relay.end()

    def later(self, seconds, action):
        self.pending.append((time.monotonic() + seconds, action))

    def do_what_is_due(self, now):
        due = [action for moment, action in self.pending if moment <= now]
        self.pending = [(moment, action) for moment, action in self.pending if moment > now]
        for action in due:
            action()

    # MARK: the coordinator

    def start_coordinator(self):
        self.starts += 1
        where = ["--workers", str(self.schedule.workers)] if self.schedule.is_local else ["--listen", f"tcp://127.0.0.1:{self.port}"]
        if (self.run_directory / "run.json").exists():
            if not self.schedule.is_local:
                where += ["--workers", "0"]
            command = [self.binary, "resume", str(self.run_directory), *where]
        else:
            # It was killed before there was anything to continue.
            shutil.rmtree(self.run_directory, ignore_errors=True)
            command = [self.binary, "study" if self.schedule.is_local else "coordinator", *self.study_options, *where, "--out", str(self.run_directory)]
        self.coordinator = Process(command, self.directory / f"coordinator-{self.starts}", self.directory)

    def look_after_coordinator(self):
        """Starts it again if it has ended before its time. Returns: whether the study is done."""
        if self.coordinator.is_alive:
            return False
        code = self.coordinator.wait(0)
        self.outputs.append(self.coordinator.output)
        self.note(f"the coordinator ended with {code}")
        if code == DONE:
            return True
        if not self.may_end_with(code):
            raise Failure(f"the coordinator ended with {code}: {self.coordinator.errors[-2000:]}")
        self.start_coordinator()
        return False

    def may_end_with(self, code):
        if code in (INTERRUPTED, WITHOUT_WORKERS, -signal.SIGKILL):
            return True
        # Asked to end twice, or before it began to train.
        if code in (128 + signal.SIGINT, 128 + signal.SIGTERM):
            return self.count["interrupt"] > 1
        return code in (-signal.SIGINT, -signal.SIGTERM) and "first training step" not in self.coordinator.errors

    # MARK: workers

    def worker_pids(self):
        """The ids of the workers, of whichever way they were started."""
        if self.schedule.is_local:
            return self.coordinator.children()
        return [worker.pid for worker in self.workers.values() if worker.is_alive]

    def start_worker(self, number):
        # Another one may have joined in its place meanwhile.
        if number in self.workers:
            return
        # Faults may keep it from its coordinator for as long as the study is waited for.
        self.workers[number] = Process(
            [self.binary, "worker", "--connect", self.relays[number].endpoint, "--give-up-after", str(self.limit)],
            self.directory / f"worker-{number}-{time.monotonic():.3f}", self.directory)

    def look_after_workers(self):
        """Replaces those that were killed, after a while; one that ended by itself should not have."""
        for number, worker in list(self.workers.items()):
            if worker.is_alive:
                continue
            code = worker.wait(0)
            if code == DONE and not self.coordinator.is_alive:
                continue
            if code not in (DONE, -signal.SIGKILL, -signal.SIGTERM):
                raise Failure(f"worker {number} ended with {code}: {worker.errors[-2000:]}")
            del self.workers[number]
            self.count["workers replaced"] += 1
            self.later(min(2, self.schedule.faults[number].seconds), lambda number=number: self.start_worker(number))

    def dismiss_workers(self):
        """All is done: the workers are told so, or were told to come later and find nobody."""
        for pid in marked(self.directory):
            send(pid, signal.SIGCONT)
        for worker in self.workers.values():
            worker.send(signal.SIGTERM)
        for number, worker in self.workers.items():
            if worker.wait(10) is None:
                raise Failure(f"worker {number} does not end")

    # MARK: faults

    def note(self, line):
        self.log.append(f"{time.monotonic():.3f} {line}")

    def bring_about(self, fault):
        pids = self.worker_pids()
        worker = pids[int(fault.which * len(pids))] if pids else None
        happened = False
        if fault.kind == "kill worker":
            happened = bool(worker) and send(worker, signal.SIGKILL)
        elif fault.kind == "kill all workers":
            happened = any([send(pid, signal.SIGKILL) for pid in pids])
        elif fault.kind == "stop worker":
            happened = bool(worker) and self.stop(worker, fault.seconds)
        elif fault.kind == "stop coordinator":
            happened = self.stop(self.coordinator.pid, min(fault.seconds, LONGEST_COORDINATOR_STOP))
        elif fault.kind == "kill coordinator":
            happened = send(self.coordinator.pid, signal.SIGKILL)
        elif fault.kind == "interrupt":
            happened = send(self.coordinator.pid, signal.SIGINT if fault.which < 0.5 else signal.SIGTERM)
        else:
            happened = self.disturb_network(fault)
        if happened:
            self.note(str(fault))
            self.count[fault.kind] += 1

    def stop(self, pid, seconds):
        if not send(pid, signal.SIGSTOP):
            return False
        self.later(seconds, lambda: send(pid, signal.SIGCONT))
        return True

    def disturb_network(self, fault):
        if fault.kind == "worker joins":
            return self.let_worker_join()
        numbers = [number for number, worker in self.workers.items() if worker.is_alive and self.relays[number].pairs]
        if not numbers:
            return False
        number = numbers[int(fault.which * len(numbers))]
        relay = self.relays[number]
        lanes = [lane for bit, lane in ((1, relay.to_coordinator), (2, relay.to_worker)) if fault.directions & bit]
        if fault.kind == "worker leaves":
            if len(self.workers) < 2:
                return False
            self.workers[number].send(signal.SIGTERM)
        elif fault.kind == "stall":
            # One after the other, for stalls without end would be no test.
            return any([lane.stall(fault.seconds) for lane in lanes])
        elif fault.kind == "cut":
            relay.cut()
        elif fault.kind == "slow down":
            for lane in lanes:
                lane.rate = 2e6
            self.later(fault.seconds, lambda: [setattr(lane, "rate", None) for lane in lanes])
        else:
            what = {"garble": "garble", "drop bytes": "drop", "double bytes": "double"}[fault.kind]
            for lane in lanes:
                lane.next_fault = what
        return True

    def let_worker_join(self):
        free = [number for number in range(len(self.relays)) if number not in self.workers]
        if free:
            self.start_worker(free[0])
        return bool(free)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def keep_log(study, path):
    pathlib.Path(path).write_text("\n".join([study.schedule.description, *study.log]) + "\n")
    return os.fspath(path)
