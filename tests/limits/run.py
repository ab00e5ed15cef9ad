"""Runs a program and says what it took: run.py PROGRAM ARGUMENT...

A process of its own, because what a child is told of its highest RSS begins
with that of the process that forks it, and a test's is large. The last line of
its output is that figure, in KiB."""

import resource
import subprocess
import sys


def main():
    done = subprocess.run(sys.argv[1:], check=False, stdin=subprocess.DEVNULL,
                          stderr=subprocess.STDOUT)
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, flush=True)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
