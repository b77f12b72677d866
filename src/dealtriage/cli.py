"""The command line: one command per stage, and those around them. The only place that prints or exits."""

import logging
import sys
import time
from pathlib import Path
from typing import Annotated, Literal

import typer

from dealtriage.errors import BadInput
from dealtriage.params import Params, Sample, load_params
from dealtriage.pipeline import STAGES, run_stage
from dealtriage.workspace import Workspace

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

ParamsFile = Annotated[Path, typer.Option("--params", help="The parameter file.")]
OutFolder = Annotated[Path, typer.Option("--out", help="Where data/, models/ and reports/ are written.")]
DEFAULT_PARAMS = Path("params.yaml")
HERE = Path()
WIDEST = {"do_next": 50, "deal": 40}


def main() -> None:
    """Run the command line. Bad input ends with exit code 2 and a message that says what to do."""
    progress = logging.getLogger("dealtriage")
    progress.addHandler(logging.StreamHandler(sys.stderr))
    progress.setLevel(logging.INFO)
    try:
        app()
    except BadInput as error:
        typer.echo(f"dealtriage: {error}", err=True)
        sys.exit(2)
    except (NotADirectoryError, FileExistsError, PermissionError) as error:
        typer.echo(f"dealtriage: cannot write {error.filename}: {error.strerror}\n  What to do: give another --out.", err=True)
        sys.exit(2)


def _stage_command(name: str) -> None:
    def command(params: ParamsFile = DEFAULT_PARAMS, out: OutFolder = HERE) -> None:
        said = run_stage(name, load_params(params), Workspace(out))
        if said:
            typer.echo(said.rstrip())

    command.__doc__ = f"Run the stage `{name}`."
    app.command(name)(command)


for _name in STAGES:
    _stage_command(_name)


@app.command()
def sample(params: ParamsFile = DEFAULT_PARAMS,
           out: OutFolder = HERE,
           crm: Annotated[str, typer.Option(help="Whose export form: salesforce, hubspot, dynamics or pipedrive.")] = "salesforce",
           deals: Annotated[int | None, typer.Option(help="How many deals, up to 1,000,000.")] = None,
           seed: Annotated[int | None, typer.Option(help="Another seed, another company.")] = None) -> None:
    """Write the invented company as an export: to data/raw/vandelay (of another CRM, vandelay-<crm>), its truth to data/truth."""
    from dealtriage.sample import DOORS, write_sample
    from dealtriage.tables import replaced_folder

    if crm not in DOORS:
        raise BadInput(f"--crm {crm} is not known.", f"Use one of {', '.join(DOORS)}.")
    suffix = "" if crm == "salesforce" else f"-{crm}"
    chosen = _sample_section(load_params(params))
    count = deals if deals is not None else chosen.deals
    if not 20 <= count <= 1_000_000:
        raise BadInput(f"--deals {count} is not between 20 and 1,000,000.", "Give a number in that range.")
    raw, truth = out / "data" / "raw" / f"vandelay{suffix}", out / "data" / ("truth" + suffix)
    with replaced_folder(raw) as raw_draft, replaced_folder(truth) as truth_draft:
        write_sample(raw_draft, truth_draft, deals=count, seed=chosen.seed if seed is None else seed,
                     months=chosen.months, exported_at=chosen.exported_at, crm=crm)
    typer.echo(f"{count:,} deals of the sample company in {raw} (params.yaml reads it as source.path), its truth in {truth}")


def _sample_section(params: Params) -> Sample:
    if params.sample is None:
        raise BadInput("The parameter file has no section `sample`.", "Use the params.yaml of the project's root.")
    return params.sample


@app.command()
def run(params: ParamsFile = DEFAULT_PARAMS, out: OutFolder = HERE,
        tracked: Annotated[bool, typer.Option("--track/--no-track", help="Log the run to MLflow.")] = True) -> None:
    """Run every stage in one process, without DVC; writes the same bytes as `dvc repro`."""
    chosen, workspace = load_params(params), Workspace(out)
    for number, name in enumerate(STAGES, start=1):
        started = time.monotonic()
        said = run_stage(name, chosen, workspace)
        if name in ("clean", "evaluate", "recommend") and said:
            typer.echo(said.rstrip())
        typer.echo(f"[{number}/{len(STAGES)}] {name} {time.monotonic() - started:.1f} s", err=True)
    if tracked:
        from dealtriage.tracking import track as log

        typer.echo(log(chosen, workspace, params.read_text("utf-8")).rstrip())
    _show(workspace)


@app.command()
def week(out: Annotated[Path, typer.Option("--out", help="Where the new week's tables and lists are written.")],
         params: ParamsFile = DEFAULT_PARAMS,
         since: Annotated[Path, typer.Option("--since", help="The run that holds the model and the weeks before.")] = HERE) -> None:
    """Score a new export with the model of an earlier run, working on the as-of dates since then alone."""
    from dealtriage.week import run as new_week

    typer.echo(new_week(load_params(params), Workspace(since), Workspace(out)).rstrip())
    _show(Workspace(out))


@app.command()
def track(params: ParamsFile = DEFAULT_PARAMS, out: OutFolder = HERE) -> None:
    """Log the current state to MLflow as one run, unless it is logged already."""
    from dealtriage.tracking import track as log

    typer.echo(log(load_params(params), Workspace(out), params.read_text("utf-8")).rstrip())


@app.command()
def promote(params: ParamsFile = DEFAULT_PARAMS, out: OutFolder = HERE) -> None:
    """Make the candidate the champion: the model that serving loads."""
    from dealtriage.tracking import promote as move

    typer.echo(move(load_params(params), Workspace(out)).rstrip())


@app.command()
def show(out: OutFolder = HERE) -> None:
    """Print the path of the fullest list and its first ten lines."""
    _show(Workspace(out))


@app.command()
def deal(deal_id: Annotated[str, typer.Argument(help="An id from a list.")],
         figure: Annotated[Path | None, typer.Option(help="Draw its past into this file (PNG).")] = None,
         params: ParamsFile = DEFAULT_PARAMS, out: OutFolder = HERE) -> None:
    """Print all about one stalled or dead deal: its playbook, what happened when it turned, its win/loss sheet."""
    from dealtriage.publish.one_deal import about

    typer.echo(about(load_params(params), Workspace(out), deal_id, figure).rstrip())


@app.command(name="crm-results")
def crm_results(files: Annotated[list[Path], typer.Argument(help="What Data Loader or Bulk API 2.0 returned.")],
                retry: Annotated[Path, typer.Option(help="Where the rows worth another try are written.")] = Path("retry.csv")) -> None:
    """Say how many rows went into Salesforce, why others did not and what to do; write those worth another try."""
    from dealtriage.crm.results import read_results, told

    typer.echo(told(read_results(files), retry).rstrip())


@app.command()
def push(params: ParamsFile = DEFAULT_PARAMS, out: OutFolder = HERE,
         really: Annotated[bool, typer.Option("--really", help="Send; without it, only what would be sent is told.")] = False,
         again: Annotated[bool, typer.Option("--again", help="Send all rows, also those that have gone in.")] = False) -> None:
    """Send what was published into Salesforce or HubSpot: only what has not gone in. Exit code 1 if the CRM refused rows."""
    import os

    from dealtriage.crm.push import push as send

    pushed = send(load_params(params), Workspace(out), dict(os.environ), time.sleep, really=really, again=again)
    typer.echo(pushed.text.rstrip())
    if pushed.failed:
        raise typer.Exit(1)


@app.command()
def doctor(path: Annotated[str, typer.Argument(help="A folder, zip, file, or database URL.")],
           as_json: Annotated[bool, typer.Option("--json", help="Everything, as JSON.")] = False,
           timezone: Annotated[str, typer.Option(help="Zone of times that carry none.")] = "UTC") -> None:
    """Say what an export is, what it lacks and what that costs, and the params that read it. Exit code 2 if it cannot be read."""
    import json
    import tempfile

    from dealtriage.doctor.examine import examine
    from dealtriage.doctor.words import as_text

    defaults = load_params(DEFAULT_PARAMS).source.model_dump() if DEFAULT_PARAMS.is_file() else {}
    kept: dict[str, object] = {key: defaults[key] for key in ("test_deals", "answered_calls", "unanswered_calls") if key in defaults}
    with tempfile.TemporaryDirectory(prefix="dealtriage-") as scratch:
        report = examine(Path(path), Path(scratch), {**kept, "timezone": timezone})
    typer.echo(json.dumps(report.as_dict(), indent=2, ensure_ascii=False) if as_json else as_text(report).rstrip())
    if report.problem:
        raise typer.Exit(2)


@app.command()
def dictionary(path: Annotated[Path, typer.Option(help="Where to write it.")] = Path("docs/data-dictionary.md"),
               specs: Annotated[Path, typer.Option(help="The tables that say what each feature means.")] = Path("tests/spec/features")) -> None:
    """Write the data dictionary from the registered features and schemas, and beside it what is read of each CRM."""
    from dealtriage.described import what_is_read
    from dealtriage.dictionary import dictionary as text
    from dealtriage.tables import write_text

    for page, content in ((path, text(specs)), (path.with_name("what-is-read.md"), what_is_read())):
        write_text(page, content)
        typer.echo(f"wrote {page}")


def _show(workspace: Workspace) -> None:
    import pandas as pd
    from rich.console import Console
    from rich.table import Table

    from dealtriage.publish.lists import NOTE, fullest_list

    path = fullest_list(workspace)
    if path is None:
        typer.echo(NOTE.rstrip())
        return
    rows = pd.read_csv(path, dtype="str", keep_default_na=False)
    chance = next(name for name in rows.columns if name.startswith("chance_to_revive"))
    table = Table(box=None, pad_edge=False, header_style="bold")
    shown = ("rank", "do_next", "deal", "amount", "state", chance, "silence")
    for name in shown:
        justify: Literal["right", "left"] = "right" if name in ("rank", "amount", chance) else "left"
        table.add_column(name.replace("_", " "), justify=justify, no_wrap=True, overflow="ellipsis", max_width=WIDEST.get(name))
    for row in rows.head(10).to_dict("records"):
        table.add_row(*(row[name] for name in shown))
    typer.echo(f"\n{len(list(path.parent.glob('*.csv')))} lists in {path.parent}; the first ten lines of {path}:\n")
    Console(width=180, markup=False, highlight=False).print(table)
