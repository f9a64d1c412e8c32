"""The study's notebook in PyTorch: the reference that Minishard is checked against.

Every experiment starts from its own seed: `torch.manual_seed(seed)`, build the model, then the notebook's `train_model`
(Adam, learning rate 1e-2, a shuffling loader with batches of 64, a validation pass in batches of 256 after each epoch).
"""

import gzip
import hashlib
import json
import os
import re
import struct
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

MEAN, STANDARD_DEVIATION = 0.1307, 0.3081


class SmallCNN(nn.Module):
    """Conv2d(1, c1, k), ReLU, Conv2d(c1, c2, k), ReLU, MaxPool2d(2), Flatten, Dropout(p), Linear(c2*14*14, classes)."""

    def __init__(self, c1=8, c2=16, kernel=3, dropout=0.0, classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(1, c1, kernel, padding=kernel // 2)
        self.conv2 = nn.Conv2d(c1, c2, kernel, padding=kernel // 2)
        self.fc = nn.Linear(c2 * 14 * 14, classes)
        self.dropout = dropout

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.max_pool2d(F.relu(self.conv2(x)), 2, 2)
        x = torch.flatten(x, 1)
        if self.dropout > 0:
            x = F.dropout(x, self.dropout, self.training)
        return self.fc(x)


@dataclass(frozen=True)
class Experiment:
    """What distinguishes one run from another, its seed apart."""

    c1: int = 8
    c2: int = 16
    kernel: int = 3
    dropout: float = 0.0
    train_count: int = 10_000
    batch: int = 64

    def model(self):
        return SmallCNN(self.c1, self.c2, self.kernel, self.dropout)


EXPERIMENTS = {
    "baseline": Experiment(),
    "more-channels": Experiment(c1=16, c2=32),
    "larger-kernel": Experiment(kernel=5),
    "dropout": Experiment(dropout=0.2),
    "less-data": Experiment(train_count=2_000),
}

# Not part of the study: sizes that no kernel is specialised for, and a last batch of a single sample.
ODD_SHAPE = Experiment(c1=5, c2=12, kernel=7, train_count=3_001, batch=50)


def read_idx(directory, stem):
    """An IDX file as an array of bytes, gzipped or not, with either file-name convention."""
    for name in (stem, stem.replace("-idx", ".idx")):
        for path in (os.path.join(directory, name), os.path.join(directory, name + ".gz")):
            if os.path.exists(path):
                opener = gzip.open if path.endswith(".gz") else open
                with opener(path, "rb") as file:
                    content = file.read()
                rank = content[3]
                shape = struct.unpack(f">{rank}I", content[4 : 4 + 4 * rank])
                return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(shape).copy()
    raise SystemExit(f"There is no {stem}, gzipped or not, in {directory}.")


def read_data(directory):
    """Training and test part of a data set: ((images, labels), (images, labels)), uint8 [n, 28, 28] and int64 [n]."""
    return tuple(
        (torch.from_numpy(read_idx(directory, f"{part}-images-idx3-ubyte")),
         torch.from_numpy(read_idx(directory, f"{part}-labels-idx1-ubyte")).long())
        for part in ("train", "t10k")
    )


def normalised(images):
    """Bytes [n, 28, 28] as the network's input [n, 1, 28, 28]: what ToTensor and Normalize make of them."""
    return images.unsqueeze(1).float().div_(255).sub_(MEAN).div_(STANDARD_DEVIATION)


class Subsets:
    """The notebook's subsets: the first training images, training images 10,000 ..< 12,000, test images 0 ..< 2,000."""

    def __init__(self, directory, train_count):
        (train, train_labels), (test, test_labels) = read_data(directory)
        self.train = normalised(train[:train_count]), train_labels[:train_count]
        self.validation = normalised(train[10_000:12_000]), train_labels[10_000:12_000]
        self.test = normalised(test[:2_000]), test_labels[:2_000]


def loader(part, batch, shuffle):
    """The notebook's own loader: one tensor a sample, collated. Slow, and the definition of the order of the samples."""
    return DataLoader(TensorDataset(*part), batch_size=batch, shuffle=shuffle)


class SlicedLoader:
    """Batches sliced from tensors in memory, with exactly the draws of a DataLoader from the global generator.

    An epoch of a shuffling DataLoader draws its base seed and then the sampler's seed; one in order draws the base seed alone.
    `order` holds the last pass's sample indices.
    """

    def __init__(self, part, batch, shuffle):
        self.images, self.labels = part
        self.batch = batch
        self.shuffle = shuffle

    def __iter__(self):
        torch.empty((), dtype=torch.int64).random_()
        count = len(self.labels)
        if self.shuffle:
            generator = torch.Generator()
            generator.manual_seed(int(torch.empty((), dtype=torch.int64).random_().item()))
            self.order = torch.randperm(count, generator=generator)
        else:
            self.order = torch.arange(count)
        for indices in self.order.split(self.batch):
            yield self.images[indices], self.labels[indices]


def evaluate(model, batches):
    """Mean loss over the samples and accuracy."""
    model.eval()
    loss, correct, count = 0.0, 0, 0
    with torch.no_grad():
        for images, labels in batches:
            logits = model(images)
            loss += F.cross_entropy(logits, labels, reduction="sum").item()
            correct += (logits.argmax(1) == labels).sum().item()
            count += len(labels)
    return loss / count, correct / count


def train_model(model, train, validation, epochs=5, before_step=None, after_step=None):
    """The notebook's training. Returns a dictionary an epoch: train_loss, train_accuracy, val_accuracy.

    `before_step(step)` and `after_step(step, loss)` watch each step; steps count from 0 through all epochs.
    """
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    history, step = [], 0
    for _ in range(epochs):
        model.train()
        total, correct, count = 0.0, 0, 0
        for images, labels in train:
            if before_step:
                before_step(step)
            optimizer.zero_grad()
            logits = model(images)
            loss = F.cross_entropy(logits, labels)
            loss.backward()
            optimizer.step()
            value = loss.item()
            if after_step:
                after_step(step, value)
            total += value * len(labels)
            correct += (logits.argmax(1) == labels).sum().item()
            count += len(labels)
            step += 1
        history.append({
            "train_loss": total / count, "train_accuracy": correct / count, "val_accuracy": evaluate(model, validation)[1]})
    return history


def flat_parameters(model):
    """All parameters in the order of the state_dict, little-endian float32."""
    return np.concatenate([tensor.detach().numpy().ravel() for tensor in model.state_dict().values()]).astype("<f4")


def sha256(array):
    return hashlib.sha256(array.tobytes()).hexdigest()


def write_json(path, document):
    """Indented, with each list of plain values on one line."""
    text = json.dumps(document, indent=1)
    path.write_text(re.sub(r"\[[^][{}]*\]", lambda found: " ".join(found[0].split()), text) + "\n")


def prepare(threads=1):
    """What every script sets first: the results depend on the number of threads, so the reference has one."""
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
