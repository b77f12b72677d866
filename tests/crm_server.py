"""A Salesforce org and a HubSpot portal on loopback that answer as the real ones do, and a session that leads to them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from dealtriage.crm.fields import names_of

SESSION, TOKEN, PASSWORD = "00D000000000000!session", "pat-eu1-token", "open sesame"
SALESFORCE = {"SF_INSTANCE_URL": "https://acme.my.salesforce.com", "SF_SESSION_ID": SESSION}
HUBSPOT = {"HUBSPOT_TOKEN": TOKEN}
DESCRIBED = {"text": "string", "chance": "double", "whole": "double", "time": "datetime"}
PROPERTIES = {"text": "string", "chance": "number", "whole": "number", "time": "date"}
Answer = tuple[int, dict[str, str], Any]


@dataclass
class Server:
    """What it holds and what it was asked. first: answers given instead to the next writes; ends_after: writes until the session ends."""

    crm: str
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    row_errors: dict[str, tuple[str, str]] = field(default_factory=dict)
    fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    first: list[Answer] = field(default_factory=list)
    ends_after: int | None = None
    poison: str = ""
    writes: list[list[str]] = field(default_factory=list)
    requests: int = 0

    def answer(self, method: str, path: str, token: str, content: bytes) -> Answer:
        self.requests += 1
        if path == "/services/Soap/u/59.0":
            return self._log_in(content.decode())
        body = json.loads(content or b"{}")
        if token != f"Bearer {SESSION if self.crm == 'salesforce' else TOKEN}" or self.ends_after == len(self.writes):
            return self._unknown()
        route = {("GET", "/services/data/v59.0/sobjects/Opportunity/describe"): lambda: (200, {}, {"name": "Opportunity", "fields": list(self.fields.values())}),
                 ("PATCH", "/services/data/v59.0/composite/sobjects"): lambda: self._collections(body),
                 ("GET", "/crm/v3/properties/deals"): lambda: (200, {}, {"results": list(self.fields.values())}),
                 ("POST", "/crm/v3/objects/deals/batch/update"): lambda: self._batch(body)}.get((method, path))
        return route() if route else (404, {}, [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}])

    def _log_in(self, envelope: str) -> Answer:
        if f"<n1:password>{PASSWORD}token</n1:password>" in envelope:
            return 200, {}, f"<r><serverUrl>https://acme.my.salesforce.com/services/Soap/u/59.0/00D</serverUrl><sessionId>{SESSION}</sessionId></r>"
        return 500, {}, ('<f xmlns:sf="urn:fault.partner.soap.sforce.com"><sf:exceptionCode>INVALID_LOGIN</sf:exceptionCode>'
                         "<sf:exceptionMessage>INVALID_LOGIN: Invalid username, password, security token; or user locked out.</sf:exceptionMessage></f>")

    def _unknown(self) -> Answer:
        if self.crm == "salesforce":
            return 401, {}, [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
        return 401, {}, {"status": "error", "message": "Authentication credentials not found.", "correlationId": "c", "category": "INVALID_AUTHENTICATION"}

    def _collections(self, body: dict[str, Any]) -> Answer:
        if self.first:
            return self.first.pop(0)
        rows = body["records"]
        self.writes.append([row["id"] for row in rows])
        unknown = {name for row in rows for name in row if name not in ("attributes", "id") and name not in self.fields}
        if body["allOrNone"] is not False or len(rows) > 200 or any(row["attributes"] != {"type": "Opportunity"} for row in rows):
            return 400, {}, [{"message": "The request is not well formed", "errorCode": "INVALID_INPUT"}]
        if unknown:
            return 400, {}, [{"message": f"No such column '{min(unknown)}' on sobject of type Opportunity", "errorCode": "INVALID_FIELD"}]
        if self.poison in [row["id"] for row in rows]:
            return 400, {}, [{"message": "Cannot deserialize instance of double", "errorCode": "JSON_PARSER_ERROR"}]
        return 200, {}, [self._saved(row) for row in rows]

    def _saved(self, row: dict[str, Any]) -> dict[str, Any]:
        error = self.row_errors.get(row["id"])
        long = [name for name, one in self.fields.items() if one["type"] == "string" and len((row.get(name) or "").encode("utf-16-le")) > 2 * one["length"]]
        if not error and long:
            error = ("STRING_TOO_LONG", f"data value too large: {row[long[0]]} (max length=255)")
        if error:
            return {"success": False, "errors": [{"statusCode": error[0], "message": error[1], "fields": []}]}
        self.records[row["id"]] = {name: value for name, value in row.items() if name not in ("attributes", "id")}
        return {"id": row["id"], "success": True, "errors": []}

    def _batch(self, body: dict[str, Any]) -> Answer:
        if self.first:
            return self.first.pop(0)
        rows = body["inputs"]
        self.writes.append([row["id"] for row in rows])
        unknown = {name for row in rows for name in row["properties"] if name not in self.fields}
        if len(rows) > 100 or unknown or self.poison in [row["id"] for row in rows]:
            what = [{"isValid": False, "message": f'Property "{min(unknown)}" does not exist', "error": "PROPERTY_DOESNT_EXIST", "name": min(unknown)}] if unknown else \
                [{"isValid": False, "message": "x was not a valid number.", "error": "INVALID_DOUBLE", "name": "dealtriage_rank"}]
            return 400, {}, {"status": "error", "message": f"Property values were not valid: {json.dumps(what)}", "correlationId": "c", "category": "VALIDATION_ERROR"}
        well = [row for row in rows if row["id"] not in self.row_errors]
        self.records |= {row["id"]: row["properties"] for row in well}
        times = {"startedAt": "2026-07-01T06:00:00.000Z", "completedAt": "2026-07-01T06:00:00.100Z"}
        answer = {"status": "COMPLETE", "results": [{"id": row["id"], "properties": row["properties"], "archived": False, **times} for row in well], **times}
        if len(well) == len(rows):
            return 200, {}, answer
        errors = [{"status": "error", "category": category, "message": message, "context": {"ids": [deal]}}
                  for deal, (category, message) in self.row_errors.items() if deal in [row["id"] for row in rows] and category]
        return 207, {}, answer | {"numErrors": len(errors), "errors": errors}


LIMITED = (429, {"Retry-After": "7"}, {"status": "error", "message": "You have reached your ten_secondly_rolling limit.", "errorType": "RATE_LIMIT",
                                      "correlationId": "c", "policyName": "TEN_SECONDLY_ROLLING", "requestId": "r"})
USED_UP = (403, {}, [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}])
DOWN = (503, {}, [{"message": "The server is temporarily unavailable", "errorCode": "SERVER_UNAVAILABLE"}])


class _Handler(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, headers, body = self.server.state.answer(self.command, self.path, self.headers.get("Authorization", ""), content)  # type: ignore[attr-defined]
        sent = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json;charset=UTF-8", "Content-Length": str(len(sent)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(sent)

    do_GET = do_POST = do_PATCH = _answer

    def log_message(self, *_: object) -> None:
        pass


class Loopback(HTTPAdapter):
    """Leads every https request to the server on loopback."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._origin = f"http://127.0.0.1:{port}"

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        request.url = self._origin + request.path_url
        return super().send(request, *args, **kwargs)


def session_to(port: int) -> requests.Session:
    """A session whose every https request ends on loopback."""
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", Loopback(port))
    return session


@contextmanager
def serving(crm: str) -> Iterator[tuple[Server, int]]:
    """A server with all our fields created as the docs say, and its port."""
    state = Server(crm, fields={name: _described(crm, name, one) for one, name in names_of(crm, {}).items()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = False
    server.state = state  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state, server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _described(crm: str, name: str, one: Any) -> dict[str, Any]:
    if crm == "salesforce":
        return {"name": name, "type": DESCRIBED[one.kind], "length": one.length, "updateable": True, "custom": True}
    return {"name": name, "label": name, "type": PROPERTIES[one.kind], "fieldType": "text", "hubspotDefined": False}
