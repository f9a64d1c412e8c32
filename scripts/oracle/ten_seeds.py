#!/usr/bin/env python3
"""Trains the study's five experiments over several seeds and stores what they reached (Fixtures/ten-seeds.json).

    ten_seeds.py --mnist DIR [--seeds 10] [--processes 2] [--out FILE]

The batches are sliced from memory instead of collated by a DataLoader; the first experiment is checked to give the same weights both ways.
"""

import argparse
import pathlib
import statistics
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import torch

import notebook

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "Tests/CNNCoreTests/Fixtures"


def run(directory, name, seed, make_loader=notebook.SlicedLoader, epochs=5):
    notebook.prepare()
    experiment = notebook.EXPERIMENTS[name]
    data = notebook.Subsets(directory, experiment.train_count)
    torch.manual_seed(seed)
    model = experiment.model()
    history = notebook.train_model(
        model, make_loader(data.train, experiment.batch, True), make_loader(data.validation, 256, False), epochs)
    test_loss, test_accuracy = notebook.evaluate(model, make_loader(data.test, 256, False))
    result = {
        "seed": seed,
        "best_val_accuracy": max(epoch["val_accuracy"] for epoch in history),
        "test_accuracy": test_accuracy,
        "test_loss": test_loss,
        "first_epoch_train_loss": history[0]["train_loss"],
    }
    return result, notebook.sha256(notebook.flat_parameters(model))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", required=True)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--out", type=pathlib.Path, default=FIXTURES / "ten-seeds.json")
    options = parser.parse_args()

    sliced = run(options.mnist, "dropout", 0, epochs=1)
    collated = run(options.mnist, "dropout", 0, make_loader=notebook.loader, epochs=1)
    if sliced != collated:
        raise SystemExit("Slicing the batches from memory changed the run: a DataLoader of this PyTorch draws otherwise.")

    work = [(name, seed) for seed in range(options.seeds) for name in notebook.EXPERIMENTS]
    experiments = {name: [] for name in notebook.EXPERIMENTS}
    with ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as pool:
        runs = [(name, pool.submit(run, options.mnist, name, seed)) for name, seed in work]
        for name, future in runs:
            result, _ = future.result()
            experiments[name].append(result)
            print(f"{name:14} {result}", flush=True)

    document = {"torch": torch.__version__, "dataset": "mnist", "threads": 1, "experiments": experiments}
    notebook.write_json(options.out, document)
    for name, results in experiments.items():
        columns = [[result[key] for result in results] for key in ("best_val_accuracy", "test_accuracy", "first_epoch_train_loss")]
        print(f"{name:14} " + "  ".join(f"{statistics.mean(c):.4f} ({statistics.stdev(c):.4f})" for c in columns if len(c) > 1))


if __name__ == "__main__":
    main()
