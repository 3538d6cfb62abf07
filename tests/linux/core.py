#!/usr/bin/env python3
"""core.py PROGRAM FERRY...: compares the core files that the kernel writes of PROGRAM with those that ferry writes.

Left out are what ferry's processor does not have (XSAVE), addresses that depend on the kernel (stack, vdso), and the resume flag,
which is set in the kernel's flags after faults. Without a relative core_pattern the kernel's file is not to be had: status 77."""
import hashlib
import os
import resource
import shutil
import struct
import subprocess
import sys
import tempfile

CORE_NOTES = {1: "PRSTATUS", 2: "FPREGSET", 3: "PRPSINFO", 6: "AUXV", 0x53494749: "SIGINFO", 0x46494C45: "FILE",
              0x46E62B7F: "PRXFPREG", 0x200: "386_TLS"}
REGISTERS = "ebx ecx edx esi edi ebp eax ds es fs gs orig_eax eip cs eflags esp ss".split()
RESUME_FLAG = 0x10000
FIXED = range(0x20000000, 0x30000000)


def loaded(program):
    """The addresses of a program without its heap."""
    with open(program, "rb") as file:
        data = file.read(4096)
    offset, = struct.unpack_from("<I", data, 28)
    count, = struct.unpack_from("<H", data, 44)
    headers = [struct.unpack_from("<8I", data, offset + 32 * i) for i in range(count)]
    loads = [(h[2], h[2] + h[5]) for h in headers if h[0] == 1]
    return range(loads[0][0] & ~4095, loads[-1][1])


PROGRAM = loaded(sys.argv[1])


def notes_of(data):
    at = 0
    while at + 12 <= len(data):
        name_size, size, kind = struct.unpack_from("<III", data, at)
        name = data[at + 12:at + 12 + name_size - 1].decode()
        begin = at + 12 + (name_size + 3 & ~3)
        yield name, kind, data[begin:begin + size]
        at = begin + (size + 3 & ~3)


def file_lines(data):
    count, page = struct.unpack_from("<II", data)
    names = data[8 + 12 * count:].split(b"\0")
    assert len(names) == count + 1 and names[count] == b"", "names and their number"
    for i in range(count):
        begin, end, offset = struct.unpack_from("<III", data, 8 + 12 * i)
        if begin in FIXED or begin in PROGRAM:
            yield f"file {begin:x}-{end:x} page {offset:x} of {page}: {os.path.basename(names[i].decode())}"


def note_lines(name, kind, data):
    if kind not in CORE_NOTES:
        return
    title = CORE_NOTES[kind]
    yield f"note {name} {title}" + ("" if title in ("AUXV", "FILE") else f" {len(data)} bytes")
    if title == "PRSTATUS":
        words = struct.unpack_from("<iiihhII4i", data)
        yield f"signal {words[:4]} held {words[6]:x} valid {data[-4:].hex()}"
        registers = dict(zip(REGISTERS, struct.unpack_from("<17I", data, 72)))
        registers["eflags"] &= ~RESUME_FLAG
        for register in REGISTERS:
            is_pid = register == "ebx" and registers["orig_eax"] != 0xFFFFFFFF
            if register != "gs":
                yield f"{register} {'pid' if is_pid else hex(registers[register])}"
        yield f"ppid {words[8] == os.getpid()} group {words[9] == os.getpgid(0)} session {words[10] == os.getsid(0)}"
    elif title == "PRPSINFO":
        _, state, zombie, nice = struct.unpack_from("<bcbb", data)
        arguments = data[44:].rstrip(b"\0").split(b" ")
        yield f"{state} {zombie} {nice} {data[28:44].rstrip(bytes(1))} {[os.path.basename(a) for a in arguments]}"
        yield f"user and group {struct.unpack_from('<HH', data, 8)}"
    elif title == "SIGINFO":
        signal, error, code, address = struct.unpack_from("<iiiI", data)
        yield f"siginfo {signal} {error} {code} {hex(address) if code > 0 else 'sender'}"
    elif title == "AUXV":
        pairs = dict(struct.iter_unpack("<II", data))
        yield "auxv " + " ".join(f"{key}:{pairs[key]:x}" for key in (3, 4, 5, 6, 9, 0))
    elif title == "FILE":
        yield from file_lines(data)
    elif title == "FPREGSET":
        yield f"x87 {[hex(w & 0xffff) for w in struct.unpack_from('<3I', data)]} {data[28:].hex()}"
    elif title == "PRXFPREG":
        yield f"fx {data[:5].hex()} {data[32:160].hex()}"


def describe(path):
    """Lines that tell what is in a core file."""
    with open(path, "rb") as file:
        core = file.read()
    yield core[:20].hex() + f" mode {os.stat(path).st_mode:o}"
    offset, = struct.unpack_from("<I", core, 28)
    size, count = struct.unpack_from("<HH", core, 42)
    headers = [struct.unpack_from("<8I", core, offset + size * i) for i in range(count)]
    for kind, begin, address, physical, file_size, memory_size, flags, align in headers:
        assert begin + file_size <= len(core), "the file is too short"
        if kind == 4:
            for note in notes_of(core[begin:begin + file_size]):
                yield from note_lines(*note)
            continue
        assert kind == 1 and physical == 0 and align == 4096 and begin % 4096 == 0
        if address in FIXED or address in PROGRAM:
            text = core[begin:begin + file_size]
            digest = hashlib.sha256(text).hexdigest()[:16] if address in FIXED else "its contents"
            yield f"load {address:x} {memory_size:x} bytes, {file_size:x} in the file, flags {flags}: {digest}"


def run(command, folder, limit):
    def set_limit():
        resource.setrlimit(resource.RLIMIT_CORE, (limit, resource.RLIM_INFINITY))
    process = subprocess.run(command, cwd=folder, preexec_fn=set_limit, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                             timeout=400, check=False)
    names = [name for name in os.listdir(folder) if name.startswith("core")]
    return process.returncode, os.path.join(folder, names[0]) if names else None


def main():
    program, ferry = sys.argv[1], sys.argv[2:] + ["--core"]
    work = tempfile.mkdtemp()
    try:
        for case in ("fault", "kill"):
            texts = []
            for who, command in (("kernel", []), ("ferry", ferry)):
                folder = os.path.join(work, who + case)
                os.mkdir(folder)
                status, core = run(command + [program, case], folder, resource.RLIM_INFINITY)
                if core is None and who == "kernel":
                    print("the kernel left no core file in the current directory: core_pattern")
                    return 77
                if core is None:
                    sys.exit("ferry wrote no core file")
                texts.append([f"status {status}"] + list(describe(core)))
            for kernel, own in zip(texts[0], texts[1]):
                if kernel != own:
                    sys.exit(f"{case}: kernel: {kernel}\n{case}: ferry:  {own}")
            if len(texts[0]) != len(texts[1]):
                sys.exit(f"{case}: {len(texts[0])} lines of the kernel's file, {len(texts[1])} of ferry's")
            print(f"{case}: {len(texts[0])} lines are equal")
        # Without --core nothing is left, above all no file of the translator's.
        for case in ("fault", "kill"):
            folder = os.path.join(work, "without" + case)
            os.mkdir(folder)
            status, core = run(ferry[:-1] + [program, case], folder, resource.RLIM_INFINITY)
            if core is not None or status >= 0:
                sys.exit(f"without --core: status {status}, file {core}")
        # A small limit cuts the file, a smaller one forbids it.
        for limit in (4095, 4096, 20000):
            folder = os.path.join(work, str(limit))
            os.mkdir(folder)
            _, core = run(ferry + [program, "fault"], folder, limit)
            if (core is not None) != (limit >= 4096):
                sys.exit(f"limit {limit}: core file {core}")
            if core is not None and os.stat(core).st_blocks * 512 > (limit + 4095 & ~4095):
                sys.exit(f"limit {limit}: {os.stat(core).st_blocks * 512} bytes")
    finally:
        shutil.rmtree(work)
    return 0


sys.exit(main())
