"""What has gone into a CRM, so that a second push sends only what has not, or has changed since."""

import hashlib
import json
from pathlib import Path
from typing import Any


class Journal:
    """data/pushed/<crm>.jsonl: a line per row that was sent, with the CRM's answer. Only what went into `where` counts.

    A last line that was cut off when the program was ended counts as not written.
    """

    def __init__(self, path: Path, where: str) -> None:
        self._path, self._where = path, where
        self._start = "\n" if path.is_file() and not path.read_bytes().endswith(b"\n") else ""  # after a line that was cut off
        self._in = {line["deal_id"]: line["hash"] for line in self._lines() if line["where"] == where and not line["error"]}

    def has(self, row: dict[str, Any]) -> bool:
        """Whether the row went in as it is now."""
        return self._in.get(row["id"]) == _hash(row)

    def note(self, rows: list[dict[str, Any]], errors: list[str]) -> None:
        """Add what became of the rows; on disk when this returns."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        lines = [{"deal_id": row["id"], "hash": _hash(row), "where": self._where, "error": error} for row, error in zip(rows, errors, strict=True)]
        with self._path.open("a", encoding="utf-8", newline="\n") as handle:
            handle.write(self._start + "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines))
        self._start = ""
        self._in |= {line["deal_id"]: line["hash"] for line in lines if not line["error"]}

    def _lines(self) -> list[dict[str, str]]:
        texts = self._path.read_text("utf-8", errors="replace").split("\n") if self._path.is_file() else []
        return [line for text in texts if (line := _line(text))]


def _line(text: str) -> dict[str, str] | None:
    try:
        line = json.loads(text)
    except ValueError:
        return None
    return line if isinstance(line, dict) and all(isinstance(line.get(name), str) for name in ("deal_id", "hash", "where", "error")) else None


def _hash(row: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()[:16]
