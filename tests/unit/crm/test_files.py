"""The files for the importers: read back as the importers read them."""

import csv
import json
from email.parser import BytesParser
from pathlib import Path

import pytest

from dealtriage.crm.fields import CRMS, FIELDS, names_of
from dealtriage.crm.files import LEFT_OUT, write_crm_files
from dealtriage.crm.rows import crm_ids, shortened
from dealtriage.errors import BadInput
from dealtriage.params import CrmField, load_params
from dealtriage.publish.rows import list_rows
from tests.company import write_params
from tests.unit.crm.lists import REASON, advice_of, deal_ids, params_for, published, rows_of

EVERY = pytest.mark.parametrize("crm", CRMS)


def folder_of(tmp_path: Path, crm: str, *args: object, **fields: str | None) -> Path:
    return published(tmp_path, crm, *args, **fields)[1].lists / "crm"  # type: ignore[arg-type]


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def test_salesforce_files(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "salesforce", 450)
    assert sorted(p.name for p in folder.iterdir()) == ["opportunities-0001.json", "opportunities-0002.json", "opportunities-0003.json", "opportunities.csv", "opportunities.sdl"]
    content = (folder / "opportunities.csv").read_bytes()
    assert b"\r" not in content
    assert not content.startswith(b"\xef\xbb\xbf")
    rows = read(folder / "opportunities.csv")
    assert len(rows) == 450
    assert rows[0] | {"Id": ""} == {
        "Id": "", "Dealtriage_State__c": "stalled", "Dealtriage_P_Revive__c": "0.3457", "Dealtriage_How_Often_True__c": "#N/A", "Dealtriage_Phase__c": "1 withdraw",
        "Dealtriage_Do_Next__c": "withdraw the proposal", "Dealtriage_Role__c": "#N/A", "Dealtriage_Reason_1__c": REASON, "Dealtriage_Reason_2__c": "#N/A",
        "Dealtriage_Reason_3__c": "#N/A", "Dealtriage_Why_This_Phase__c": "a proposal is outstanding", "Dealtriage_Value_At_Stake__c": "1234", "Dealtriage_Rank__c": "1",
        "Dealtriage_Computed_From_Export_Of__c": "2026-06-29T05:46:00.000Z", "Dealtriage_Model_Version__c": "abc"}
    assert all(len(row["Id"]) == 18 for row in rows)
    assert (folder / "opportunities.sdl").read_text() == "".join(f"{name}={name}\n" for name in rows[0])
    bodies = [json.loads((folder / f"opportunities-000{n}.json").read_text("utf-8")) for n in (1, 2, 3)]
    assert [len(body["records"]) for body in bodies] == [200, 200, 50]
    first = bodies[0]["records"][0]
    assert (bodies[0]["allOrNone"], first["attributes"], first["id"]) == (False, {"type": "Opportunity"}, rows[0]["Id"])
    assert (first["Dealtriage_P_Revive__c"], first["Dealtriage_Rank__c"], first["Dealtriage_Role__c"]) == (0.3457, 1, None)


def test_hubspot_files(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "hubspot", 150)
    rows = read(folder / "deals.csv")
    assert list(rows[0])[:3] == ["Record ID", "dealtriage_state", "dealtriage_p_revive"]
    bodies = [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("deals-*.json"))]
    assert [len(body["inputs"]) for body in bodies] == [100, 50]
    assert bodies[0]["inputs"][0]["id"] == rows[0]["Record ID"] == "10000"
    properties = bodies[0]["inputs"][0]["properties"]
    assert (properties["dealtriage_p_revive"], properties["dealtriage_role"], properties["dealtriage_computed_from_export_of"]) == ("0.3457", "", "2026-06-29")


def test_pipedrive_file(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "pipedrive", 3, None, p_revive="Chance (90 days)", reason_3=None)
    row = read(folder / "deals.csv")[0]
    assert list(row)[:3] == ["Deal - ID", "Dealtriage state", "Chance (90 days)"]
    assert "Dealtriage reason 3" not in row
    assert (row["Deal - ID"], row["Dealtriage computed from export of"]) == ("10000", "2026-06-29")


def test_dynamics_batches(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "dynamics", 120, ["Ünïcode\n--batch_dealtriage"] + [REASON] * 119)
    first, second = sorted(folder.glob("*.batch"))
    content = first.read_bytes()
    assert content.count(b"\n") == content.count(b"\r\n")
    parts = BytesParser().parsebytes(b"Content-Type: multipart/mixed; boundary=batch_dealtriage\r\n\r\n" + content).get_payload()
    assert len(parts) == 100
    head, body = parts[0].get_payload().split("\r\n\r\n" if "\r\n\r\n" in parts[0].get_payload() else "\n\n", 1)
    assert head.splitlines()[0] == f"PATCH /api/data/v9.2/opportunities({deal_ids('dynamics', 1)[0]}) HTTP/1.1"
    assert "If-Match: *" in head
    assert f"Content-Length: {len(body.strip())}" in head
    assert json.loads(body)["new_dealtriage_reason_1"] == "Ünïcode --batch_dealtriage"
    assert second.read_text().endswith("--batch_dealtriage--\n")


@EVERY
def test_the_same_rows_give_the_same_bytes(tmp_path: Path, crm: str) -> None:
    one, two = folder_of(tmp_path / "1", crm, 7), folder_of(tmp_path / "2", crm, 7)
    params, (advice, rows) = params_for(crm), rows_of(deal_ids(crm, 7))
    write_crm_files(params, advice[::-1], rows[::-1], tmp_path / "3")
    assert {p.name: p.read_bytes() for p in one.iterdir()} == {p.name: p.read_bytes() for p in two.iterdir()} == {p.name: p.read_bytes() for p in (tmp_path / "3").iterdir()}


@EVERY
def test_no_name_leaves(tmp_path: Path, crm: str) -> None:
    assert not any("Secret" in path.read_text("utf-8") for path in folder_of(tmp_path, crm).iterdir())


@EVERY
def test_deals_whose_ids_are_none_of_the_crm_are_left_out_and_named(tmp_path: Path, crm: str) -> None:
    write_crm_files(params_for(crm), *rows_of([*deal_ids(crm, 2), "=strange"]), tmp_path)
    assert (tmp_path / LEFT_OUT).read_text().endswith("\n=strange\n")
    assert not any("strange" in path.read_text() for path in tmp_path.iterdir() if path.name != LEFT_OUT)


def test_an_event_log_has_no_crm(tmp_path: Path) -> None:
    write_crm_files(params_for("event_log"), *rows_of(["a"]), tmp_path / "crm")
    assert not (tmp_path / "crm").exists()


def test_our_names_are_those_of_the_parameters() -> None:
    assert [one.name for one in FIELDS] == list(CrmField.__args__)


@EVERY
def test_defaults_are_possible_names(crm: str) -> None:
    assert len(names_of(crm, {})) == 14
    assert all(len(name) <= 40 for name in names_of(crm, {}).values())


@pytest.mark.parametrize(("crm", "chosen", "message"), [
    ("salesforce", {"state": "StageName"}, "'StageName' cannot be written to"), ("salesforce", {"state": "A=B__c"}, "cannot be written to"),
    ("salesforce", {"state": "X__c", "rank": "x__c"}, "same field"), ("hubspot", {"state": "Deal Stage"}, "cannot be written to"),
    ("dynamics", {"state": "statecode"}, "cannot be written to"), ("pipedrive", {"state": "=1+1"}, "cannot be written to"),
    ("pipedrive", {"state": "Deal - ID"}, "same field"), ("hubspot", dict.fromkeys(CrmField.__args__), "leaves every field out")])
def test_impossible_fields_are_refused(crm: str, chosen: dict, message: str) -> None:
    with pytest.raises(BadInput, match=message) as error:
        names_of(crm, chosen)
    assert "publish.crm_fields" in error.value.next_step


def test_unknown_names_of_ours_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"publish\.crm_fields\.chance"):
        load_params(write_params(tmp_path / "params.yaml", tmp_path, publish={"crm_fields": {"chance": "X__c"}}))


@pytest.mark.parametrize(("short", "long"), [
    ("0067E0000028LZP", "0067E0000028LZPQA2"), ("0067E0000028LZq", "0067E0000028LZqQAM"), ("001A0000006Vm9r", "001A0000006Vm9rIAC"), ("00530000003xqAb", "00530000003xqAbAAI")])
def test_ids_of_15_characters_get_their_checksum(short: str, long: str) -> None:
    assert crm_ids("salesforce", [short, long]) == {short: long, long: long}


def test_a_text_is_cut_by_the_units_that_crms_count() -> None:
    assert shortened("🦄" * 3, 6) == "🦄" * 3
    assert shortened("🦄" * 4, 6) == "🦄🦄…"


def test_what_the_experiment_holds_back_is_held_back(tmp_path: Path) -> None:
    params, table = params_for("salesforce"), advice_of(deal_ids("salesforce", 2), [False, True])
    write_crm_files(params, table, list_rows(table, params.publish, 90, {"o": "Secret person"}), tmp_path)
    first, second = read(tmp_path / "opportunities.csv")
    assert (first["Dealtriage_Phase__c"], first["Dealtriage_Do_Next__c"]) == ("1 withdraw", "withdraw the proposal: a mediator")
    assert (second["Dealtriage_Phase__c"], second["Dealtriage_Do_Next__c"]) == ("#N/A", "go on as you would without this list")
    assert (second["Dealtriage_Role__c"], second["Dealtriage_Why_This_Phase__c"]) == ("#N/A", "drawn for the experiment")


def test_missing_numbers_are_none(tmp_path: Path) -> None:
    advice, rows = rows_of(deal_ids("hubspot", 1))
    write_crm_files(params_for("hubspot"), advice.assign(p_revive_90d=float("nan")), rows.assign(value_at_stake=float("nan")), tmp_path)
    assert read(tmp_path / "deals.csv")[0]["dealtriage_value_at_stake"] == ""
    assert json.loads((tmp_path / "deals-0001.json").read_text())["inputs"][0]["properties"]["dealtriage_p_revive"] == ""
