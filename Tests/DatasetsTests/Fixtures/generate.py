"""Writes pytorch-loaders.json: the samples that PyTorch's loaders deliver in the notebook's training, for LoaderDraws to be held against.

Run with PyTorch 2.15: python generate.py
"""

import json
import pathlib
import struct

import torch
from torch import nn
from torch.utils.data import DataLoader

EPOCHS = 5


class SmallCNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1)
        self.fc = nn.Linear(16 * 14 * 14, 10)


def fnv1a(indices):
    """FNV-1a, 64 bits, over the indices' eight little-endian bytes each."""
    digest = 0xCBF29CE484222325
    for index in indices:
        for byte in struct.pack("<Q", index):
            digest = (digest ^ byte) * 0x100000001B3 % 2**64
    return f"{digest:016x}"


def record(seed, samples):
    torch.manual_seed(seed)
    model = SmallCNN()
    training = DataLoader(range(samples), batch_size=64, shuffle=True)
    validation = DataLoader(range(2000), batch_size=256)
    epochs = []
    for _ in range(EPOCHS):
        batches = [batch.tolist() for batch in training]
        for _ in validation:
            pass
        order = [index for batch in batches for index in batch]
        epochs.append(
            {
                "firstBatch": batches[0],
                "batches": len(batches),
                "lastBatch": batches[-1],
                "fnv1a": fnv1a(order),
            }
        )
    for _ in DataLoader(range(2000), batch_size=256):
        pass
    return {
        "seed": seed,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "samples": samples,
        "epochs": epochs,
        "drawAfterwards": torch.empty((), dtype=torch.int32).random_().item(),
    }


runs = [record(seed, samples) for seed, samples in [(42, 10000), (42, 2000), (7, 10000), (2**31 + 5, 1)]]
content = {"pytorch": torch.__version__.split("+")[0], "runs": runs}
path = pathlib.Path(__file__).with_name("pytorch-loaders.json")
path.write_text(json.dumps(content) + "\n")
