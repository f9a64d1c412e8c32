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
        own, children = 0, {}
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1, **options)
        reader = threading.Thread(target=self._read, args=(process.stdout, start))
        reader.start()
        while True:
            # Peaks only grow, so the last look before the end is as good as the end; a look costs less than 0.1 % of a core.
            own = max(own, status_kilobytes(process.pid, "VmHWM"))
            for pid in child_pids(process.pid):
                # The last one of each: before it becomes another program, a child has its parent's memory.
                children[pid] = status_kilobytes(pid, "VmHWM") or children.get(pid, 0)
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            time.sleep(0.02)
        self.seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        reader.join()
        process.stdout.close()
        self.cpu_seconds = usage.ru_utime + usage.ru_stime
        self.peak_megabytes = (own * 1.024e-3 or None, max(children.values(), default=0) * 1.024e-3 or None)
        if process.returncode != 0:
            tail = "\n".join(text for _, text in self.lines[-20:])
            raise SystemExit(f"bench: '{' '.join(map(str, command))}' ended with exit code {process.returncode}:\n{tail}")

    def _read(self, stream, start):
        for line in stream:
            self.lines.append((time.perf_counter() - start, line.rstrip("\n")))
