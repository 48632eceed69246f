"""llama.cpp's server with one model on a free loopback port; llama-private.sh starts it.

Usage: llama_server.py MODEL.gguf FILE     FILE gets the address when it listens.
"""

import os
import signal
import sys
import threading

import xllamacpp


def main():
    model, listens = sys.argv[1:]
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.model_alias = {"smollm2"}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    # More threads than free cores make it slower by far.
    params.cpuparams.n_threads = 1
    params.n_ctx = 8192
    params.n_parallel = 2
    # A prompt that nobody waits for any more is left between two batches.
    params.n_batch = params.n_ubatch = 128
    params.endpoint_slots = True
    params.endpoint_metrics = True
    params.ui = False
    server = xllamacpp.Server(params)
    with open(listens + ".new", "w") as file:
        file.write(server.listening_address)
    os.replace(listens + ".new", listens)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    ended.wait()
    os._exit(0)


main()
