"""The Python peer: computes the fixed case, or measures training steps.

    peer.py check FILE [DEVICE]
    peer.py measure FILE THREADS WARM_UP STEPS [loop|foreach]
    peer.py device FILE DEVICE WARM_UP STEPS [eager|compiled]
    peer.py blas

FILE is what Sere.Peers.Reference writes. One line of JSON goes to standard output. The last form
prints the library for matrix products, and fails where a faster one can be installed.
"""

import json
import os
import statistics
import sys
import time

import torch

import tensor_file
from model import SelfReflectiveAutoencoder

CASE_STEPS = 3


class Training:
    """A model with the weights of the case, and its optimizer."""

    def __init__(self, path, adam, device="cpu"):
        tensors, metadata = tensor_file.read(path)
        self.settings = json.loads(metadata["settings"])
        self.images = tensors.pop("images").to(device)
        self.x = tensors.pop("x").to(device)
        self.noise = tensors.pop("noise").to(device)
        self.model = SelfReflectiveAutoencoder(self.settings)
        self.model.load_state_dict(tensors)
        self.model.to(device)
        self.optimizer = torch.optim.Adam(
            self.model.parameters(),
            lr=self.settings["learningRate"],
            betas=(self.settings["beta1"], self.settings["beta2"]),
            eps=self.settings["epsilon"],
            **({} if adam == "loop" else {adam: True}))

    def step(self, x, noise):
        """One step; the loss in nats and the norm of its gradient."""
        loss, norm = self.begin(x, noise)
        return loss.item(), norm.item()

    def begin(self, x, noise):
        """The same, as tensors that nothing has waited for."""
        self.optimizer.zero_grad(set_to_none=True)
        log_likelihood, divergence = self.model(x, noise)
        loss = (self.settings["annealing"] * divergence - log_likelihood).mean()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.settings["gradientClip"])
        self.optimizer.step()
        return loss.detach(), norm

    def batches(self):
        """Binary images and noise, without end."""
        size = self.settings["batch"]
        while True:
            order = torch.randperm(len(self.images))
            for first in range(0, len(order), size):
                grey = self.images[order[first:first + size]]
                x = (torch.rand(grey.shape, device=grey.device) * 255 < grey).float()
                yield x, torch.randn(len(x), self.noise.shape[1], device=grey.device)


def check(path, device="cpu"):
    training = Training(path, "loop", device)
    steps = [training.step(training.x, training.noise) for _ in range(CASE_STEPS)]
    return {"losses": [loss for loss, _ in steps], "gradientNorms": [norm for _, norm in steps]}


def measure(path, threads, warm_up, steps, adam="loop"):
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    training = Training(path, adam)
    batches = training.batches()
    times = []
    for _ in range(warm_up + steps):
        start = time.perf_counter()
        training.step(*next(batches))
        times.append(time.perf_counter() - start)
    seconds = statistics.median(times[warm_up:])
    batch = training.settings["batch"]
    return {
        "imagesPerSecond": batch / seconds,
        "stepMilliseconds": 1000 * seconds,
        "threads": torch.get_num_threads(),
        "batch": batch,
        "blas": blas(),
        "version": f"PyTorch {torch.__version__}, Python {sys.version.split()[0]}",
    }


def measure_on_device(path, device, warm_up, steps, form="eager"):
    """Steps that follow each other without waiting, which a read of the loss in each would do."""
    torch.manual_seed(1)
    training = Training(path, "fused" if device == "cuda" else "foreach", device)
    if form == "compiled":
        training.model = torch.compile(training.model, mode="reduce-overhead")
    batches = training.batches()

    def run(count):
        for _ in range(count):
            training.begin(*next(batches))
        if device == "cuda":
            torch.cuda.synchronize()

    start = time.perf_counter()
    run(warm_up)
    warm = time.perf_counter()
    run(steps)
    seconds = (time.perf_counter() - warm) / steps
    batch = training.settings["batch"]
    return {
        "form": form,
        "device": torch.cuda.get_device_name() if device == "cuda" else device,
        "imagesPerSecond": batch / seconds,
        "stepMilliseconds": 1000 * seconds,
        "warmUpSeconds": warm - start,
        "batch": batch,
        "version": f"PyTorch {torch.__version__}, Python {sys.version.split()[0]}",
    }


def blas():
    """The library for matrix products: the file that PyTorch has loaded, or MKL where that is part of PyTorch."""
    if torch.backends.mkl.is_available():
        return "MKL"
    try:
        with open("/proc/self/maps", encoding="utf-8") as maps:
            files = {os.path.realpath(line.split()[-1]) for line in maps if "blas" in line or "blis" in line}
    except OSError:
        files = set()
    return ", ".join(sorted(file for file in files if "lapack" not in file)) or "of PyTorch"


if __name__ == "__main__":
    if sys.argv[1] == "blas":
        name = blas()
        print(f"PyTorch {torch.__version__} with BLAS {name}")
        sys.exit(0 if "openblas-openmp" in name or not name.startswith("/usr/lib") else 1)
    if sys.argv[1] == "check":
        print(json.dumps(check(*sys.argv[2:])))
    elif sys.argv[1] == "device":
        print(json.dumps(measure_on_device(sys.argv[2], sys.argv[3], *map(int, sys.argv[4:6]), *sys.argv[6:])))
    else:
        print(json.dumps(measure(sys.argv[2], *map(int, sys.argv[3:6]), *sys.argv[6:])))
