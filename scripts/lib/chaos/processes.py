"""Processes of Minishard: started, found, stopped, and looked for afterwards."""

import os
import signal
import subprocess
import threading
import time


class Process:
    """A process whose output goes to files of its own."""

    def __init__(self, command, log):
        self.command = command
        self.output_path, self.errors_path = f"{log}.out", f"{log}.err"
        with open(self.output_path, "wb") as output, open(self.errors_path, "wb") as errors:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors)
        self.pid = self.process.pid
        self.started = time.monotonic()
        self.family = {self.pid}

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
        """The ids of its child processes, which are noted for `orphans`."""
        found = children_of(self.pid) if self.is_alive else []
        self.family.update(found)
        return found

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


def is_running(pid, name):
    """Whether a process of a program is there, and no zombie; an id may belong to another program by now."""
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().strip() == name and state_of(pid)[0] != "Z"
    except (OSError, TypeError):
        return False


def send(pid, number):
    """Sends a signal, if the process is still there."""
    try:
        os.kill(pid, number)
        return True
    except ProcessLookupError:
        return False


def orphans(pids, name, within=10):
    """Those of the processes that are still there after some seconds."""
    end = time.monotonic() + within
    while True:
        left = [pid for pid in pids if is_running(pid, name)]
        if not left or time.monotonic() > end:
            return left
        time.sleep(0.02)


def later(seconds, action):
    """Does something after some seconds, on another thread."""
    timer = threading.Timer(seconds, action)
    timer.daemon = True
    timer.start()
    return timer
