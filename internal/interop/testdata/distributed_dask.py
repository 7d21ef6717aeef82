"""Runs a script with the address of a cluster of dask.distributed, two processes on this machine.

    distributed_dask.py SCRIPT ARGUMENT...
"""

import subprocess
import sys

from dask.distributed import LocalCluster

if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as cluster:
        done = subprocess.run([sys.executable, sys.argv[1], cluster.scheduler_address, *sys.argv[2:]], stdout=sys.stderr)
    sys.exit(done.returncode)
