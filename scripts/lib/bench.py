#!/usr/bin/env python3
"""Measures Minishard on this machine, and with --peer PyTorch beside it in turns. scripts/bench builds both and calls this."""

import argparse
import json
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import tempfile

from measured_process import MeasuredProcess

ROOT = pathlib.Path(__file__).resolve().parents[2]
PEER = ROOT / "scripts" / "peer"
# Epochs of the baseline job that is timed alone: the first is left out, for then programs warm up.
JOB_EPOCHS = 8
JOB_IMAGES = 10_000
JOB = ["--only", "baseline", "--epochs", str(JOB_EPOCHS)]


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


class Minishard:
    """Runs of the program, each into an empty directory."""

    def __init__(self, binary, data):
        self.binary, self.data = binary, data

    def kernels(self):
        """The table for people, and the same as JSON; of one measurement each, for the table is to be had without a JSON reader."""
        return json.loads(subprocess.run([self.binary, "bench", "kernels", "--json"], check=True, stdout=subprocess.PIPE).stdout)

    def study(self, workers, *options):
        with tempfile.TemporaryDirectory() as directory:
            run = MeasuredProcess(
                [self.binary, "study", "--data", self.data, "--workers", str(workers), "--out", f"{directory}/out", *options])
            return run, json.loads(pathlib.Path(directory, "out", "results.json").read_text())

    def whole_study(self):
        run, results = self.study(2)
        coordinator, worker = run.peak_megabytes
        measured = {
            "seconds": run.seconds, "cpu_seconds": run.cpu_seconds, "coordinator_megabytes": coordinator, "worker_megabytes": worker,
            "first_step_seconds": first_step_seconds(run)}
        return measured, results

    def traced(self, workers, *options):
        """A study, and what its processes did: the events of its trace."""
        with tempfile.TemporaryDirectory() as directory:
            trace = pathlib.Path(directory, "trace.json")
            run, _ = self.study(workers, *options, "--trace", str(trace))
            return run, json.loads(trace.read_text())

    def computing_share(self):
        """Of 2 cores' time from start to exit, the part in which 2 workers compute pieces of a whole study: their threads' CPU time, so that who
        else uses the machine touches both sides alike."""
        run, events = self.traced(2)
        return computing_seconds(events) / 2 / run.seconds

    def job_computing_share(self, workers):
        """The same of the workers' time in the baseline alone, from its first step to its last."""
        _, events = self.traced(workers, *JOB)
        steps = [event["ts"] for event in events if event["name"] == "adam"]
        first, last = min(steps), max(steps)
        return computing_seconds(event for event in events if first <= event.get("ts", 0) <= last) / workers / (last - first) * 1e6

    def job(self, workers):
        """Samples a second of the baseline, from the end of its first epoch's validation to that of its last one's."""
        run, _ = self.study(workers, *JOB)
        times = [time for time, line in run.lines if re.search(r"\bEpoch \d+ \|", line)]
        return (len(times) - 1) * JOB_IMAGES / (times[-1] - times[0])


def computing_seconds(events):
    """CPU time of the workers' threads while they computed pieces."""
    return sum(event["tdur"] for event in events if event["name"] == "compute") * 1e-6


def first_step_seconds(run):
    for _, line in run.lines:
        found = re.search(r"first training step after ([0-9.]+) s", line)
        if found:
            return float(found.group(1))
    return None


class Torch:
    """The same work in PyTorch."""

    STUDIES = {
        "torch_threads": ["--mode", "tuned", "--threads", "2"],
        "torch_processes": ["--mode", "tuned", "--threads", "1", "--processes", "2"],
        "torch_notebook": ["--mode", "notebook", "--threads", "1", "--processes", "2"],
    }

    def __init__(self, python, data):
        self.python, self.data = python, data

    def version(self):
        command = [self.python, "-c", "import torch; print(torch.__version__)"]
        return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout.strip()

    def study(self, form):
        run = MeasuredProcess([self.python, PEER / "study.py", "--data", self.data, *self.STUDIES[form]])
        return {"seconds": run.seconds, "cpu_seconds": run.cpu_seconds}

    def job(self):
        """Samples a second of the baseline with one thread, the validation after each epoch included as in Minishard's figure."""
        run = MeasuredProcess([self.python, PEER / "job.py", "--data", self.data, "--threads", "1", "--validation"])
        return json.loads(run.lines[-1][1])["samples_per_second"]["median"]


def machine(instruction_set):
    model = platform.processor() or platform.machine()
    try:
        found = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
        model = found.group(1) if found else model
    except OSError:
        pass
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"processor": model, "cores": cores, "instruction_set": instruction_set, "system": f"{platform.system()} {platform.release()}"}


def kernel_seconds(results, kernels):
    """Time of one core for the study's kernels alone: gradients of all training samples, evaluation of all others."""
    rows = {(model["name"], row["name"]): row["microseconds"] for model in kernels["models"] for row in model["rows"]}
    total = 0.0
    for experiment in results["experiments"]:
        shape = experiment["model"]
        name = f"{shape['c1']}->{shape['c2']} k{shape['kernel_size']}" + (f" dropout {shape['dropout']}" if shape["dropout"] else "")
        trained = experiment["epochs"] * experiment["training_images"]
        evaluated = experiment["epochs"] * results["validation_images"] + results["test_images"]
        total += trained * rows[name, "gradient of 64 samples"] + evaluated * rows[name, "evaluation of 256 samples"]
    return total * 1e-6


class Measurements:
    """Values by name, one a round, so that values of a round can be compared with each other."""

    def __init__(self):
        self.values = {}

    def add(self, name, value):
        if value is not None:
            self.values.setdefault(name, []).append(value)

    def add_all(self, prefix, values):
        for name, value in values.items():
            self.add(f"{prefix}_{name}", value)

    def median(self, name):
        return statistics.median(self.values[name])

    def ratio(self, above, below):
        """Median over the rounds of one value over another of the same round."""
        return statistics.median(a / b for a, b in zip(self.values[above], self.values[below]))


def measure_round(number, minishard, torch, notebook, found):
    say(f"round {number}: the study with 2 workers")
    study, results = minishard.whole_study()
    kernels = minishard.kernels()
    found.add("computing_share", minishard.computing_share())
    found.add_all("study", study)
    found.add("kernels_ideal", kernel_seconds(results, kernels) / 2)
    if torch:
        for form in torch.STUDIES:
            if form != "torch_notebook" or notebook:
                say(f"round {number}: {form.replace('_', ', ')}")
                found.add_all(form, torch.study(form))
    say(f"round {number}: the baseline alone")
    found.add("job_1", minishard.job(1))
    found.add("job_2", minishard.job(2))
    for workers in (1, 2):
        found.add(f"job_{workers}_computing_share", minishard.job_computing_share(workers))
    if torch:
        found.add("torch_job", torch.job())
    return kernels


def table(found, kernels, has_peer):
    """Rows of name, value and comparison."""
    rows = []

    def row(name, value, comparison=""):
        rows.append((name, value, comparison))

    def seconds(name, key, comparison=""):
        if f"{key}_seconds" in found.values:
            row(name, f"{found.median(f'{key}_seconds'):.2f} s", comparison)

    def times_faster(key):
        return f"{found.ratio(f'{key}_seconds', 'study_seconds'):.1f}x Minishard's time"

    seconds("whole study, 2 workers", "study", f"{found.median('study_cpu_seconds'):.2f} s of CPU time")
    if has_peer:
        seconds("  PyTorch tuned, 2 threads", "torch_threads", times_faster("torch_threads"))
        seconds("  PyTorch tuned, 2 processes", "torch_processes", times_faster("torch_processes"))
        seconds("  PyTorch as in the notebook, 2 processes", "torch_notebook", times_faster("torch_notebook"))
    row("  kernels alone, on 2 cores", f"{found.median('kernels_ideal'):.2f} s", f"{found.ratio('kernels_ideal', 'study_seconds'):.2f} of the study")
    row("  workers' computing, within a study", f"{found.median('computing_share'):.2f}", "of 2 cores' time")
    row("baseline alone, 1 worker", f"{found.median('job_1'):,.0f} samples/s")
    if has_peer:
        row("  PyTorch tuned, 1 thread", f"{found.median('torch_job'):,.0f} samples/s", f"Minishard {found.ratio('job_1', 'torch_job'):.1f}x as fast")
    row("baseline alone, 2 workers", f"{found.median('job_2'):,.0f} samples/s", f"{found.ratio('job_2', 'job_1'):.2f}x 1 worker")
    for workers in (1, 2):
        row(f"  workers' computing, with {workers}", f"{found.median(f'job_{workers}_computing_share'):.2f}", "of their time")
    at_equal_speed = 2 * found.ratio("job_2_computing_share", "job_1_computing_share")
    row("  2 workers against 1, if cores were equally fast", f"{at_equal_speed:.2f}x")
    for model in kernels["models"]:
        shares = {part["name"]: part["share_of_peak"] for part in model["rows"] if "share_of_peak" in part}
        for form, names in (("", ("conv1 forward", "conv2 forward, ReLU, pool")), (", dense", ("conv1 forward, dense", "conv2 forward, dense"))):
            forward = ", ".join(f"{shares[name]:.2f}" for name in names)
            row(f"conv1, conv2 forward {model['name']}{form}", forward, "of the core's peak, effective")
    row("cost of exactness, baseline", f"{kernels['models'][0]['cost_of_exactness'] * 100:.2f} %", "of a step")
    for name, key in (("coordinator", "coordinator_megabytes"), ("a worker", "worker_megabytes")):
        if f"study_{key}" in found.values:
            row(f"peak memory of {name}", f"{found.median(f'study_{key}'):.0f} MB")
    if "study_first_step_seconds" in found.values:
        row("start to first training step", f"{found.median('study_first_step_seconds'):.3f} s")
    return rows


def print_kernels(kernels):
    print(f"\n{'kernels, one core':30}{'us':>10} a {'':8}{'GFLOP/s':>9}{'of peak':>9}   (peak {kernels['peak_gflops']:.1f} GFLOP/s)")
    for model in kernels["models"]:
        print(model["name"])
        for part in model["rows"]:
            rate = f"{part['effective_gflops']:9.1f}{part['share_of_peak'] * 100:7.1f} %" if "effective_gflops" in part else ""
            print(f"  {part['name']:28}{part['microseconds']:10.2f} a {part['unit']:8}{rate}".rstrip())


def data_directory(given, binary, scratch):
    """IDX files for all sides: as given, MNIST beside the clone, MINISHARD_DATA, or the digits that the program draws."""
    beside = ROOT.parent / "shared" / "mnist"
    for candidate in (given, beside if beside.is_dir() else None, os.environ.get("MINISHARD_DATA")):
        if candidate:
            return str(candidate)
    subprocess.run([binary, "bench", "digits", scratch], check=True)
    return scratch


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--peer", action="store_true", help="measure PyTorch too, in turns with Minishard (20 minutes and more)")
    parser.add_argument("--quick", action="store_true", help="3 rounds instead of 5, the notebook's own form in the first only")
    parser.add_argument("--data", metavar="DIR", help="directory with IDX files (default: MNIST beside the clone, MINISHARD_DATA, or synthetic)")
    parser.add_argument("--json", metavar="FILE", help="write all measurements to FILE")
    parser.add_argument("--binary", default=str(ROOT / ".build/release/minishard"), help=argparse.SUPPRESS)
    parser.add_argument("--python", default=str(ROOT / ".venv-peer/bin/python"), help=argparse.SUPPRESS)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as scratch:
        data = data_directory(options.data, options.binary, scratch)
        minishard = Minishard(options.binary, data)
        torch = Torch(options.python, data) if options.peer else None
        found = Measurements()
        rounds = 3 if options.quick else 5
        for number in range(1, rounds + 1):
            kernels = measure_round(number, minishard, torch, number == 1 or not options.quick, found)

    description = machine(kernels["instruction_set"])
    if torch:
        description["torch"] = torch.version()
    description["data"] = data if data != scratch else "synthetic digits"
    print_kernels(kernels)
    print()
    print(", ".join(f"{name}: {value}" for name, value in description.items()))
    print(f"medians of {rounds} rounds; ratios are medians of the rounds' ratios\n")
    for name, value, comparison in table(found, kernels, options.peer):
        print(f"{name:44}{value:>18}   {comparison}".rstrip())
    if options.json:
        document = {"machine": description, "rounds": found.values, "kernels": kernels}
        pathlib.Path(options.json).write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
