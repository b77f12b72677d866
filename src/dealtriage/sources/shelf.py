"""What lies at a path: the tables of a folder, an archive, a single file or a database, each with a readable file.

Archives are unpacked into a scratch folder under names of our own; one that would fill the disk or names files outside
of itself is refused.
"""

import gzip
import re
import shutil
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Literal, cast

from dealtriage.errors import BadInput
from dealtriage.sources.declared import folded

Kind = Literal["text", "json", "parquet", "xes", "sql", "other"]
KINDS: dict[str, Kind] = {".csv": "text", ".tsv": "text", ".txt": "text", ".json": "json", ".jsonl": "json", ".ndjson": "json",
                          ".parquet": "parquet", ".xes": "xes"}
SEPARATORS = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z])(?=[0-9])")
AFFIXES = {"sf", "sfdc", "salesforce", "hubspot", "hs", "crm", "dynamics", "dynamics365", "d365", "365", "pipedrive", "fivetran",
           "airbyte", "raw", "src", "stg", "data", "export", "exports", "extract", "all", "part", "page", "table", "my", "api",
           "v1", "v2", "v3", "dbo", "public"}
MOST_INFLATED, ALWAYS_FINE_BYTES = 300, 50_000_000
BLOCK = 1 << 20
DATABASE = re.compile(r"^([a-z][a-z0-9+]*):/+(.*)$", re.IGNORECASE)  # a Path folds two slashes into one


@dataclass(frozen=True)
class Item:
    """One thing that may hold a table: `name` as the user knows it, `path` where it can be read, `labels` what its table
    may be called. For `sql`, `path` is the `.url` file or the URL itself, and `name` the table."""

    name: str
    path: Path
    kind: Kind
    labels: tuple[str, ...]


def database_url(location: Path) -> str | None:
    """The database URL that a path stands for: written as the path itself, or the first line of a `.url` file."""
    folded_url = DATABASE.match(str(location))
    if folded_url:
        scheme, rest = folded_url.groups()
        if scheme.casefold().startswith("sqlite"):
            return f"{scheme}:///{'/' if Path('/' + rest).exists() else ''}{rest}"
        return f"{scheme}://{rest}"
    if location.suffix == ".url" and location.is_file():
        return location.read_text("utf-8").strip().splitlines()[0].strip()
    return None


def open_shelf(location: Path, scratch: Path) -> list[Item]:
    """All items at a path, in order of their names. Raises BadInput when nothing is there, or an archive is not safe."""
    url = database_url(location)
    if url is not None:
        from dealtriage.sources.database import table_names

        return [Item(name, location, "sql", labels_of(name.rpartition(".")[2])) for name in table_names(url)]
    if not location.exists():
        raise BadInput(f"There is nothing at {location.absolute()}.", "Put the export there or correct source.path.")
    scratch.mkdir(parents=True, exist_ok=True)
    files = sorted(_files_below(location)) if location.is_dir() else [location]
    items = [item for file in files for item in _items_of(file, location, scratch)]
    if not any(item.kind != "other" for item in items):
        here = ", ".join(item.name for item in items[:8]) or "nothing"
        raise BadInput(f"There is no table in {location}: found {here}.",
                       "Give CSV, JSON, JSON lines, parquet or XES files, plain, gzipped or in a zip, or a database URL.")
    return items


def labels_of(stem: str, parent: str = "") -> tuple[str, ...]:
    """What the table in a file called `stem` may be called: its whole name, then without what exporters add."""
    words = [word.casefold() for word in SEPARATORS.split(stem) if word]
    core = "".join(word for word in words if word not in AFFIXES and not word.isdigit())
    found = dict.fromkeys([folded(stem), core, *(labels_of(parent) if parent else ())])
    return tuple(label for label in found if label)


def _files_below(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden and path.name != "README.md":
            yield path


def _items_of(file: Path, root: Path, scratch: Path) -> Iterable[Item]:
    name = str(file.relative_to(root)) if root.is_dir() else file.name
    if _starts_with(file, b"PK\x03\x04") and file.suffix.casefold() in (".zip", ""):
        return list(_unzipped(file, scratch))
    if _starts_with(file, b"\x1f\x8b") or file.suffix == ".gz":
        return [_item(name.removesuffix(".gz"), _gunzipped(file, scratch), name)]
    return [_item(name, file, name)]


def _item(inner: str, path: Path, name: str) -> Item:
    pure = PurePosixPath(inner)
    kind = KINDS.get(pure.suffix.casefold(), "other" if pure.suffix else "text")
    return Item(name, path, kind, labels_of(pure.stem, pure.parent.name))


def _starts_with(file: Path, magic: bytes) -> bool:
    with file.open("rb") as handle:
        return handle.read(len(magic)) == magic


def _unzipped(file: Path, scratch: Path) -> Iterator[Item]:
    try:
        with zipfile.ZipFile(file) as archive:
            for number, member in enumerate(sorted(archive.infolist(), key=lambda m: m.filename)):
                pure = PurePosixPath(member.filename.replace("\\", "/"))
                if pure.is_absolute() or ".." in pure.parts:
                    raise BadInput(f"{file} holds a file named {member.filename}, which would lie outside of the archive.",
                                   "Do not trust this archive; export again.")
                if member.is_dir() or pure.suffix.casefold() not in KINDS or pure.name.startswith("."):
                    continue
                target = scratch / f"{file.stem[:40]}-{number:04d}{pure.suffix.casefold()}"
                with archive.open(member) as source:
                    _copy(source, target, f"{member.filename} in {file}", member.compress_size)
                yield _item(str(pure), target, f"{file.name}/{pure}")
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise BadInput(f"{file} cannot be unpacked: {error}.", "Fetch the archive again; it is cut short, damaged or has a "
                       "password.") from error


def _gunzipped(file: Path, scratch: Path) -> Path:
    target = scratch / f"{file.stem[:40]}-{len(list(scratch.iterdir())):04d}{Path(file.stem).suffix}"
    try:
        with gzip.open(file, "rb") as source:
            _copy(cast(IO[bytes], source), target, str(file), file.stat().st_size)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadInput(f"{file} cannot be unpacked: {error}.", "Fetch the file again; it is cut short or damaged.") from error
    return target


def _copy(source: IO[bytes], target: Path, name: str, packed_bytes: int) -> None:
    """Unpack, unless it grows as no table does, or fills the disk."""
    most = max(ALWAYS_FINE_BYTES, MOST_INFLATED * packed_bytes)
    written = 0
    with target.open("wb") as out:
        while block := source.read(BLOCK):
            written += len(block)
            if written > most:
                raise BadInput(f"{name} unpacks to more than {MOST_INFLATED} times its size: it looks like a zip bomb.",
                               "Do not trust this archive; export again, or unpack it yourself if you know it.")
            if written % (256 * BLOCK) < BLOCK and shutil.disk_usage(target.parent).free < 2 * len(block) + (1 << 30):
                raise BadInput(f"There is no room to unpack {name}.", "Free disk space, or unpack it elsewhere.")
            out.write(block)
