"""Times work on a PyTorch device, and prints a line of JSON a result in the form of the GPU kit."""
import json
import statistics
import time

import torch


def synchronize(device):
    if device == "cuda":
        torch.cuda.synchronize()


def time_calls(run, device, repetitions, warm_up):
    """Returns the milliseconds of each call after some warm-up calls."""
    for _ in range(warm_up):
        run()
    times = []
    for _ in range(repetitions):
        synchronize(device)
        start = time.perf_counter()
        run()
        synchronize(device)
        times.append(1e3 * (time.perf_counter() - start))
    return times


def write(times=None, **fields):
    if times:
        fields.update(ms=statistics.median(times), least=min(times), most=max(times))
    print(json.dumps(fields), flush=True)


def attempt(fields, measure):
    """Writes a measurement's times, or its error: what follows is measured in any case."""
    try:
        write(measure(), **fields)
    except Exception as error:  # noqa: BLE001 - every library has errors of its own
        write(**fields, failed=f"{type(error).__name__}: {error}"[:300])
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
