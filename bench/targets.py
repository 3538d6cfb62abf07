"""What calls and starts may cost under ferry, in MIPS instructions: docs/benchmarks.md, "Calls and starts"."""
import dataclasses

import workloads


@dataclasses.dataclass(frozen=True)
class Target:
    limit: int  # the figure set for it
    earlier: int | None  # what it cost when the figure was set: counted by other means than this bench, None if it could not run
    first: int  # this bench's first count

    def required(self):
        """The figure set, or what is the same part of the first count as that figure was of the earlier one: the smaller."""
        return self.limit if self.earlier is None else min(self.limit, self.first * self.limit / self.earlier)


TARGETS = {
    "getpid": Target(200, 485, 562),
    "clock_gettime": Target(200, 616, 924),
    "read": Target(300, 602, 979),
    "write": Target(300, 527, 983),
    "futex-wake": Target(300, 606, 927),
    "lock-inc": Target(8, 8, 7),
    "xchg": Target(9, 9, 7),
    "lock-inc-threads": Target(8, 8, 7),
    "xchg-threads": Target(9, 9, 7),
    "signal": Target(3_500, 6_648, 9_085),
    "mmap": Target(2_000, 3_541, 3_603),
    "pthread": Target(20_000, None, 134_300),
    "nothing": Target(110_000, 130_574, 70_488),
    "true-dynamic": Target(4_500_000, 5_790_000, 5_839_564),
    "python3-pass": Target(160_000_000, 217_000_000, 213_814_765),
    "true": Target(1_800_000, 2_600_000, 2_511_244),
    "fork+exec": Target(2_100_000, 2_920_000, 2_809_086),  # for each turn
}


def of_one(name, instructions):
    """The count that the target is for: of one turn of a shell's loop, else of the whole."""
    return instructions / workloads.FORKS if name == workloads.FORK_EXEC else instructions
