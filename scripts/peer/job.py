#!/usr/bin/env python3
"""Samples a second of one job in training in PyTorch, tuned as in study.py: by default the baseline with one thread.

    job.py --data DIR [--threads 1] [--experiment baseline] [--epochs 3] [--warmup 1]

Prints one JSON line with the best and the median epoch. Only training is timed, with --validation the pass over the 2,000 validation images after each
epoch too; the start-up is not.
"""

import argparse
import json
import statistics
import time

import torch

import study
from study import notebook


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="directory with IDX files")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--experiment", choices=list(notebook.EXPERIMENTS), default="baseline")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--warmup", type=int, default=1)
    parser.add_argument("--validation", action="store_true", help="time training and validation together")
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    experiment = notebook.EXPERIMENTS[options.experiment]
    (images, labels), _ = notebook.read_data(options.data)
    count = experiment.train_count
    train, validation = study.tuned_parts([(images[:count], labels[:count]), (images[10_000:12_000], labels[10_000:12_000])])
    torch.manual_seed(42)
    model, optimizer = study.tuned_model(experiment, options.compile)
    batches = notebook.SlicedLoader(train, experiment.batch, True)
    validation = notebook.SlicedLoader(validation, 256, False)
    rates = []
    for epoch in range(options.warmup + options.epochs):
        started = time.perf_counter()
        study.tuned_epoch(model, optimizer, batches)
        if options.validation:
            study.tuned_accuracy(model, validation)
        if epoch >= options.warmup:
            rates.append(count / (time.perf_counter() - started))
    print(json.dumps({
        "torch": torch.__version__, "experiment": options.experiment, "threads": options.threads, "compiled": options.compile,
        "samples_per_second": {"best": round(max(rates)), "median": round(statistics.median(rates))}}))


if __name__ == "__main__":
    main()
