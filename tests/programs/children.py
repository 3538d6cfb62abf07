#!/usr/bin/env python3
"""children.py I386_BUSYBOX FERRY...: shows that every process of a shell script was translated.

Below an emulator, on a kernel that runs i386 programs, an exec that slipped past ferry would still work: the kernel would
run the program. So each process writes its counters to a file of its own, and the number of files must be right.
"""
import json
import pathlib
import shutil
import sys
import tempfile

import run

# PROCESSES is the sum of the shell and a term per line of SCRIPT: 3 in the pipe; a subshell; a subshell that executes a
# program; a shell with a background job and a program; env, which becomes cat; find, its two programs and wc; seq and xargs,
# which runs echo in its own process.
SCRIPT = """
cat lines | sort | wc -l
(exit 3); echo $?
(exec cat empty)
sh -c '(exit 1) & wait $!; cat empty; echo inner'
env cat empty
find lines words -exec cat {} \\; | wc -l
seq 2 | xargs -n 1 echo
"""
PROCESSES = 1 + 3 + 1 + 1 + (1 + 2) + 1 + (1 + 2 + 1) + 2


def main():
    busybox, ferry = sys.argv[1], sys.argv[2:]
    ferry[0] = shutil.which(ferry[0]) or sys.exit(f"{ferry[0]}: not found")
    suite = run.Suite(busybox, {"children": SCRIPT})
    suite.end_with_sigterm()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ferry-children."))
    try:
        expected = suite.run("children", "native")
        lines = run.differences(expected, suite.run("children", "ferry", [*ferry, f"--stats={folder}/%p"]))
        files = [json.loads(path.read_text()) for path in folder.iterdir()]
        if len(files) != PROCESSES:
            lines.append(f"    {len(files)} processes wrote statistics, should be {PROCESSES}")
        lines += [f"    not translated: {each}" for each in files
                  if each["engine"] != "translate" or each["guest_instructions_translated"] < 300]
        print("\n".join(lines + [f"children: {'failed' if lines else 'passed'} ({len(files)} processes)"]))
        return 1 if lines else 0
    finally:
        suite.close()
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
