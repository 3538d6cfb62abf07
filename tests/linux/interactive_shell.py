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

TIMEOUT = 500  # seconds for one answer: only a guard against hangs
PATIENCE = 10  # seconds until a newline asks for another prompt


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
                self.give_up(f"expected {pattern!r}")
            try:
                self.seen += os.read(self.fd, 4096).decode(errors="replace")
            except OSError:
                sys.exit(f"the shell ended, expected {pattern!r}, saw {self.seen!r}")

    def prompt(self):
        """Expects the prompt. If the terminal has lost the prompt, a newline makes the shell print another."""
        for _ in range(TIMEOUT // PATIENCE):
            if self.arrives("PROMPT> ", PATIENCE):
                return
            self.send("\n")
        self.give_up("expected the prompt")

    def arrives(self, pattern, seconds):
        end = time.time() + seconds
        while not re.search(pattern, self.seen):
            if not select.select([self.fd], [], [], max(0, end - time.time()))[0]:
                return False
            self.seen += os.read(self.fd, 4096).decode(errors="replace")
        self.seen = re.split(pattern, self.seen, maxsplit=1)[1]
        return True

    def give_up(self, what):
        os.kill(self.pid, signal.SIGKILL)
        sys.exit(f"out of time: {what} within {TIMEOUT} s, saw {self.seen!r}")

    def wait_for_job(self):
        """Waits until the shell is no longer in the terminal's foreground: a key sent earlier would reach the shell."""
        end = time.time() + TIMEOUT
        while os.tcgetpgrp(self.fd) == self.pid:
            if time.time() > end:
                self.give_up("expected a job in the foreground")
            time.sleep(0.01)

    def wait_for_stop(self, pattern):
        """Asks for the jobs until one is listed as stopped like `pattern`."""
        end = time.time() + TIMEOUT
        while not re.search(pattern, self.line("jobs", r"(Stopped|Running).*").group(0)):
            if time.time() > end:
                self.give_up(f"expected {pattern!r}")
            time.sleep(0.1)

    def send(self, text):
        os.write(self.fd, text.encode())

    def line(self, text, pattern):
        """Types a line and expects `pattern` in what it prints, after the echo."""
        self.send(text + "\n")
        # A terminal sometimes loses characters that the shell writes, even without ferry. So any echo is accepted here.
        self.expect(r"[^\n]*\n")
        match = self.expect(pattern)
        self.prompt()
        return match


def main():
    busybox, ferry = sys.argv[1], sys.argv[2:]
    shell = Shell(ferry + [busybox, "sh", "-i"])
    shell.prompt()
    shell.line("echo $((6 * 7))", r"42")
    shell.line(f"{busybox} tty", r"/dev/pts/\d+")
    shell.line("echo a b | cat | wc -w", r"2")

    shell.send("cat\n")  # ^C ends cat, but not the shell
    shell.wait_for_job()
    shell.send("hello\n")
    shell.expect(r"hello\r+\nhello")
    shell.send("\x03")
    shell.prompt()
    shell.line("echo status $?", r"status 130")

    # ^Z stops the job. The job prints when it has begun, as a key sent earlier would not stop it. (The quotes keep the echo of
    # the command line from matching.)
    shell.send("sh -c 'echo be\"\"gun; exec tail -f /dev/null'\n")
    shell.expect("begun")
    shell.send("\x1a")
    shell.expect(r"Stopped")
    shell.prompt()
    shell.line("jobs", r"Stopped.*tail")
    shell.line("bg", r"tail")
    shell.line("jobs", r"Running.*tail")
    shell.send("fg\n")
    shell.expect(r"tail")
    shell.wait_for_job()
    shell.send("\x03")
    shell.prompt()
    shell.line("jobs; echo none", r"none")

    shell.send("cat &\n")  # a job in the background stops when it reads
    shell.prompt()
    shell.wait_for_stop(r"Stopped \(tty input\).*cat")
    shell.line("kill %1; kill -CONT %1; wait; echo killed", r"killed")
    shell.line("trap 'echo trapped' USR1; kill -USR1 $$; echo after", r"trapped\s+after")
    shell.line("(exit 3); echo $?", r"3")
    shell.send("exit 5\n")
    status = os.waitpid(shell.pid, 0)[1]
    sys.exit(0 if os.waitstatus_to_exitcode(status) == 5 else f"wait status {status:#x}")


main()
