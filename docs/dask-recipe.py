"""Computes a lazynpy run on a dask cluster: dask-recipe.py SCHEDULER LAZYNPY RUN-DIRECTORY [WORKERS]"""

import os, subprocess, sys
from dask.distributed import Client


def work(index, lazynpy, directory):
    env = {**os.environ, "LAZYNPY_INDEX": str(index), "GOMAXPROCS": "1"}  # as many CPUs as a thread of dask has
    return subprocess.run([lazynpy, "work", "--plan", directory], env=env).returncode


def compute(client, lazynpy, directory, workers=None, rounds=5):
    workers = int(workers or sum(client.nthreads().values()))
    for _ in range(rounds):
        # Not pure: the second time is not the first one's result.
        status = client.gather(client.map(work, range(workers), lazynpy=lazynpy, directory=directory, pure=False))
        if os.path.exists(os.path.join(directory, "done.json")):
            return  # the last of them has published
        if 64 in status:
            sys.exit("refused: the plan, the input or the program is not the right one; trying again is no use")
    sys.exit("%d workers have not finished the run in %d rounds" % (workers, rounds))


if __name__ == "__main__":
    compute(Client(sys.argv[1]), *sys.argv[2:])
