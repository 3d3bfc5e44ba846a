"""Compares what the programs printed.

    report.py check FOLDER      ends with an error unless the fixed case came out the same
    report.py round FOLDER      the last round, for people
    report.py summary FOLDER    one line of JSON
"""

import json
import os
import statistics
import sys

PROGRAMS = ("sere", "torchsharp", "python")
TOLERANCE = 1e-4


def lines(folder, program, kind):
    with open(os.path.join(folder, f"{program}.{kind}"), encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def check(folder):
    """The loss of the fixed weights within 1e-4 nats; gradients and later losses within 1e-4 of themselves."""
    sere, *peers = (lines(folder, program, "case")[-1] for program in PROGRAMS)
    for name, peer in zip(PROGRAMS[1:], peers):
        if not abs(peer["losses"][0] - sere["losses"][0]) <= TOLERANCE:
            sys.exit(
                f"The work is not the same: the loss is {peer['losses'][0]} in {name} and {sere['losses'][0]} in sere.")
        for what in ("losses", "gradientNorms"):
            for step, (first, second) in enumerate(zip(sere[what], peer[what], strict=True)):
                if not abs(second - first) <= TOLERANCE * abs(first):
                    sys.exit(f"The work is not the same: {what}[{step}] is {second} in {name} and {first} in sere.")
    losses = ", ".join(f"{result['losses'][0]:.5f}" for result in (sere, *peers))
    print(f"losses of the fixed case in nats ({', '.join(PROGRAMS)}): {losses}")


def last_round(folder):
    print("  " + ", ".join(
        f"{program} {lines(folder, program, 'rounds')[-1]['stepMilliseconds']:.1f} ms a step" for program in PROGRAMS))


def summary(folder):
    """Medians over the rounds; a ratio is taken within each round, which a slow drift of the machine leaves alone."""
    sere, torchsharp, python = (lines(folder, program, "rounds") for program in PROGRAMS)

    def rate(rounds):
        return statistics.median(entry["imagesPerSecond"] for entry in rounds)

    def ratio(peer):
        return statistics.median(
            own["imagesPerSecond"] / other["imagesPerSecond"] for own, other in zip(sere, peer, strict=True))

    print(json.dumps({
        "sereOverPython": round(ratio(python), 3),
        "sereOverTorchSharp": round(ratio(torchsharp), 3),
        "sereImagesPerSecond": round(rate(sere), 1),
        "torchSharpImagesPerSecond": round(rate(torchsharp), 1),
        "pythonImagesPerSecond": round(rate(python), 1),
        "threads": [rounds[0]["threads"] for rounds in (sere, torchsharp, python)],
        "batch": sere[0]["batch"],
        "rounds": len(sere),
        "sereBlas": sere[0]["blas"],
        "torchSharpBlas": torchsharp[0]["blas"],
        "pythonBlas": python[0]["blas"],
        "sereVersion": sere[0]["version"],
        "torchSharpVersion": torchsharp[0]["version"],
        "pythonVersion": python[0]["version"],
    }))


if __name__ == "__main__":
    {"check": check, "round": last_round, "summary": summary}[sys.argv[1]](sys.argv[2])
