"""The files that each CRM's own importers take, in data/lists/crm. The same rows give the same bytes."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from dealtriage.crm.fields import CRMS, Crm, Field, names_of
from dealtriage.crm.rows import Value, cell, crm_ids, plain, results
from dealtriage.params import Params
from dealtriage.tables import write_json, write_text

LEFT_OUT = "left-out.txt"
BOUNDARY = "batch_dealtriage"
STEMS = {"salesforce": "opportunities", "hubspot": "deals", "pipedrive": "deals", "dynamics": "opportunities"}
Results = dict[str, dict[Field, Value]]


def write_crm_files(params: Params, advice: pd.DataFrame, rows: pd.DataFrame, folder: Path) -> None:
    """Write the upsert files of `source.crm` into `folder`; nothing for an event log.

    advice: a row per open deal; rows: the same deals as `list_rows` gives them. A deal whose id is none of that CRM is named in left-out.txt.
    Raises BadInput where `publish.crm_fields` names impossible fields.
    """
    crm = params.source.crm
    if crm not in CRMS:
        return
    names = names_of(crm, params.publish.crm_fields)
    found = results(rows, advice.set_index("deal_id")[f"p_revive_{params.label.horizon_days}d"])
    ids = crm_ids(crm, found)
    own = {ids[deal]: values for deal, values in found.items() if deal in ids}
    WRITERS[crm](CRMS[crm], names, own, folder / STEMS[crm])
    if strange := [deal for deal in found if deal not in ids]:
        write_text(folder / LEFT_OUT, f"{len(strange):,} deals are left out: their ids are none of {CRMS[crm].title}.\n" + "\n".join(strange) + "\n")


def bodies(folder: Path, crm: str) -> Iterator[dict[str, Any]]:
    """The JSON request bodies that were published, in order."""
    for path in sorted(folder.glob(f"{STEMS[crm]}-*.json")):
        yield json.loads(path.read_text("utf-8"))


def _salesforce(target: Crm, names: dict[Field, str], found: Results, stem: Path) -> None:
    _csv(target, names, found, stem)
    write_text(stem.with_suffix(".sdl"), "".join(f"{name}={name}\n" for name in (target.id_column, *names.values())))
    rows = [{"attributes": {"type": "Opportunity"}, "id": deal, **_properties(target, names, values)} for deal, values in found.items()]
    _pages(target, rows, lambda page: {"allOrNone": False, "records": page}, stem)


def _hubspot(target: Crm, names: dict[Field, str], found: Results, stem: Path) -> None:
    _csv(target, names, found, stem)
    rows = [{"id": deal, "properties": {name: "" if value is None else str(value) for name, value in _properties(target, names, values).items()}}
            for deal, values in found.items()]
    _pages(target, rows, lambda page: {"inputs": page}, stem)


def _dynamics(target: Crm, names: dict[Field, str], found: Results, stem: Path) -> None:
    """OData $batch bodies: If-Match keeps a PATCH from creating a deal that is gone."""
    rows = [_patch(deal, _properties(target, names, values)) for deal, values in found.items()]
    for number, start in enumerate(range(0, len(rows), target.at_once), start=1):
        text = "".join(rows[start:start + target.at_once]) + f"--{BOUNDARY}--\r\n"
        path = stem.with_name(f"{stem.name}-{number:04d}.batch")
        write_text(path, text)


def _patch(deal: str, properties: dict[str, Any]) -> str:
    body = json.dumps(properties)  # ASCII: as many bytes as signs
    return "\r\n".join([f"--{BOUNDARY}", "Content-Type: application/http", "Content-Transfer-Encoding: binary", "",
                        f"PATCH /api/data/v9.2/opportunities({deal}) HTTP/1.1", "Content-Type: application/json", "If-Match: *",
                        f"Content-Length: {len(body)}", "", body, ""])


def _properties(target: Crm, names: dict[Field, str], values: dict[Field, Value]) -> dict[str, Any]:
    return {name: plain(target, values[one]) for one, name in names.items()}


def _csv(target: Crm, names: dict[Field, str], found: Results, stem: Path) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([target.id_column, *names.values()])
    writer.writerows([deal, *(cell(target, one, values[one]) for one in names)] for deal, values in found.items())
    write_text(stem.with_suffix(".csv"), out.getvalue())


def _pages(target: Crm, rows: list[dict[str, Any]], body: Callable[[list[dict[str, Any]]], dict[str, Any]], stem: Path) -> None:
    for number, start in enumerate(range(0, len(rows), target.at_once), start=1):
        write_json(stem.with_name(f"{stem.name}-{number:04d}.json"), body(rows[start:start + target.at_once]))


WRITERS = {"salesforce": _salesforce, "hubspot": _hubspot, "pipedrive": _csv, "dynamics": _dynamics}
