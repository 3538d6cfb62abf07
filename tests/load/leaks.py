#!/usr/bin/env python3
"""leaks.py CHILDREN FORKEXEC FERRY...: a process that starts many children keeps its size, its descriptors and its threads.

FORKEXEC is tests/linux/cases/forkexec.c, compiled. It stops twice, after the first tenth and at its end; in between, what the host
knows of the process is read, ferry's own part included.
"""
import os
import pathlib
import subprocess
import sys

GROWTH_KB = 8192  # of resident memory, from a tenth of the children to all: far less than a page for each of 10,000


def look(process):
    status = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines())
    return {
        "resident kB": int(status["VmRSS"].split()[0]),
        "threads": int(status["Threads"]),
        "descriptors": len(os.listdir(f"/proc/{process.pid}/fd")),
        "mappings": pathlib.Path(f"/proc/{process.pid}/maps").read_text().count("\n"),
        "children": len(pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()),
    }


def main():
    children, program, ferry = sys.argv[1], sys.argv[2], sys.argv[3:]
    runner = " ".join(ferry[:-1])
    process = subprocess.Popen([*ferry, program, children], env={**os.environ, "FERRY_RUNNER": runner}, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    looks = []
    for stop in ("begun", "ended"):
        while (line := process.stdout.readline()) != stop + "\n":
            if not line:
                return f"no '{stop}': status {process.wait()}"
        looks.append(look(process))
        print(stop, looks[-1], flush=True)
        process.stdin.write("x")
        process.stdin.flush()
    answer = process.stdout.read()
    status = process.wait()
    print(answer, end="")
    first, last = looks
    wrong = [name for name in ("threads", "descriptors", "children") if first[name] != last[name]]
    wrong += [name for name, most in (("resident kB", GROWTH_KB), ("mappings", 32)) if last[name] - first[name] > most]
    if wrong or status != 0 or f"{children} children, statuses right, no child left, descriptors as before" not in answer:
        return f"leaks: {', '.join(wrong) or 'the answer'}, status {status}"
    return 0


if __name__ == "__main__":
    sys.exit(main())
