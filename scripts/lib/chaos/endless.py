"""A coordinator that trains one job for as long as it is wanted, and what can be seen of it from outside."""

import json
import os
import pathlib
import signal
import struct
import time

from disturbed_study import free_port
from processes import Process, send

JOB = ["--only", "less-data", "--epochs", "1000000"]


class EndlessRun:
    """`descriptor_limit`: how many descriptors the coordinator may have open, where that is limited; `trace`: where it writes what it did when."""

    def __init__(self, binary, data, directory, descriptor_limit=None, trace=None):
        self.binary = binary
        self.run_directory = pathlib.Path(directory, "run")
        port = free_port()
        self.ipc, self.tcp, self.port = f"ipc://{directory}/coordinator", f"tcp://127.0.0.1:{port}", port
        prefix = ["sh", "-c", 'ulimit -n "$0" && exec "$@"', str(descriptor_limit)] if descriptor_limit else []
        self.directory = directory
        self.coordinator = Process(
            [*prefix, binary, "coordinator", "--listen", self.ipc, "--listen", self.tcp, "--data", data, *JOB, "--out", str(self.run_directory),
             *(["--trace", trace] if trace else [])],
            f"{directory}/coordinator")
        self.started = 0
        self.processes = [self.coordinator]

    def start_worker(self, endpoint, *options):
        self.started += 1
        worker = Process([self.binary, "worker", "--connect", endpoint, *options], f"{self.directory}/worker-{self.started}")
        self.processes.append(worker)
        return worker

    def epochs(self):
        """The lines on the epochs so far."""
        return [line for line in self.coordinator.output.splitlines() if "| Epoch " in line]

    def wait_for_epochs(self, count, limit=120):
        wait_until(lambda: len(self.epochs()) >= count, limit, f"epoch {count}")

    def finish(self):
        """Ends the run as a user would. Returns: the links of its steps' chain, back to back."""
        self.coordinator.send(signal.SIGTERM)
        code = self.coordinator.wait(30)
        if code != 75:
            raise RuntimeError(f"the coordinator ended with {code}: {self.coordinator.errors[-2000:]}")
        states = [tensors(path) for path in self.run_directory.glob("checkpoints/job-0.[ab].safetensors")]
        return max((state["steps.link"] for state in states), key=len)

    def clean_up(self):
        for process in self.processes:
            send(process.pid, signal.SIGCONT)
            process.end()


def tensors(path):
    """A safetensors file's tensors as bytes."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    return {
        name: data[8 + length + entry["data_offsets"][0]:8 + length + entry["data_offsets"][1]]
        for name, entry in header.items() if name != "__metadata__"}


def wait_until(condition, limit, what):
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"{what} did not come within {limit} s")
        time.sleep(0.005)


def open_descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def kilobytes(pid):
    """A process's resident memory. What it shares with another counts as a whole: it was set aside at once, and which of its blocks were used by now is chance."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        sizes = dict(line.split(":", 1) for line in file)
    resident = sum(int(sizes[name].split()[0]) for name in ("RssAnon", "RssFile"))
    with open(f"/proc/{pid}/maps", encoding="ascii") as file:
        shared = [line.split("-", 1) for line in file if "memfd:minishard" in line]
    return resident + sum(int(end.split()[0], 16) - int(start, 16) for start, end in shared) // 1024


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
