"""The pages of a store file and of its log, read without SQLite, which gives up at the first damage.

Knows the formats of the file header, the log and the list of free pages; no tables and no rows.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, Final, Self

from weave_lite.core.errors import StoreError

if TYPE_CHECKING:
    from types import TracebackType
    from typing import BinaryIO

__all__ = ["MAGIC", "Pages", "page_size_in"]

MAGIC: Final = b"SQLite format 3\x00"
_LOG_HEADER_BYTES: Final = 32
_FRAME_HEADER_BYTES: Final = 24
_LOG_MAGICS: Final = {0x377F0682: "<", 0x377F0683: ">"}
_MAX_PAGE_SIZE_BYTES: Final = 65_536
_MIN_PAGE_SIZE_BYTES: Final = 512
_WORD: Final = 0xFFFFFFFF


def page_size_in(header: bytes) -> int | None:
    """Read the page size in a file header; None when it cannot be one."""
    size = int.from_bytes(header[16:18], "big")
    size = _MAX_PAGE_SIZE_BYTES if size == 1 else size
    is_possible = _MIN_PAGE_SIZE_BYTES <= size <= _MAX_PAGE_SIZE_BYTES and not size & (size - 1)
    return size if is_possible else None


class Pages:
    """The pages as of the last commit that can be read. Never writes.

    Args:
        path: Absolute path of the file.
        page_size: Bytes of a page.

    Attributes:
        page_size: Bytes of a page.
        usable: Bytes of a page that hold content.
        count: How many pages there should be, read or not.
        is_cut_off: Whether pages at the end are missing.
        is_log_damaged: Whether there are commits in the log that cannot be read.

    Raises:
        StoreError: The file cannot be opened.
    """

    def __init__(self, path: str, page_size: int) -> None:
        self._path = path
        self.page_size = page_size
        self.is_log_damaged = False
        self._log: BinaryIO | None = None
        self._in_log: dict[int, int] = {}
        try:
            self._file: BinaryIO = open(path, "rb", buffering=0)  # noqa: SIM115, PTH123 - closed by close
        except OSError as error:
            raise StoreError(f"the store {path!r} cannot be read ({error.strerror})") from error
        self._stamp = self._state()
        size_in_log = self._read_log()
        first = self.get(1) or b""
        has_header = first.startswith(MAGIC)
        self.usable = page_size - (first[20] if has_header and first[20] <= 32 else 0)  # noqa: PLR2004
        in_file = -(-os.fstat(self._file.fileno()).st_size // page_size)
        told = int.from_bytes(first[28:32], "big") if has_header else 0
        # By more than SQLite can address, or by far more than there is, the number is damaged.
        self.count = size_in_log or (told if in_file <= told <= 1_000 * (in_file + 1) else in_file)
        self._first_free = int.from_bytes(first[32:36], "big") if has_header else 0
        self._free_count = int.from_bytes(first[36:40], "big") if has_header else 0
        self._has_header = has_header
        self.is_cut_off = any(
            number not in self._in_log for number in range(in_file + 1, self.count + 1)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()
        if self._log is not None:
            self._log.close()

    def get(self, number: int) -> bytes | None:
        """Read a page; None when it is not there as a whole."""
        offset = self._in_log.get(number)
        try:
            if offset is not None and self._log is not None:
                self._log.seek(offset)
                content = self._log.read(self.page_size)
            else:
                self._file.seek((number - 1) * self.page_size)
                content = self._file.read(self.page_size)
        except (OSError, ValueError, OverflowError):
            return None
        return content if len(content) == self.page_size else None

    def free(self) -> tuple[set[int], bool]:
        """Collect the numbers of free pages, and tell whether these are all of them."""
        found: set[int] = set()
        trunk = self._first_free
        while trunk and trunk not in found and trunk <= self.count:
            content = self.get(trunk)
            if content is None:
                break
            following, leaf_count = struct.unpack_from(">II", content)
            if leaf_count > self.usable // 4 - 2:
                break
            found.add(trunk)
            found.update(struct.unpack_from(f">{leaf_count}I", content, 8))
            trunk = following
        return found, self._has_header and len(found) == self._free_count

    def has_changed(self) -> bool:
        """Tell whether somebody wrote the file or its log since it was opened."""
        return self._state() != self._stamp

    def _state(self) -> list[tuple[int, int] | None]:
        state: list[tuple[int, int] | None] = []
        for name in (self._path, self._path + "-wal"):
            try:
                facts = os.stat(name)  # noqa: PTH116 - a text, odd characters and all
            except OSError:
                state.append(None)
            else:
                state.append((facts.st_size, facts.st_mtime_ns))
        return state

    def _read_log(self) -> int:
        """Note where the committed pages of the log are; return the size of the file in pages."""
        try:
            self._log = open(self._path + "-wal", "rb")  # noqa: SIM115, PTH123
            header = self._log.read(_LOG_HEADER_BYTES)
        except FileNotFoundError:
            return 0
        except OSError:
            self.is_log_damaged = True
            return 0
        if not header:
            return 0
        magic, _, size = struct.unpack_from(">III", header.ljust(12, b"\0"))
        order = _LOG_MAGICS.get(magic)
        if order is None or size != self.page_size or len(header) < _LOG_HEADER_BYTES:
            self.is_log_damaged = True
            return 0
        sums = _sums(header[:24], order, (0, 0))
        if struct.pack(">II", *sums) != header[24:]:
            self.is_log_damaged = True
            return 0
        return self._read_frames(self._log, header[16:24], order, sums)

    def _read_frames(self, log: BinaryIO, salts: bytes, order: str, sums: tuple[int, int]) -> int:
        page_count, is_sound = 0, True
        waiting: dict[int, int] = {}
        while True:
            try:
                header = log.read(_FRAME_HEADER_BYTES)
                offset = log.tell()
                content = log.read(self.page_size)
            except OSError:
                self.is_log_damaged = True
                break
            if len(content) < self.page_size or header[8:16] != salts:
                break  # what follows is of an earlier use of the log
            number, size_after = struct.unpack_from(">II", header)
            if is_sound:
                sums = _sums(header[:8] + content, order, sums)
                is_sound = struct.pack(">II", *sums) == header[16:]
            if not is_sound:
                # A commit behind a bad frame: SQLite does not read it either.
                self.is_log_damaged |= bool(size_after)
                continue
            waiting[number] = offset
            if size_after:
                self._in_log.update(waiting)
                waiting.clear()
                page_count = size_after
        return page_count


def _sums(content: bytes, order: str, sums: tuple[int, int]) -> tuple[int, int]:
    """Add content to the running checksum of a log."""
    first, second = sums
    words = struct.unpack(f"{order}{len(content) // 4}I", content)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & _WORD
        second = (second + odd + first) & _WORD
    return first, second
