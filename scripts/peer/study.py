#!/usr/bin/env python3
"""The whole study in PyTorch, timed: what Minishard's speed is compared with.

    study.py --mode tuned --data DIR [--threads 2] [--processes 1] [--seed 42] [--epochs 5] [--only baseline,...] [--compile]
    study.py --mode notebook --data DIR [--threads 2] [--processes 1] ...

`notebook`: as the notebook has it: torchvision's MNIST with ToTensor and Normalize, parts of it as Subsets, a DataLoader that treats one sample after the
            other and collates them, Adam as torch.optim makes it by default, the loss read after every step.
`tuned`:    as fast as plain PyTorch gets: bytes normalised once, batches sliced from memory, channels-last layout, fused Adam, denormals flushed,
            losses and counts added up as tensors and read once an epoch.

Both do the same work in the same order of samples. Prints one JSON line: seconds and accuracies of each experiment, and seconds in all without
the import of PyTorch: time the whole process from outside too. Other load on the machine slows several threads out of all proportion, because
they wait for each other actively: measure on an idle one.
"""

import argparse
import json
import pathlib
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "oracle"))
import notebook


def torchvision_mnist(directory):
    """The notebook's data sets, training and test. torchvision wants its own folders and raw files."""
    transform = transforms.Compose(
        [transforms.ToTensor(), transforms.Normalize((notebook.MEAN,), (notebook.STANDARD_DEVIATION,))])
    with tempfile.TemporaryDirectory() as root:
        raw = pathlib.Path(root, "MNIST", "raw")
        raw.mkdir(parents=True)
        for stem in ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
            array = notebook.read_idx(directory, stem)
            header = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
            (raw / stem).write_bytes(header + array.tobytes())
        return tuple(datasets.MNIST(root, train=train, transform=transform) for train in (True, False))


def notebook_run(experiment, directory, epochs):
    mnist, mnist_test = torchvision_mnist(directory)
    train, validation, test = (
        Subset(mnist, range(experiment.train_count)), Subset(mnist, range(10_000, 12_000)), Subset(mnist_test, range(2_000)))
    model = experiment.model()
    history = notebook.train_model(
        model, DataLoader(train, experiment.batch, shuffle=True), DataLoader(validation, 256), epochs)
    _, test_accuracy = notebook.evaluate(model, DataLoader(test, 256))
    return history[-1]["train_loss"], max(epoch["val_accuracy"] for epoch in history), test_accuracy


def tuned_accuracy(model, batches):
    model.eval()
    with torch.inference_mode():
        correct = sum((model(images).argmax(1) == labels).sum() for images, labels in batches)
    return correct.item() / len(batches.labels)


def tuned_epoch(model, optimizer, batches):
    """One epoch's mean training loss; loss and correct counts stay tensors until its end."""
    model.train()
    total, correct = torch.zeros(()), torch.zeros((), dtype=torch.int64)
    for images, labels in batches:
        optimizer.zero_grad(set_to_none=True)
        logits = model(images)
        loss = F.cross_entropy(logits, labels)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            total += loss.detach() * len(labels)
            correct += (logits.detach().argmax(1) == labels).sum()
    return (total / len(batches.labels)).item()


def tuned_model(experiment, compiled=False):
    """Model and optimiser as the tuned peer uses them."""
    torch.set_flush_denormal(True)
    model = experiment.model().to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2, fused=True)
    return (torch.compile(model, dynamic=False) if compiled else model), optimizer


def tuned_parts(parts):
    return [(notebook.normalised(images).contiguous(memory_format=torch.channels_last), labels) for images, labels in parts]


def tuned_run(experiment, directory, epochs, compiled):
    (images, labels), (test_images, test_labels) = notebook.read_data(directory)
    count = experiment.train_count
    train, validation, test = tuned_parts(
        [(images[:count], labels[:count]), (images[10_000:12_000], labels[10_000:12_000]), (test_images[:2_000], test_labels[:2_000])])
    model, optimizer = tuned_model(experiment, compiled)
    train, validation, test = (
        notebook.SlicedLoader(train, experiment.batch, True), notebook.SlicedLoader(validation, 256, False),
        notebook.SlicedLoader(test, 256, False))
    best = 0
    for _ in range(epochs):
        loss = tuned_epoch(model, optimizer, train)
        best = max(best, tuned_accuracy(model, validation))
    return loss, best, tuned_accuracy(model, test)


def run(name, options):
    torch.set_num_threads(options.threads)
    experiment = notebook.EXPERIMENTS[name]
    started = time.perf_counter()
    torch.manual_seed(options.seed)
    if options.mode == "tuned":
        loss, best, test = tuned_run(experiment, options.data, options.epochs, options.compile)
    else:
        loss, best, test = notebook_run(experiment, options.data, options.epochs)
    return {
        "name": name, "seconds": round(time.perf_counter() - started, 3), "last_train_loss": loss, "best_val_accuracy": best,
        "test_accuracy": test}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mode", choices=["notebook", "tuned"], required=True)
    parser.add_argument("--data", required=True, help="directory with IDX files")
    parser.add_argument("--threads", type=int, default=2, help="threads of each process")
    parser.add_argument("--processes", type=int, default=1, help="experiments trained at a time, each in a process of its own")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--only", default=",".join(notebook.EXPERIMENTS), help="names of experiments, separated by commas")
    parser.add_argument("--compile", action="store_true", help="tuned: torch.compile (needs a C++ compiler)")
    options = parser.parse_args()
    names = options.only.split(",")
    for name in names:
        if name not in notebook.EXPERIMENTS:
            parser.error(f"there is no experiment {name}; there are {', '.join(notebook.EXPERIMENTS)}")

    started = time.perf_counter()
    if options.processes == 1:
        experiments = [run(name, options) for name in names]
    else:
        with ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as pool:
            experiments = list(pool.map(run, names, [options] * len(names)))
    print(json.dumps({
        "torch": torch.__version__, "mode": options.mode, "threads": options.threads, "processes": options.processes,
        "compiled": options.compile, "epochs": options.epochs, "seconds": round(time.perf_counter() - started, 3),
        "experiments": experiments}))


if __name__ == "__main__":
    main()
