"""A case of debian.py."""
import dataclasses


@dataclasses.dataclass
class Case:
    script: str
    processes: int | None  # how many processes end in the script; all must have been translated. None: it differs
    files: tuple[str, ...] = ()  # files that the script writes, with the same bytes as natively
