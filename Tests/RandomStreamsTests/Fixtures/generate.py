"""Writes pytorch-streams.json: what PyTorch's CPU generator draws, for MersenneTwister to be held against.

Run with PyTorch 2.15: python generate.py
"""

import json
import pathlib
import struct

import torch

SEEDS = [0, 1, 42, 2**32 + 42, 2**64 - 1]


def fnv1a(words):
    """FNV-1a, 64 bits, over the words' eight little-endian bytes each."""
    digest = 0xCBF29CE484222325
    for word in words:
        for byte in struct.pack("<Q", word):
            digest = (digest ^ byte) * 0x100000001B3 % 2**64
    return f"{digest:016x}"


def sequence(values):
    return {"count": len(values), "first": [str(value) for value in values[:20]], "fnv1a": fnv1a(values)}


def draws31(count):
    """32-bit draws modulo 2^31, the most of them that PyTorch shows."""
    return torch.empty(count, dtype=torch.int32).random_().tolist()


def draws64(count):
    full_range = torch.empty(count, dtype=torch.int64).random_(-(2**63), None)
    return [value % 2**64 for value in full_range.tolist()]


def float_bits(tensor):
    return [bits % 2**32 for bits in tensor.view(torch.int32).tolist()]


def record(seed):
    def fresh(draw):
        torch.manual_seed(seed)
        return sequence(draw())

    return {
        "seed": str(seed),
        "draws31": fresh(lambda: draws31(2000)),
        "draws64": fresh(lambda: draws64(1000)),
        "uniformUnit": fresh(lambda: float_bits(torch.empty(2000).uniform_(0.0, 1.0))),
        "uniformSkewed": fresh(lambda: float_bits(torch.empty(2000).uniform_(-0.25, 3.7))),
        "uniformThird": fresh(lambda: float_bits(torch.empty(2000).uniform_(-1 / 3, 1 / 3))),
        "permutations": {
            str(count): fresh(lambda: torch.randperm(count).tolist()) for count in [0, 1, 2, 3, 1000, 2000, 10000, 60000]
        },
        "afterPermutation": fresh(lambda: torch.randperm(1000).tolist() and draws31(20)),
    }


content = {"pytorch": torch.__version__.split("+")[0], "streams": [record(seed) for seed in SEEDS]}
path = pathlib.Path(__file__).with_name("pytorch-streams.json")
path.write_text(json.dumps(content, indent=1) + "\n")
