#!/usr/bin/env python3
"""Makes the fixtures of PyTorchParityTests: what PyTorch computes, for Minishard to agree with.

    make_fixtures.py [--mnist DIR] [--synthetic DIR] [--out DIR]

DIR holds IDX files; those of the synthetic digits are written by `minishard bench digits DIR`.

Everything runs on one thread. `fixtures.json` describes all: per configuration and seed the digest of the initial weights, the order of the
samples, the first losses; and per checkpoint the file with PyTorch's own weights before a step and the gradients of that step. A data set
that is not named keeps what fixtures.json says of it.
"""

import argparse
import copy
import hashlib
import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import save

import notebook

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "Tests/CNNCoreTests/Fixtures"
ORDER_EPOCHS = 5
FREE_STEPS = 15
# Every 13th element of fc.weight's gradient: prime to its rows (10 classes), to the 14 x 14 positions and to every c2 here, so all of them are met.
STRIDE = 13
# Where float32 strays further than this from float64, relative to a gradient's norm, the float64 gradient is recorded.
ROUNDING = 2e-5

CONFIGURATIONS = {
    "baseline": notebook.EXPERIMENTS["baseline"],
    "more-channels": notebook.EXPERIMENTS["more-channels"],
    "larger-kernel": notebook.EXPERIMENTS["larger-kernel"],
    "less-data": notebook.EXPERIMENTS["less-data"],
    "odd-shape": notebook.ODD_SHAPE,
}


def data_digest(directory):
    """SHA-256 over training pixels, training labels, test pixels, test labels: which data the numbers belong to."""
    digest = hashlib.sha256()
    for part in ("train", "t10k"):
        digest.update(notebook.read_idx(directory, f"{part}-images-idx3-ubyte").tobytes())
        digest.update(notebook.read_idx(directory, f"{part}-labels-idx1-ubyte").tobytes())
    return digest.hexdigest()


def sample_order(experiment, seed):
    """The sample indices of each of the first epochs, as a run draws them after its initial weights."""
    torch.manual_seed(seed)
    experiment.model()
    labels = torch.zeros(experiment.train_count)
    train = notebook.SlicedLoader((labels, labels), experiment.batch, True)
    validation = notebook.SlicedLoader((labels[:1], labels[:1]), 256, False)
    orders = []
    for _ in range(ORDER_EPOCHS):
        list(train)
        orders.append(train.order.numpy().astype("<i4"))
        list(validation)
    return orders


def gradients(model, images, labels):
    """Loss (mean over the batch) and its gradient of each tensor, from the model's present weights."""
    model.zero_grad()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    return loss.item(), {name: parameter.grad.numpy().copy() for name, parameter in model.named_parameters()}


def checkpoint(model, data, indices, step, file, out):
    """Describes one step from PyTorch's weights; writes weights (but for step 0) and gradients to `file`."""
    images, labels = data.train[0][indices], data.train[1][indices]
    loss, gradient = gradients(model, images, labels)
    double = copy.deepcopy(model).double()
    exact_loss, exact_gradient = gradients(double, images.double(), labels)

    tensors, described = {}, {}
    for name, value in gradient.items():
        wide, exact = value.astype(np.float64), exact_gradient[name]
        distance = float(np.linalg.norm(wide - exact) / np.linalg.norm(exact))
        # A loss near 0 leaves few of float32's digits in the gradient: there float64 is the one to agree with.
        described[name] = {"distance_from_float64": distance, "is_float64": distance > ROUNDING}
        reference = exact if distance > ROUNDING else wide
        described[name] |= {"l2_norm": float(np.linalg.norm(reference)), "sum": float(reference.sum())}
        flat = reference.astype("<f4").ravel()
        tensors["gradient." + name] = np.ascontiguousarray(flat[::STRIDE]) if name == "fc.weight" else flat
    if step > 0:
        tensors |= {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    (out / file).write_bytes(save(tensors))
    return {
        "step": step,
        "file": file,
        "weights_sha256": notebook.sha256(notebook.flat_parameters(model)),
        "samples": indices.tolist(),
        "loss": loss,
        "loss_float64": exact_loss,
        "gradients": described,
    }


def float64_epoch(experiment, seed, data):
    """First losses and mean loss of the same first epoch in float64: how far PyTorch itself strays from its own float32 run."""
    torch.manual_seed(seed)
    model = experiment.model().double()
    (images, labels), losses = data.train, []
    train = notebook.SlicedLoader((images.double(), labels), experiment.batch, True)
    validation = notebook.SlicedLoader((images[:1].double(), labels[:1]), 256, False)
    history = notebook.train_model(model, train, validation, 1, after_step=lambda step, loss: losses.append(loss))
    return losses[:FREE_STEPS], history[0]["train_loss"]


def run(experiment, seed, data, steps, prefix, out):
    """Trains until the first epoch and the last of the wanted steps are over, and describes what was met on the way."""
    orders = sample_order(experiment, seed)
    torch.manual_seed(seed)
    model = experiment.model()
    initial = notebook.sha256(notebook.flat_parameters(model))

    train = notebook.SlicedLoader(data.train, experiment.batch, True)
    validation = notebook.SlicedLoader(data.validation, 256, False)
    steps_an_epoch = -(-experiment.train_count // experiment.batch)
    checkpoints, losses = [], []

    def before_step(step):
        if step in steps:
            first = step % steps_an_epoch * experiment.batch
            indices = train.order[first : first + experiment.batch]
            checkpoints.append(checkpoint(model, data, indices, step, f"{prefix}-{step}.safetensors", out))

    def after_step(step, loss):
        if step < FREE_STEPS:
            losses.append(loss)

    epochs = max(steps, default=0) // steps_an_epoch + 1
    history = notebook.train_model(model, train, validation, epochs, before_step, after_step)
    exact_losses, exact_mean = float64_epoch(experiment, seed, data)
    return {
        "seed": seed,
        "initial_sha256": initial,
        "orders": [{"sha256": notebook.sha256(order), "first": order[:8].tolist()} for order in orders],
        "losses": losses,
        "losses_float64": exact_losses,
        "first_epoch_train_loss": history[0]["train_loss"],
        "first_epoch_train_loss_float64": exact_mean,
        "checkpoints": checkpoints,
    }


def describe(name, experiment, seeds, directory, steps, prefix, out):
    data = notebook.Subsets(directory, experiment.train_count)
    runs = [run(experiment, seed, data, steps if seed == seeds[0] else (), f"{prefix}{name}", out) for seed in seeds]
    print(f"{prefix}{name}: first epoch's losses {[run['first_epoch_train_loss'] for run in runs]}", flush=True)
    return {
        "name": name,
        "c1": experiment.c1, "c2": experiment.c2, "kernel": experiment.kernel,
        "train_count": experiment.train_count, "batch": experiment.batch,
        "runs": runs,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", help="directory with the IDX files of MNIST")
    parser.add_argument("--synthetic", help="directory with the IDX files that minishard bench digits wrote")
    parser.add_argument("--out", type=pathlib.Path, default=FIXTURES)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    notebook.prepare()

    few = {name: CONFIGURATIONS[name] for name in ("baseline", "odd-shape")}
    plan = [
        ("mnist", options.mnist, "", CONFIGURATIONS, (42, 0), (0, 100, 600)),
        ("synthetic", options.synthetic, "synthetic-", few, (42,), (0, 100)),
    ]
    index = options.out / "fixtures.json"
    kept = {entry["name"]: entry for entry in json.loads(index.read_text())["datasets"]} if index.exists() else {}
    for name, directory, prefix, configurations, seeds, steps in plan:
        if directory:
            kept[name] = {
                "name": name,
                "sha256": data_digest(directory),
                "configurations": [
                    describe(configuration, experiment, seeds, directory, steps, prefix, options.out)
                    for configuration, experiment in configurations.items()
                ],
            }
    notebook.write_json(index, {
        "torch": torch.__version__,
        "threads": 1,
        "fc_weight_gradient_stride": STRIDE,
        "order": "SHA-256 over an epoch's sample indices as little-endian int32",
        "datasets": [kept[name] for name, *_ in plan if name in kept],
    })


if __name__ == "__main__":
    main()
