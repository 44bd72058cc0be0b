"""Memory that is free, on this machine and in the control group of this process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ControlGroup:
    """Where a control group says what its processes may hold, and hold.

    Parameters
    ----------
    folder : Path
    limit, used, statistics : str
        Names of files.
    total : str
        What names of sums begin with in the statistics.
    """

    folder: Path
    limit: str
    used: str
    statistics: str = "memory.stat"
    total: str = ""

    def free(self) -> int | None:
        """Bytes that are left below the limit; ``None`` without one."""
        try:
            limit = int((self.folder / self.limit).read_text())
            used = int((self.folder / self.used).read_text())
            lines = (self.folder / self.statistics).read_text().splitlines()
            # Pages of files count as used, but are given up as soon as memory is wanted.
            wanted = {f"{self.total}active_file", f"{self.total}inactive_file"}
            files = [int(line.split()[1]) for line in lines if line.split()[0] in wanted]
        except (OSError, ValueError):  # not there, or "max"
            return None
        return max(0, limit - max(0, used - sum(files)))


# Version 2, and version 1.
CONTROL_GROUPS = (
    ControlGroup(Path("/sys/fs/cgroup"), "memory.max", "memory.current"),
    ControlGroup(
        Path("/sys/fs/cgroup/memory"),
        "memory.limit_in_bytes",
        "memory.usage_in_bytes",
        total="total_",
    ),
)


def free_memory() -> int:
    """Bytes that are free on this machine, and in its control group if that has a limit."""
    import psutil

    found = [group.free() for group in CONTROL_GROUPS]
    return min(
        [int(psutil.virtual_memory().available), *(free for free in found if free is not None)]
    )
