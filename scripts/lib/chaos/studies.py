"""Studies under seeded faults, each compared with one that nothing disturbed."""

import collections
import pathlib
import shutil
import subprocess
import sys
import tempfile

from comparison import Reference
from disturbed_study import DisturbedStudy, Failure, keep_log
from schedule import Schedule

NOT_FAULTS = {"workers replaced"}


def add_arguments(parser):
    parser.add_argument("--studies", type=int, default=30, help="studies to disturb (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="the first study's seed; the others follow (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=5, help="(default: %(default)s)")
    parser.add_argument("--only", help="only these experiments, with commas between their names")
    parser.add_argument("--longest", type=float, default=20, help="the longest that a fault lasts, in seconds (default: %(default)s)")
    parser.add_argument("--limit", type=float, default=300, help="seconds after which a study is taken to hang (default: %(default)s)")
    parser.add_argument("--keep", help="where to keep the folders of studies that failed (default: a temporary folder)")


def undisturbed(options, study_options, directory):
    finished = subprocess.run(
        [options.binary, "study", *study_options, "--workers", "1", "--out", f"{directory}/undisturbed"], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if finished.returncode != 0:
        sys.exit(f"chaos: the undisturbed study failed with {finished.returncode}: {finished.stderr}")
    return Reference(f"{directory}/undisturbed", finished.stdout)


def disturb(options, study_options, reference, seed, directory):
    """Runs one study. Returns: it, and what is wrong with its end as sentences."""
    study = DisturbedStudy(options.binary, study_options, Schedule(seed, options.longest), directory, options.limit)
    try:
        return study, reference.differences(study.run_directory, study.run())
    except Failure as failure:
        return study, [str(failure)]


def run(options):
    """Returns: whether all were the same."""
    study_options = ["--data", options.data, "--epochs", str(options.epochs), *(["--only", options.only] if options.only else [])]
    total, failed = collections.Counter(), []
    with tempfile.TemporaryDirectory(prefix="minishard-chaos-") as scratch:
        reference = undisturbed(options, study_options, scratch)
        for seed in range(options.seed, options.seed + options.studies):
            directory = pathlib.Path(scratch, f"seed-{seed}")
            directory.mkdir()
            study, differences = disturb(options, study_options, reference, seed, directory)
            faults = {kind: count for kind, count in sorted(study.count.items()) if kind not in NOT_FAULTS}
            total.update(faults)
            verdict = "Same" if not differences else "FAILED"
            print(
                f"seed {seed}: {study.schedule.description}, {sum(faults.values())} faults, {study.starts - 1} continuations, "
                f"{study.seconds:.1f} s: {verdict}", flush=True)
            if differences:
                failed.append(seed)
                keep = pathlib.Path(options.keep or tempfile.mkdtemp(prefix="minishard-chaos-failed-"))
                shutil.copytree(directory, keep / directory.name, dirs_exist_ok=True)
                for sentence in differences:
                    print(f"    {sentence}")
                print(f"    its folder: {keep / directory.name}; its schedule: {keep_log(study, keep / directory.name / 'schedule.txt')}", flush=True)
            shutil.rmtree(directory)
    print(f"{options.studies} studies, {sum(total.values())} faults ({', '.join(f'{kind} {count}' for kind, count in sorted(total.items()))}):", end=" ")
    if failed:
        print(f"{len(failed)} FAILED: again with scripts/chaos studies --seed {failed[0]} --studies 1")
    else:
        print("all Same.")
    return not failed
