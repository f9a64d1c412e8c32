"""A process that is measured while it runs: wall and CPU time, peak memory of it and its children, and when its lines came."""

import os
import pathlib
import subprocess
import threading
import time


def status_kilobytes(pid, field):
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def child_pids(pid):
    """Children of all threads of a process; none where the system has no /proc."""
    pids = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            pids += map(int, task.read_text().split())
        except OSError:
            pass
    return pids


class MeasuredProcess:
    """Runs a command to its end.

    seconds        from start to exit
    cpu_seconds    user and system time of the process and the children that it waited for
    lines          standard output and standard error, line by line: (seconds since the start, text)
    peak_megabytes peak resident memory of the process, and the largest of its children's, in MB of 10^6 bytes; None where it cannot be told
    """

    def __init__(self, command, **options):
        self.lines = []
        self._own_kilobytes, self._child_kilobytes = 0, {}
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1, **options)
        ended = threading.Event()
        threads = [
            threading.Thread(target=self._read, args=(process.stdout, start)), threading.Thread(target=self._watch, args=(process.pid, ended))]
        for thread in threads:
            thread.start()
        _, status, usage = os.wait4(process.pid, 0)
        self.seconds = time.perf_counter() - start
        ended.set()
        process.returncode = os.waitstatus_to_exitcode(status)
        for thread in threads:
            thread.join()
        process.stdout.close()
        self.cpu_seconds = usage.ru_utime + usage.ru_stime
        self.peak_megabytes = (self._own_kilobytes * 1.024e-3 or None, max(self._child_kilobytes.values(), default=0) * 1.024e-3 or None)
        if process.returncode != 0:
            tail = "\n".join(text for _, text in self.lines[-20:])
            raise SystemExit(f"bench: '{' '.join(map(str, command))}' ended with exit code {process.returncode}:\n{tail}")

    def _read(self, stream, start):
        for line in stream:
            self.lines.append((time.perf_counter() - start, line.rstrip("\n")))

    def _watch(self, pid, ended):
        """Notes the peaks of memory. They only grow, so the last look before the end is as good as the end. Looks are few: each takes a core from a process
        that others wait for."""
        while True:
            self._own_kilobytes = max(self._own_kilobytes, status_kilobytes(pid, "VmHWM"))
            for child in child_pids(pid):
                # The last one of each: before it becomes another program, a child has its parent's memory.
                self._child_kilobytes[child] = status_kilobytes(child, "VmHWM") or self._child_kilobytes.get(child, 0)
            if ended.wait(0.25):
                return
