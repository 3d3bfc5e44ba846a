#!/usr/bin/env python3
"""Requests per second, latency and memory of examples/ScoreService.

    python3 benchmarks/service/load.py IMAGE PORT PROCESS-ID [REQUESTS]

One caller, ten, more than may wait (503), a flood of files that are no images (400), and ten callers again.
"""
import collections
import http.client
import os
import sys
import threading
import time

image_path, port, process = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
requests = int(sys.argv[4]) if len(sys.argv) > 4 else 500
with open(image_path, "rb") as file:
    image = file.read()


def resident_megabytes():
    with open(f"/proc/{process}/status") as status:
        return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmRSS"))


def measure(what, callers, count, body):
    times, statuses, left, lock = [], collections.Counter(), [count], threading.Lock()

    def call():
        connection = http.client.HTTPConnection("127.0.0.1", port)
        while True:
            with lock:
                if left[0] == 0:
                    return
                left[0] -= 1
            start = time.perf_counter()
            connection.request("POST", "/verdict", body, {"Content-Type": "image/png"})
            answer = connection.getresponse()
            answer.read()
            with lock:
                times.append(time.perf_counter() - start)
                statuses[answer.status] += 1

    start = time.perf_counter()
    threads = [threading.Thread(target=call) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - start
    times.sort()
    print(
        f"{what}, {callers} at once: {count / seconds:.1f}/s, median {1e3 * times[count // 2]:.0f} ms, "
        f"p95 {1e3 * times[int(0.95 * count)]:.0f} ms, {dict(statuses)}, {resident_megabytes()} MB",
        flush=True)


measure("images", 1, requests, image)
measure("images", 10, requests, image)
measure("images", 30, requests, image)
measure("no images", 10, 5 * requests, b"\x89PNG\r\n\x1a\n" + os.urandom(20_000))
measure("images", 10, requests, image)
