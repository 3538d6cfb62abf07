#!/usr/bin/env python3
"""machine_console.py EMULATOR...: runs the machine, passes on what its command prints (between the markers of the init of
tools/machine), and exits with the command's status; 125 if the machine ended without telling a status."""
import re
import subprocess
import sys

BEGIN = b"\x01begin\n"
STATUS = re.compile(rb"\x01status (\d+)\r?\n")


def main():
    machine = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    out = sys.stdout.buffer
    seen = b""
    begun = False
    while chunk := machine.stdout.read1(65536):
        seen += chunk
        if not begun:
            place = seen.find(BEGIN)
            if place < 0:
                continue
            begun = True
            seen = seen[place + len(BEGIN):]
        if end := STATUS.search(seen):
            out.write(seen[:end.start()])
            out.flush()
            machine.wait()
            return int(end.group(1))
        # A marker may be cut in two: bytes that could begin one wait for the next piece.
        keep = seen.rfind(b"\x01")
        ready = len(seen) if keep < 0 or len(seen) - keep > 32 else keep
        out.write(seen[:ready])
        out.flush()
        seen = seen[ready:]
    machine.wait()
    sys.stderr.buffer.write(seen[-2000:])
    print("./dev: machine: it ended before the command did", file=sys.stderr)
    return 125


sys.exit(main())
