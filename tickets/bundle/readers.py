"""Where a bundle's files lie and how their lines are read: a folder, a folder of .csv.gz, or a .zip; never all at once."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, cast

# A letter with a picture pasted into it; without a limit one stray quotation mark takes the whole file into memory.
csv.field_size_limit(16 * 1024 * 1024)


class BundleError(Exception):
    """The bundle cannot be read. Nothing was changed; the message says what to do about it."""


@dataclass(frozen=True)
class Line:
    """One row as it stands in the file: where it begins (header = 1), and its fields or why there are none."""

    number: int
    values: list[str]
    error: str = ""


class Member:
    """One file of a bundle."""

    def __init__(self, bundle: Bundle, path: str) -> None:
        self.bundle = bundle
        self.path = path
        self.size = bundle.size_of(path)

    @contextmanager
    def opened(self) -> Iterator[Table]:
        """Open the file and read its header."""
        try:
            with self.bundle.open(self.path) as raw:
                plain = cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if self.path.endswith(".gz") else raw
                # "utf-8-sig" takes away the mark that spreadsheets put in front; newline="" leaves lines to the reader.
                with io.TextIOWrapper(plain, encoding="utf-8-sig", newline="") as stream:
                    yield Table(self.path, stream, raw)
        except UnicodeDecodeError as error:
            raise BundleError(
                f"{self.path}: is not UTF-8 (byte 0x{error.object[error.start]:02x}: {error.reason}). Save it as UTF-8."
            ) from error
        except (gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise BundleError(f"{self.path}: is damaged or cut off ({error}). Fetch it again.") from error
        except OSError as error:
            raise BundleError(f"{self.path}: cannot be read ({error}).") from error

    def bytes(self) -> bytes:
        """The whole of a small file."""
        try:
            with self.bundle.open(self.path) as raw:
                return raw.read()
        except (OSError, zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise BundleError(f"{self.path}: cannot be read ({error}).") from error


class Table:
    """An open file: its header, then its rows, once."""

    def __init__(self, path: str, stream: IO[str], raw: IO[bytes]) -> None:
        self.path = path
        self._raw = raw
        self._reader = csv.reader(stream, strict=True)
        try:
            self.header = next(self._reader)
        except StopIteration:
            raise BundleError(f"{path}: is empty; at least the header row must be there.") from None
        except csv.Error as error:
            raise BundleError(f"{path}: the header row cannot be read ({error}).") from None
        twice = sorted({name for name in self.header if name and self.header.count(name) > 1})
        if twice:
            raise BundleError(f"{path}: the header names a column twice: {', '.join(twice)}.")

    @property
    def position(self) -> int:
        """How many bytes of the file are read, for the progress bar."""
        return self._raw.tell()

    def lines(self) -> Iterator[Line]:
        """Yield the rows. One that is not CSV is yielded with the error, and reading goes on with the next line."""
        reader = self._reader
        while True:
            number = reader.line_num + 1
            try:
                values = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Line(number, [], str(error))
                continue
            if values:
                yield Line(number, values)


class Bundle:
    """A folder or .zip with the files of a bundle in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._zip: zipfile.ZipFile | None = None
        if path.is_dir():
            found = [str(entry.relative_to(path)) for entry in path.iterdir() if entry.is_file()]
        elif path.suffix.lower() == ".zip" and path.is_file():
            self._zip = _opened_zip(path)
            found = [name for name in self._zip.namelist() if not name.endswith("/") and "__MACOSX" not in name]
        elif not path.exists():
            raise BundleError(f"{path}: there is no such folder or file.")
        else:
            raise BundleError(f"{path}: is neither a folder nor a .zip.")
        self.files = sorted(found)

    @property
    def name(self) -> str:
        path = self.path.resolve()
        return path.stem if self._zip else path.name

    def member(self, file: str) -> Member | None:
        """Return the file of that name, compressed or not, in the bundle or in the one folder of a .zip."""
        found = [path for path in self.files if PurePosixPath(path).name in {file, f"{file}.gz"}]
        if len(found) > 1:
            raise BundleError(f"{file} is there twice: {', '.join(found)}.")
        return Member(self, found[0]) if found else None

    def others(self, known: Sequence[str]) -> list[str]:
        """The tables in it that are no part of a bundle."""
        names = {*known, *(f"{name}.gz" for name in known)}
        tables = (".csv", ".csv.gz")
        return [path for path in self.files if path.endswith(tables) and PurePosixPath(path).name not in names]

    def size_of(self, path: str) -> int:
        return self._zip.getinfo(path).file_size if self._zip else (self.path / path).stat().st_size

    def open(self, path: str) -> IO[bytes]:
        if self._zip is None:
            return (self.path / path).open("rb")
        try:
            return self._zip.open(path)
        except (RuntimeError, NotImplementedError) as error:
            # Encrypted, or packed by a method that Python does not know.
            raise BundleError(f"{path}: cannot be unpacked ({error}).") from error

    def close(self) -> None:
        if self._zip:
            self._zip.close()


def _opened_zip(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise BundleError(f"{path}: is not a readable .zip ({error}).") from error
