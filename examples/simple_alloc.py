"""A method that is watched while it allocates: the shortest way to a record of its memory.

Usage: python simple_alloc.py [MIB]

Each line of the method is recorded before it runs, to monitor_records.csv.
"""

import sys

from pikos.api import csv_file, memory_on_lines


class Shelf:
    """Where things are put."""

    @memory_on_lines(recorder=csv_file(), focused=True)
    def fill(self, mebibytes: int) -> None:
        """Allocate twice, keep one half."""
        self.kept = bytearray(mebibytes * 2**20)
        scratch = bytearray(self.kept)
        del scratch


if __name__ == "__main__":
    Shelf().fill(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
    print("recorded: draw it with pikos plot monitor_records.csv")
