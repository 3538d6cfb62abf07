#!/usr/bin/env python3
"""counts_test.py COUNT_PLUGIN_SOURCE COUNT_LOOPS EMULATOR...: the counting plugin counts every instruction of eight threads
and of a child that executes another program. COUNT_LOOPS: count_loops.c for the emulator."""
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))
import counts  # pylint: disable=wrong-import-position,import-error

LOOPS = 4_000_000
INSTRUCTIONS = 3  # of a turn
# Besides the loops, the start and end of a thread take some hundred instructions; how many depends on which thread waits.
SLACK = 50_000


def main():
    source, program, *emulator = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        plugin = folder + "/libcount.so"
        subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-o", plugin, source, "-lpthread"],
                       check=True)

        def count(name, *arguments):
            out = f"{folder}/{name}"
            runner = emulator + ["-plugin", f"{plugin},out={out}", program]
            words = [word for argument in arguments for word in (runner if argument == "RUNNER" else [argument])]
            subprocess.run(runner + words, check=True, timeout=600)
            return counts.read(out)

        def expect(what, value, wanted, slack=0):
            print(f"{what}: {value}, expected {wanted} to {wanted + slack}")
            if not wanted <= value <= wanted + slack:
                sys.exit(f"{what} is wrong")

        alone = count("alone", "0", "1")["instructions"]
        threads = count("threads", "8", str(LOOPS))
        expect("eight threads", threads["instructions"] - alone, 8 * LOOPS * INSTRUCTIONS, SLACK)
        expect("processes of eight threads", threads["processes"], 1)
        executed = count("executed", "2", str(LOOPS), "RUNNER", "1", str(LOOPS))
        expect("fork and exec", executed["instructions"] - 2 * alone, 3 * LOOPS * INSTRUCTIONS, SLACK)
        expect("processes of fork and exec", executed["processes"], 3)


main()
