"""One of two processes that gather metrics; run by gathering_test.

usage: gathering_worker.py PORT PROCESS
"""

import importlib.util
import json
import pathlib
import sys

import jax

if __name__ == "__main__":
    port, process = sys.argv[1:]
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    jax.distributed.initialize(f"127.0.0.1:{port}", 2, int(process))
    path = pathlib.Path(__file__).with_name("gathering_test.py")
    spec = importlib.util.spec_from_file_location("gathering_test", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    print(json.dumps(module.values(int(process), 2)))
