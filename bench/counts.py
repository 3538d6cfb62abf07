"""Reads the files of count_plugin.c."""
import struct

PAGE = 4096
FIELDS = ("instructions", "nops", "in_range", "rep", "system_calls", "nops_in_range", "signals",
          "in_function", "calls")


def read(path):
    """The sum over all processes of each counter, and how many there were."""
    with open(path, "rb") as file:
        data = file.read()
    records = struct.unpack_from("<Q", data, 0)[0]
    total = dict.fromkeys(FIELDS, 0)
    for number in range(1, records + 1):
        offset = number * PAGE
        if offset + 8 * len(FIELDS) > len(data):
            continue
        for name, value in zip(FIELDS, struct.unpack_from("<%dQ" % len(FIELDS), data, offset)):
            total[name] += value
    total["processes"] = records
    return total
