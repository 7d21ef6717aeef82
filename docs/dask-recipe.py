"""Computes a lazynpy run on a dask cluster: dask-recipe.py SCHEDULER LAZYNPY RUN-DIRECTORY"""

import json, os, subprocess, sys
from dask.distributed import Client


def work(index, lazynpy, directory):
    env = {**os.environ, "LAZYNPY_INDEX": str(index), "GOMAXPROCS": "1"}  # as many CPUs as a thread of dask has
    return subprocess.run([lazynpy, "work", "--plan", directory], env=env).returncode


def compute(client, lazynpy, directory, rounds=5):
    plan = json.load(open(os.path.join(directory, "plan.json")))
    portions = -(-plan["blocks"] // plan["portion_blocks"])
    tasks = range(-(-portions // plan["task_portions"]))
    for _ in range(rounds):
        # Not pure: the second time is not the first one's result.
        status = client.gather(client.map(work, tasks, lazynpy=lazynpy, directory=directory, pure=False))
        if 64 in status:
            sys.exit("refused: the plan, the input or the program is not the right one; trying again is no use")
        tasks = [i for i, s in zip(tasks, status) if s != 0]  # 75: it was told to end. Others failed, or were killed
        if not tasks:
            return subprocess.run([lazynpy, "resume", "--finish", directory], check=True)
    sys.exit("%d tasks have failed %d times" % (len(tasks), rounds))


if __name__ == "__main__":
    compute(Client(sys.argv[1]), *sys.argv[2:])
