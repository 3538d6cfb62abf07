#!/usr/bin/env python3
"""Drives an interactive busybox shell on a terminal: prompts, job control, ^C and ^Z.

interactive_shell.py BUSYBOX FERRY...
"""
import os
import pty
import re
import select
import shutil
import signal
import sys
import time

TIMEOUT = 30


class Shell:
    def __init__(self, command):
        program = shutil.which(command[0])
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update({"PS1": "PROMPT> ", "TERM": "dumb", "PATH": "/nonexistent"})
            os.execv(program, command)
        self.seen = ""

    def expect(self, pattern):
        end = time.time() + TIMEOUT
        while True:
            match = re.search(pattern, self.seen)
            if match:
                self.seen = self.seen[match.end():]
                return match
            if time.time() > end or not select.select([self.fd], [], [], end - time.time())[0]:
                os.kill(self.pid, signal.SIGKILL)
                sys.exit(f"expected {pattern!r}, saw {self.seen!r}")
            try:
                self.seen += os.read(self.fd, 4096).decode(errors="replace")
            except OSError:
                sys.exit(f"the shell ended, expected {pattern!r}, saw {self.seen!r}")

    def send(self, text):
        os.write(self.fd, text.encode())

    def line(self, text, pattern):
        """Types a line and expects `pattern` in what it prints, behind the echo."""
        self.send(text + "\n")
        self.expect(re.escape(text) + r"\r+\n")
        match = self.expect(pattern)
        self.expect("PROMPT> ")
        return match


def main():
    busybox, ferry = sys.argv[1], sys.argv[2:]
    shell = Shell(ferry + [busybox, "sh", "-i"])
    shell.expect("PROMPT> ")
    shell.line("echo $((6 * 7))", r"42")
    shell.line(f"{busybox} tty", r"/dev/pts/\d+")
    shell.line("echo a b | cat | wc -w", r"2")

    shell.send("cat\n")  # ^C ends it, the shell lives
    time.sleep(1)
    shell.send("hello\n")
    shell.expect(r"hello\r+\nhello")
    shell.send("\x03")
    shell.expect("PROMPT> ")
    shell.line("echo status $?", r"status 130")

    shell.send("tail -f /dev/null\n")  # ^Z stops it
    time.sleep(1)
    shell.send("\x1a")
    shell.expect(r"Stopped")
    shell.expect("PROMPT> ")
    shell.line("jobs", r"Stopped.*tail")
    shell.line("bg", r"tail")
    shell.line("jobs", r"Running.*tail")
    shell.send("fg\n")
    shell.expect(r"tail")
    time.sleep(0.5)
    shell.send("\x03")
    shell.expect("PROMPT> ")
    shell.line("jobs; echo none", r"none")

    shell.send("cat &\n")  # reading in the background stops
    shell.expect("PROMPT> ")
    time.sleep(0.5)
    shell.line("jobs", r"Stopped \(tty input\).*cat")
    shell.line("kill %1; kill -CONT %1; wait; echo killed", r"killed")
    shell.line("trap 'echo trapped' USR1; kill -USR1 $$; echo after", r"trapped\s+after")
    shell.line("(exit 3); echo $?", r"3")
    shell.send("exit 5\n")
    status = os.waitpid(shell.pid, 0)[1]
    sys.exit(0 if os.waitstatus_to_exitcode(status) == 5 else f"wait status {status:#x}")


main()
