"""What the timed peers say about themselves."""
import re
import resource
import time

import torch


def version():
    return tuple(int(part) for part in re.findall(r"\d+", torch.__version__)[:2])


def blas():
    """What multiplies matrices: built in (MKL), or the library that the loader found for libblas.so.3."""
    if torch.backends.mkl.is_available():
        return "mkl"
    with open("/proc/self/maps", encoding="utf-8") as maps:
        folders = re.findall(r"/([^/\s]+)/libblas\.so", maps.read())
    return {"blas": "reference"}.get(folders[0], folders[0]) if folders else "unknown"


def peak_rss():
    """Bytes of the largest resident set of the process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


class ProcessorShare:
    """The share of its threads' processors that this process got since this was made."""

    def __init__(self, threads):
        self.threads, self.wall, self.processor = threads, time.perf_counter(), time.process_time()

    def share(self):
        return (time.process_time() - self.processor) / (time.perf_counter() - self.wall) / self.threads
