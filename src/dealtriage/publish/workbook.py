"""A rep's list as a workbook: filters, a frozen header, links to each deal's page, and how to read it. Every text is a text, never a formula."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from dealtriage.params import Params
from dealtriage.publish.cells import page_name, safe_line

LONGEST = 1000
LINE, TALLEST = 15.0, 300.0  # points
A4 = 9  # its number in Excel
LAST_PRINTED = "silence"  # more than this would be too small to read


@dataclass(frozen=True)
class Column:
    """A column of the workbook: the list's column, its header, its width in characters, how its numbers look, what it means."""

    name: str
    header: str
    width: int
    means: str
    number: str = ""


def columns(horizon_days: int) -> list[Column]:
    """The columns in order."""
    return [
        Column("rank", "#", 5, "What to do first comes first: stalled deals by value at stake, then dead ones by amount, then those where too little is recorded, then the active ones."),
        Column("do_this_week", "this week", 8, "yes: among as many as fit into a week. The rest is folded: press the + at the left, or the 2 in its head, to see it."),
        Column("do_next", "do next", 30, "The next thing to do. A playbook with the work prepared is on the deal's page."),
        Column("deal", "deal", 34, "Opens the deal's page, where the folder site lies beside this workbook."),
        Column("account", "account", 22, ""),
        Column("amount", "amount", 11, "As the CRM has it.", "#,##0"),
        Column("state", "state", 12, "stalled: quiet, and may come back. dead: quiet, and hardly will. not enough evidence: too little is recorded to tell. active: the buyer is not quiet."),
        Column("chance", f"chance to revive in {horizon_days} days", 10, "The chance that the buyer stirs again and the deal moves.", "0%"),
        Column("how_often_true", "how often that came true", 34, "What became of past deals that were given such a chance, on dates the model had not seen."),
        Column("silence", "silence", 16, "How long the buyer has given no sign, and how long their silences usually are."),
        Column("since_last_list", "since the last list", 34, "How the chance moved and why: something new, only time that passed, or a new model."),
        *(Column(f"reason_{number}", f"reason {number}", 40, "What moves the chance most, and how deals that stood alike fared." if number == 1 else "") for number in (1, 2, 3)),
        Column("who_chases", "who chases", 14, "Which side does most of the work lately."),
        Column("why_this_phase", "why this phase", 30, "Why the next thing to do is what it is."),
        Column("third_party", "third party", 18, "Whom to bring in, where a third party is next."),
        Column("value_at_stake", "value at stake", 11, "The chance to come back, times the chance to win then, times the amount.", "#,##0"),
        Column("when", "when", 24, "If it comes back at all."),
        Column("stage", "stage", 16, ""),
        Column("recorded_until", "recorded until", 12, "The last date anything about the deal was recorded."),
        Column("crm_link", "in the CRM", 12, "The deal's record."),
        Column("deal_id", "deal id", 20, "")]


def write_workbook(rows: pd.DataFrame, params: Params, cutoff: pd.Timestamp, stem: str, path: Path) -> None:
    """Write one rep's rows. cutoff: when the export was made; the same rows give the same bytes. stem: the rep's file name without an ending, that of the folder of pages too."""
    import xlsxwriter

    horizon = params.label.horizon_days
    shown = [one for one in columns(horizon) if one.name != "crm_link" or params.publish.deal_url]
    path.parent.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}) as book:
        book.set_properties({"title": "Deals, ranked by what to do first", "author": "dealtriage", "created": cutoff.to_pydatetime()})
        _list(book, rows.rename(columns={f"chance_to_revive_{horizon}d": "chance"}), shown, f"site/{stem}/deals/")
        _how_to_read(book, shown, rows)


def _list(book: Any, rows: pd.DataFrame, shown: list[Column], pages: str) -> None:
    sheet = book.add_worksheet("List")
    look = {"valign": "top", "text_wrap": True}
    head = book.add_format({"bold": True, "bottom": 2, "bg_color": "#E6EBF0", **look})
    plain, formats = book.add_format(look), {one.number: book.add_format({"num_format": one.number, **look}) for one in shown if one.number}
    link = book.add_format({"font_color": "#0B5394", "underline": 1, **look})
    states = {"stalled": book.add_format({"bold": True, "bg_color": "#FFF2CC", **look}), "dead": book.add_format({"bold": True, "italic": True, "bg_color": "#D0D4D9", **look}),
              "not enough evidence": book.add_format({"italic": True, **look})}
    sheet.set_row(0, 3 * LINE)
    for place, one in enumerate(shown):
        sheet.set_column(place, place, one.width)
        sheet.write_string(0, place, one.header, head)
    for number, row in enumerate(rows.to_dict("records"), start=1):
        sheet.set_row(number, _height(row, shown), None, {} if row["do_this_week"] else {"level": 1, "hidden": True})
        for place, one in enumerate(shown):
            value = row[one.name]
            if one.number:
                _number(sheet, number, place, value, formats[one.number])
            elif one.name == "rank":
                sheet.write_number(number, place, int(value), plain)
            elif one.name == "deal":
                sheet.write_url(number, place, f"external:{pages}{page_name(str(row['deal_id']))}", link, safe_line(value, 255) or str(row["deal_id"]))
            elif one.name == "crm_link":
                sheet.write_url(number, place, value, link, "open")
            else:
                sheet.write_string(number, place, safe_line(value, LONGEST), states.get(value, plain) if one.name == "state" else plain)
    sheet.freeze_panes(1, 4)
    sheet.autofilter(0, 0, len(rows), len(shown) - 1)
    sheet.outline_settings(True, False, False, False)
    sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.print_area(0, 0, len(rows), next(place for place, one in enumerate(shown) if one.name == LAST_PRINTED))
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)


def _height(row: dict[str, Any], shown: list[Column]) -> float:
    """The height at which the longest text of a row fits its column."""
    lines = max(-(-len(str(row[one.name])) // max(one.width - 2, 1)) for one in shown if not one.number and one.name not in ("crm_link", "deal_id"))
    return min(LINE * max(lines, 1), TALLEST)


def _number(sheet: Any, row: int, place: int, value: Any, look: Any) -> None:
    """A number; the chance comes as a text like 36%."""
    if isinstance(value, str):
        value = float(value.rstrip("%")) / 100 if value else None
    if value is None or pd.isna(value):
        sheet.write_blank(row, place, None, look)
    else:
        sheet.write_number(row, place, float(value), look)


def _how_to_read(book: Any, shown: list[Column], rows: pd.DataFrame) -> None:
    sheet = book.add_worksheet("How to read it")
    bold, plain = book.add_format({"bold": True, "valign": "top"}), book.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 100)
    made = rows["computed_from_export_of"].iloc[0]
    lines = [("This list", f"Computed from the export of {made}. It knows what the CRM recorded by then, nothing else."),
             ("What to do with it", "Work on what is marked for this week, from the top. Where you know better, say so: a line in data/answers.csv or data/actions.csv is read by the next run."),
             ("On paper", "Only the columns up to the silence are printed; the reasons are here and on the deals' pages."),
             *((one.header, one.means) for one in shown if one.means)]
    sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.fit_to_pages(1, 0)
    for number, (name, means) in enumerate(lines):
        sheet.set_row(number, LINE * max(1, -(-len(means) // 95)))
        sheet.write_string(number, 0, name, bold)
        sheet.write_string(number, 1, means, plain)

