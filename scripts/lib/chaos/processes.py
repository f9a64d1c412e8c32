"""Processes of Minishard: started, found, stopped, and looked for afterwards."""

import os
import signal
import subprocess
import time

# What a process is marked with, and all that descend from it: a variable of its environment.
MARK = "MINISHARD_CHAOS"


class Process:
    """A process whose output goes to files of its own; `mark`: what to find it and its descendants by."""

    def __init__(self, command, log, mark=""):
        self.output_path, self.errors_path = f"{log}.out", f"{log}.err"
        with open(self.output_path, "wb") as output, open(self.errors_path, "wb") as errors:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, env={**os.environ, MARK: str(mark)})
        self.pid = self.process.pid
        self.started = time.monotonic()

    @property
    def is_alive(self):
        return self.process.poll() is None

    @property
    def output(self):
        with open(self.output_path, encoding="utf-8") as file:
            return file.read()

    @property
    def errors(self):
        with open(self.errors_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def children(self):
        """The ids of its child processes."""
        return children_of(self.pid) if self.is_alive else []

    def send(self, number):
        if self.is_alive:
            self.process.send_signal(number)

    def wait(self, seconds):
        """Its exit code, negative for a signal; None if it goes on for longer."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def end(self):
        """Kills it and its children, as far as they are there."""
        for pid in [*self.children(), self.pid]:
            send(pid, signal.SIGKILL)
        self.process.wait()


def children_of(pid):
    """The ids of a process's children that have not ended."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        state = state_of(int(entry))
        if state and state[1] == pid and state[0] != "Z":
            found.append(int(entry))
    return sorted(found)


def state_of(pid):
    """State letter and parent of a process; None if there is none."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return fields[0], int(fields[1])


def marked(mark):
    """The ids of the processes with a mark that have not ended."""
    entry = f"{MARK}={mark}".encode()
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                if entry in file.read().split(b"\0"):
                    found.append(int(name))
        except OSError:
            continue
    return found


def send(pid, number):
    """Sends a signal, if the process is still there."""
    try:
        os.kill(pid, number)
        return True
    except ProcessLookupError:
        return False


def orphans(mark, within=10):
    """The marked processes that are still there after some seconds."""
    end = time.monotonic() + within
    while True:
        left = marked(mark)
        if not left or time.monotonic() > end:
            return left
        time.sleep(0.02)
