"""Reads the files that count_plugin.c writes."""
import struct

HEADER = 4096
RECORD = 16384
SLOT = 128
FIELDS = ("instructions", "nops", "in_range", "rep", "system_calls", "nops_in_range", "signals",
          "in_function", "calls")


def read(path):
    """The sum over all threads of all processes of each counter, and how many processes there were."""
    with open(path, "rb") as file:
        data = file.read()
    records = struct.unpack_from("<Q", data, 0)[0]
    total = dict.fromkeys(FIELDS, 0)
    for offset in range(HEADER, min(HEADER + records * RECORD, len(data)), SLOT):
        for name, value in zip(FIELDS, struct.unpack_from("<%dQ" % len(FIELDS), data, offset)):
            total[name] += value
    total["processes"] = records
    return total
