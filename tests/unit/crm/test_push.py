"""Pushing, against servers on loopback that answer as the real ones do."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dealtriage.crm import push as pushing
from dealtriage.crm.push import Pushed, push
from dealtriage.crm.web import patiently
from dealtriage.errors import BadInput
from dealtriage.params import Params
from dealtriage.workspace import Workspace
from tests.crm_server import (
    DOWN,
    HUBSPOT,
    LIMITED,
    PASSWORD,
    SALESFORCE,
    SESSION,
    TOKEN,
    USED_UP,
    Server,
    serving,
    session_to,
)
from tests.unit.crm.lists import deal_ids, published

ENVIRONMENT = {"salesforce": SALESFORCE, "hubspot": HUBSPOT}
CRMS = pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
MANY = {"salesforce": 450, "hubspot": 250}
HOSTILE = ["=cmd|' /C calc'!A0", 'a "quoted", one; two\tthree', "Ünïcode 日本 🦄", "</script><b>", "' or 1=1 --", "\u202eback", "x" * 254 + "🦄" * 9]


class Run:
    """One workspace and one server; what was slept is counted, not slept."""

    def __init__(self, state: Server, params: Params, workspace: Workspace) -> None:
        self.state, self.params, self.workspace, self.slept = state, params, workspace, []

    def push(self, **how: bool) -> Pushed:
        return push(self.params, self.workspace, dict(ENVIRONMENT[self.state.crm]), self.slept.append, **{"really": True, **how})

    def ids(self) -> list[str]:
        return sorted(self.state.records)


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    opened = []

    def made(crm: str, deals: int | None = None, reasons: list[str] | None = None, **fields: str | None) -> Run:
        context = serving(crm)
        state, port = context.__enter__()
        opened.append(context)
        monkeypatch.setattr(pushing, "new_session", lambda: session_to(port))
        return Run(state, *published(tmp_path, crm, deals or MANY[crm], reasons, **fields))

    yield made
    for context in opened:
        context.__exit__(None, None, None)


@CRMS
def test_all_go_in_and_a_second_call_sends_nothing(make, crm: str) -> None:
    run = make(crm)
    done = run.push()
    assert (done.failed, len(run.ids()), len(run.state.writes)) == (0, MANY[crm], 3)
    assert f"{MANY[crm]} went in now, 0 were refused" in done.text
    before = run.state.requests
    assert "0 went in now" in run.push().text
    assert run.state.requests == before
    assert f"{MANY[crm]} went in now" in run.push(again=True).text


@CRMS
def test_what_changed_is_sent_and_nothing_else(make, tmp_path: Path, crm: str) -> None:
    run = make(crm, 3)
    run.push()
    published(tmp_path, crm, 3, ["another", *["speaks for it: a next step lies ahead"] * 2])
    run.push()
    assert run.state.writes[-1] == [run.ids()[0]]


@CRMS
def test_a_dry_run_sends_nothing_and_needs_no_credential(make, crm: str) -> None:
    run = make(crm)
    done = push(run.params, run.workspace, {}, run.slept.append)
    assert (done.failed, run.state.requests) == (0, 0)
    assert f"{MANY[crm]} would be sent, in 3 requests" in done.text
    assert "first row: " in done.text
    assert not run.workspace.pushed.exists()


@CRMS
def test_rows_that_fail_are_told_and_sent_again(make, crm: str) -> None:
    run = make(crm, 5)
    ids = [row["id"] for row in pushing._published(run.params, run.workspace)]
    errors = {"salesforce": ("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record"),
              "hubspot": ("OBJECT_NOT_FOUND", "Could not get some DEAL objects, they may be deleted or not exist. Check that ids are valid.")}
    run.state.row_errors = {ids[1]: errors[crm], ids[3]: errors[crm]}
    done = run.push()
    assert done.failed == 2
    assert f"{ids[1]}: {errors[crm][0]}: {errors[crm][1]}\n  What to do: " in done.text
    run.state.row_errors = {}
    assert run.push().failed == 0
    assert run.state.writes[-1] == [ids[1], ids[3]]


def test_what_hubspot_does_not_confirm_has_not_gone_in(make) -> None:
    run = make("hubspot", 3)
    run.state.row_errors = {deal_ids("hubspot", 3)[1]: ("", "")}
    done = run.push()
    assert done.failed == 1
    assert "NOT_CONFIRMED" in done.text


@CRMS
def test_one_row_that_makes_the_crm_refuse_all_is_found(make, crm: str) -> None:
    run = make(crm, 9)
    ids = [row["id"] for row in pushing._published(run.params, run.workspace)]
    run.state.poison = ids[4]
    assert run.push().failed == 1
    assert run.ids() == [deal for deal in ids if deal != ids[4]]


@pytest.mark.parametrize(("crm", "first", "slept"), [
    ("hubspot", [LIMITED], [7]), ("hubspot", [LIMITED, (502, {}, {}), (500, {}, {})], [7, 4, 8]),
    ("salesforce", [DOWN, USED_UP], [2, 4]), ("salesforce", [(503, {"Retry-After": "11"}, [])], [11])])
def test_where_a_limit_is_hit_it_waits_and_goes_on(make, crm: str, first: list, slept: list[int]) -> None:
    run = make(crm)
    run.state.first = list(first)
    assert run.push().failed == 0
    assert (run.slept, len(run.ids())) == (slept, MANY[crm])


@pytest.mark.parametrize(("crm", "answer", "message"), [
    ("salesforce", USED_UP, "REQUEST_LIMIT_EXCEEDED"), ("hubspot", (429, {"Retry-After": "900"}, LIMITED[2]), "opens again in 900 seconds"),
    ("hubspot", (429, {}, LIMITED[2] | {"policyName": "DAILY"}), "today is used up")])
def test_waiting_has_an_end(make, crm: str, answer: tuple, message: str) -> None:
    run = make(crm)
    run.state.first = [answer] * 10
    with pytest.raises(BadInput, match=message) as error:
        run.push()
    assert len(run.slept) <= 5
    assert "has not gone in" in error.value.next_step


@CRMS
def test_interrupted_then_resumed_only_the_rest_is_sent(make, crm: str) -> None:
    run = make(crm)
    run.state.ends_after = 1
    with pytest.raises(BadInput, match=f" of {MANY[crm]} rows had gone in by then"):
        run.push()
    sent = set(run.ids())
    assert len(sent) == {"salesforce": 200, "hubspot": 100}[crm]
    run.state.ends_after = None
    run.push()
    assert len(run.ids()) == MANY[crm]
    assert not sent & {deal for write in run.state.writes[1:] for deal in write}


def test_a_journal_line_that_was_cut_off_counts_as_not_sent(make) -> None:
    run = make("salesforce", 3)
    run.push()
    journal = run.workspace.pushed / "salesforce.jsonl"
    journal.write_bytes(journal.read_bytes()[:-20])
    run.push()
    assert run.state.writes[-1] == [run.ids()[-1]]
    assert "0 went in now" in run.push().text


def test_another_org_gets_its_own_rows(make) -> None:
    run = make("salesforce", 3)
    run.push()
    other = {**SALESFORCE, "SF_INSTANCE_URL": "https://acme--test.sandbox.my.salesforce.com"}
    assert "3 would be sent" in push(run.params, run.workspace, other, run.slept.append).text


@CRMS
def test_hostile_texts_arrive_unharmed(make, crm: str) -> None:
    run = make(crm, len(HOSTILE), HOSTILE)
    assert run.push().failed == 0
    name = "Dealtriage_Reason_1__c" if crm == "salesforce" else "dealtriage_reason_1"
    arrived = [run.state.records[deal][name] for deal in run.ids()]
    assert arrived == [*(text.replace("\t", " ") for text in HOSTILE[:5]), "back", "x" * 254 + "…"]


@pytest.mark.parametrize(("crm", "field", "change", "message"), [
    ("salesforce", "Dealtriage_Rank__c", None, "Dealtriage_Rank__c: is not there"),
    ("salesforce", "Dealtriage_Rank__c", {"type": "string"}, r"is of type string; needed is Number\(18, 0\)"),
    ("salesforce", "Dealtriage_State__c", {"length": 10}, "is 10 long; needed are 40"),
    ("salesforce", "Dealtriage_State__c", {"updateable": False}, "may not be edited"),
    ("hubspot", "dealtriage_rank", None, "dealtriage_rank: is not there"),
    ("hubspot", "dealtriage_rank", {"type": "string"}, "is of type string; needed is Number"),
    ("hubspot", "dealtriage_rank", {"hubspotDefined": True}, "HubSpot's own")])
def test_a_wrong_field_is_told_before_anything_is_sent(make, crm: str, field: str, change: dict | None, message: str) -> None:
    run = make(crm)
    if change is None:
        del run.state.fields[field]
    else:
        run.state.fields[field] |= change
    with pytest.raises(BadInput, match=message):
        run.push()
    assert run.state.writes == []


def test_a_field_that_goes_away_on_the_way_is_told(make, monkeypatch: pytest.MonkeyPatch) -> None:
    for crm, message in (("salesforce", "No such column"), ("hubspot", "PROPERTY_DOESNT_EXIST")):
        run = make(crm)
        monkeypatch.setattr(pushing.MODULES[crm][1], "check", lambda *_: None)
        run.state.fields.popitem()
        with pytest.raises(BadInput, match=message):
            run.push()
        assert len(run.state.writes) == 1


@pytest.mark.parametrize(("crm", "environment", "message"), [
    ("salesforce", {}, "SF_USERNAME, SF_PASSWORD, SF_SECURITY_TOKEN"), ("salesforce", {"SF_USERNAME": "u", "SF_PASSWORD": ""}, "SF_PASSWORD, SF_SECURITY_TOKEN"),
    ("salesforce", {"SF_SESSION_ID": "s"}, "Not set: SF_INSTANCE_URL"), ("hubspot", {}, "Not set: HUBSPOT_TOKEN")])
def test_a_missing_credential_is_named(make, crm: str, environment: dict[str, str], message: str) -> None:
    run = make(crm)
    with pytest.raises(BadInput, match=message):
        push(run.params, run.workspace, environment, run.slept.append, really=True)
    assert run.state.requests == 0


def test_logging_in_by_password(make) -> None:
    run = make("salesforce", 3)
    environment = {"SF_USERNAME": "u@acme.com", "SF_PASSWORD": "wrong secret", "SF_SECURITY_TOKEN": "token", "SF_DOMAIN": "test"}
    with pytest.raises(BadInput, match=r"refused the log-in \(INVALID_LOGIN\)") as error:
        push(run.params, run.workspace, environment, run.slept.append, really=True)
    assert "wrong secret" not in str(error.value)
    assert push(run.params, run.workspace, environment | {"SF_PASSWORD": PASSWORD}, run.slept.append, really=True).failed == 0
    assert len(run.ids()) == 3


def test_an_address_that_is_none_is_told(make) -> None:
    run = make("salesforce", 1)
    with pytest.raises(BadInput, match="SF_INSTANCE_URL is no address"):
        push(run.params, run.workspace, SALESFORCE | {"SF_INSTANCE_URL": "acme"}, run.slept.append, really=True)


@CRMS
def test_a_session_that_has_ended_is_told(make, crm: str) -> None:
    run = make(crm)
    run.state.ends_after = 0
    with pytest.raises(BadInput, match=r"has ended|it has ended"):
        run.push()


@CRMS
def test_no_credential_is_told_or_kept(make, crm: str, tmp_path: Path) -> None:
    run = make(crm, 4)
    run.state.row_errors = {deal_ids("hubspot", 4)[0]: ("OBJECT_NOT_FOUND", "gone")}
    told = run.push().text + run.push(really=False).text
    kept = "".join(path.read_text("utf-8") for path in tmp_path.rglob("*") if path.is_file())
    assert not any(secret in text for secret in (SESSION, TOKEN) for text in (told, kept))


def test_without_the_packages_it_says_what_to_install(make, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make("salesforce")
    monkeypatch.setitem(sys.modules, "simple_salesforce", None)
    with pytest.raises(BadInput, match=r"pip install 'dealtriage\[push\]'"):
        run.push()


def test_nothing_to_push_into_or_from(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no push into Pipedrive"):
        push(*published(tmp_path, "pipedrive"), {}, [].append)
    params, _ = published(tmp_path, "salesforce")
    with pytest.raises(BadInput, match="Nothing is published"):
        push(params, Workspace(tmp_path / "other"), {}, [].append)
    with pytest.raises(BadInput, match="other fields"):
        push(published(tmp_path / "else", "salesforce", rank=None)[0], Workspace(tmp_path), {}, [].append)


def test_a_crm_that_does_not_answer_is_told() -> None:
    import requests

    def fails() -> None:
        raise requests.exceptions.ConnectionError("secret")

    slept: list[float] = []
    with pytest.raises(BadInput, match="ConnectionError"):
        patiently(fails, slept.append)
    assert slept == [2, 4, 8, 16, 32]


def test_the_exit_code_says_whether_all_went_in(make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dealtriage import cli

    run = make("hubspot", 3)
    monkeypatch.setattr(cli, "load_params", lambda path: run.params)
    monkeypatch.setenv("HUBSPOT_TOKEN", TOKEN)
    words = ["push", "--out", str(tmp_path)]
    dry = CliRunner().invoke(cli.app, words)
    assert (dry.exit_code, run.state.requests) == (0, 0)
    run.state.row_errors = {deal_ids("hubspot", 3)[0]: ("OBJECT_NOT_FOUND", "gone")}
    assert CliRunner().invoke(cli.app, [*words, "--really"]).exit_code == 1
    run.state.row_errors = {}
    assert CliRunner().invoke(cli.app, [*words, "--really"]).exit_code == 0
    assert [json.loads(line)["error"] for line in (tmp_path / "data" / "pushed" / "hubspot.jsonl").read_text().splitlines()] == ["OBJECT_NOT_FOUND: gone", "", "", ""]
