"""Reads a safetensors file: eight bytes of length, a JSON head of that length, then the elements."""

import json

import numpy
import torch

TYPES = {"F32": numpy.float32, "F64": numpy.float64, "U8": numpy.uint8}


def read(path):
    """The tensors of a file by name, and its metadata."""
    with open(path, "rb") as file:
        content = file.read()
    start = 8 + int.from_bytes(content[:8], "little")
    head = json.loads(content[8:start])
    metadata = head.pop("__metadata__", {})
    tensors = {}
    for name, entry in head.items():
        first, last = entry["data_offsets"]
        array = numpy.frombuffer(content[start + first:start + last], TYPES[entry["dtype"]])
        tensors[name] = torch.from_numpy(array.reshape(entry["shape"]).copy())
    return tensors, metadata
