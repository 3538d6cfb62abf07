#!/usr/bin/env python3
"""limits.py NAME=MOST... -- FERRY... -- PROGRAM ARGUMENT...: runs PROGRAM; counters of --stats may not exceed MOST.

A giant lock, or everything translated anew at each change, would pass each test of what programs do. These counts tell.
"""
import json
import pathlib
import subprocess
import sys
import tempfile


def main():
    words = sys.argv[1:]
    first = words.index("--")
    second = words.index("--", first + 1)
    limits = dict(each.split("=") for each in words[:first])
    with tempfile.TemporaryDirectory(prefix="ferry-limits.") as folder:
        file = pathlib.Path(folder) / "statistics"
        status = subprocess.run([*words[first + 1:second], f"--stats={file}", *words[second + 1:]]).returncode
        counters = json.loads(file.read_text())
    counters["host_signals"] = sum(counters["host_signals_taken"].values())
    wrong = status
    for name, most in limits.items():
        print(f"{name}: {counters[name]}, at most {most}")
        wrong += counters[name] > int(most)
    return wrong


if __name__ == "__main__":
    sys.exit(main())
