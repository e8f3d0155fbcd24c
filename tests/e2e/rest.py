#!/usr/bin/env python3
"""REST against a running server: the table of docs/api.md 2 and its errors, idempotency, long polls, and what
`hubtrail pull` prints."""
import json
import os
import pathlib
import subprocess
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from harness import HUBTRAIL, Api, Report, Scratch, Server, good_claims, make_event, sign_token, wait_until

CHANGES, EVENTS, CURSOR = "/api/v1/sync/changes", "/api/v1/events", "/api/v1/sync/cursor"
REASONS = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
           409: "Conflict", 410: "Gone", 413: "Content Too Large", 415: "Unsupported Media Type", 422: "Unprocessable Content"}


class Bench:
    def __init__(self, report, server):
        self.report, self.server = report, server
        self.token = server.token()
        self.api = Api(server.port, self.token)

    def problem(self, name, answer, status, code):
        """One error body for everybody: problem+json with the members of the older shapes."""
        try:
            body = answer.json()
            text = body["detail"]
            good = (answer.status == status and answer.headers["Content-Type"] == "application/problem+json" and
                    body["type"] == "about:blank" and body["title"] == REASONS[status] and
                    body["status"] == status and body["code"] == code and text and body["message"] == text and
                    body["error"]["code"] == code and body["error"]["message"] == text and
                    "retry_after" in body["error"] and isinstance(body["error"]["details"], dict) and
                    set(body) == {"type", "title", "status", "code", "detail", "error", "message"})
        except (ValueError, KeyError, TypeError) as error:
            good, body = False, f"{error!r} in {answer.body[:300]!r}"
        self.report.check(name, good, f"{answer.status} {answer.headers['Content-Type']} {body}")
        return answer

    def tenant(self, name, **options):
        return Api(self.server.port, self.server.token(tenant=name, **options))


def authorisation(bench):
    report, server = bench.report, bench.server
    for path in (EVENTS, CHANGES, CURSOR, EVENTS + "/x"):
        method = "POST" if path == EVENTS else "GET"
        nobody = Api(server.port)
        bench.problem(f"401 without a token: {method} {path}", nobody.request(method, path), 401, "unauthorized")
        answer = nobody.request(method, path)
        report.equal(f"401 names the scheme: {method} {path}", answer.headers["WWW-Authenticate"], "Bearer")
    bench.problem("401 with another key's token", Api(server.port, sign_token(b"k" * 32, good_claims())).get(CURSOR),
                  401, "unauthorized")
    bench.problem("401 with the token in the query of a REST path",
                  Api(server.port).get(CURSOR, access_token=bench.token), 401, "unauthorized")
    basic = Api(server.port).request("GET", CURSOR, headers={"Authorization": "Basic dTp1"})
    bench.problem("401 with Basic", basic, 401, "unauthorized")
    reader = Api(server.port, server.token(scopes=["events.read"]))
    bench.problem("403 for an append with events.read", reader.post(make_event()), 403, "forbidden")
    writer = Api(server.port, server.token(scopes=["events.write"]))
    bench.problem("403 for a read with events.write", writer.get(CHANGES), 403, "forbidden")
    salto = Api(server.port, server.token(scopes=["user_api.full_access"]))
    report.equal("user_api.full_access reads REST", salto.get(CURSOR).status, 200)
    one = bench.tenant("sites", sites=["a=admin"])
    bench.problem("403 for an append on a site without a role", one.post(make_event(site="b")), 403, "forbidden")
    bench.problem("403 for a read of a site without a role", one.get(CHANGES, site_id="b"), 403, "forbidden")
    bench.problem("403 for an append without a site", one.post({"stream": "s", "type": "t"}), 403, "forbidden")
    bad = bench.problem("403 says which event", one.post([make_event(site="a"), make_event(site="b")]), 403, "forbidden")
    report.equal("403 says which event: its index", bad.json()["error"]["details"]["index"], 1)
    report.equal("and nothing of that request was written", one.get(CURSOR).json()["last_pos"], 0)


def roles(bench):
    report = bench.report
    everything = bench.tenant("roles")
    for identity, site, user in (("a1", "a", "u"), ("a2", "a", "v"), ("b1", "b", "u"), ("n1", None, "u")):
        event = make_event(identity, user_id=user)
        if site is None:
            del event["site_id"]
        else:
            event["site_id"] = site
        everything.post(event)

    def visible(**query):
        sites = query.pop("sites")
        page = bench.tenant("roles", sites=sites).changes(since="earliest", **query)
        return [event["id"] for event in page["changes"]], page["to"]
    report.equal("'*' admin sees everything", visible(sites=["*=admin"]), (["a1", "a2", "b1", "n1"], 4))
    report.equal("'*' super sees everything", visible(sites=["*=super"]), (["a1", "a2", "b1", "n1"], 4))
    report.equal("admin of one site sees it", visible(sites=["a=admin"]), (["a1", "a2"], 4))
    report.equal("super of one site sees it", visible(sites=["a=super"]), (["a1", "a2"], 4))
    report.equal("user of one site sees its own there", visible(sites=["a=user"]), (["a1"], 4))
    report.equal("user of all sites sees its own", visible(sites=["*=user"])[0][:2], ["a1", "b1"])
    report.equal("user of one, admin of another", visible(sites=["a=user", "b=admin"]), (["a1", "b1"], 4))
    report.equal("no role at all sees nothing, and the cursor moves", visible(sites=["c=admin"]), ([], 4))
    user = bench.tenant("roles", sites=["a=user"])
    report.equal("GET by id: its own", user.get(EVENTS + "/a1").status, 200)
    bench.problem("GET by id: of another user", user.get(EVENTS + "/a2"), 404, "not-found")
    bench.problem("GET by id: another site", user.get(EVENTS + "/b1"), 404, "not-found")
    bench.problem("GET by id: another tenant's", bench.api.get(EVENTS + "/a1"), 404, "not-found")
    report.equal("a user may append its own", user.post(make_event("a3", site="a", user_id="u")).status, 201)
    bench.problem("a user may not append another's", user.post(make_event(site="a", user_id="v")), 403, "forbidden")


def methods_and_paths(bench):
    report, api = bench.report, bench.api
    bench.problem("404 for an unknown path", api.get("/api/v1/nothing"), 404, "not-found")
    bench.problem("404 for an unknown event", api.get(EVENTS + "/no-such-id"), 404, "not-found")
    bench.problem("404 for an event id that none can have", api.get(EVENTS + "/a%20b"), 404, "not-found")
    for method, path, allow in (("GET", EVENTS, "POST"), ("PUT", EVENTS, "POST"), ("POST", CHANGES, "GET, HEAD"),
                                ("DELETE", CURSOR, "GET, HEAD"), ("POST", EVENTS + "/x", "GET, HEAD")):
        answer = bench.problem(f"405 for {method} {path}", api.request(method, path), 405, "method-not-allowed")
        report.equal(f"405 for {method} {path} names what is allowed", answer.headers["Allow"], allow)
    report.equal("/livez needs no token", Api(bench.server.port).get("/livez").status, 200)
    report.equal("/readyz needs no token", Api(bench.server.port).get("/readyz").status, 200)
    head = api.request("HEAD", CURSOR)
    report.equal("HEAD answers without a body", (head.status, head.body), (200, b""))


def appends(bench):
    report = bench.report
    api = bench.tenant("appends")
    first = api.post(make_event("e1", path="/a", data={"b": 1}))
    result = first.json()["results"][0]
    report.equal("201 with id, pos, cursor, duplicate", (first.status, set(result), result["pos"], result["duplicate"]),
                 (201, {"id", "pos", "cursor", "duplicate"}, 1, False))
    known = make_event("e1", path="/a", data={"b": 1})
    again = api.post(known)
    report.equal("200 with the same place for a known id", (again.status, again.json()["results"]),
                 (200, [{**result, "duplicate": True}]))
    answer = bench.problem("409 for other content under a known id",
                           api.post([make_event("new"), make_event("e1", path="/other")]), 409, "event-id-reused")
    report.equal("409 names the event", answer.json()["error"]["details"]["index"], 1)
    bench.problem("409: nothing of the batch is there", api.get(EVENTS + "/new"), 404, "not-found")
    other = bench.tenant("appends", sites=["s2=admin"], subject="other")
    unseen = other.post(make_event("e1", site="s2"))
    report.equal("another writer's event with that id is its own, and not told of the first",
                 (unseen.status, unseen.json()["results"][0]["duplicate"], other.get(f"{EVENTS}/e1").json()["site_id"]),
                 (201, False, "s2"))
    mixed = api.post([known, make_event("e2"), make_event("e2"), make_event("e3")])
    report.equal("201 for a batch with new and old, in order",
                 (mixed.status, [(r["id"], r["pos"], r["duplicate"]) for r in mixed.json()["results"]]),
                 (201, [("e1", 1, True), ("e2", 3, False), ("e2", 3, True), ("e3", 4, False)]))
    made = api.post(make_event()).json()["results"][0]["id"]
    report.check("an id is made when none came", len(made) == 36 and made[14] == "7", made)
    event = bench.tenant("appends", sites=["s1=admin"]).get(f"{EVENTS}/e1").json()
    page = api.changes(since="earliest")["changes"]
    report.equal("GET by id and the page show the same", event, page[0])
    expected = {"pos", "cursor", "recorded_at", "tenant_id", "id", "stream", "type", "site_id", "path", "occurred_at",
                "data", "service_account"}
    report.equal("an event has what was given and what the server adds", set(event), expected)
    report.equal("cursor and pos are those of the acknowledgement", (event["cursor"], event["pos"]),
                 (result["cursor"], result["pos"]))
    both = {"stream": "a" * 64, "type": "t" * 128, "site_id": "s" * 128, "user_id": "u" * 128, "path": "p" * 4096}
    report.equal("the longest fields are taken", api.post({**both, "id": "i" * 128}).status, 201)
    bad = [("id", "i" * 129), ("id", "a b"), ("id", ""), ("id", 7), ("stream", ""), ("stream", "A"), ("stream", "a" * 65),
           ("type", "t" * 129), ("type", None), ("site_id", "s" * 129), ("path", "p" * 4097), ("path", "a\0b"),
           ("user_id", 7), ("change_type", "copied"), ("vendor_type_id", "1"), ("vendor_type_id", 1.5),
           ("occurred_at", "yesterday"), ("occurred_at", "2026-01-01T00:00:00"), ("data", []), ("data", "x"),
           ("data", {"a": "x" * 66_000}), ("pos", 1), ("cursor", "c1.x"), ("tenant_id", "t"), ("nonsense", 1)]
    for field, value in bad:
        event = make_event("bad", **{field: value}) if field not in ("id", "stream", "type", "site_id") else \
            {**make_event("bad"), field: value}
        answer = bench.problem(f"422 for {field} {str(value)[:20]!r}", api.post([make_event("good"), event]), 422, "bad-event")
        details = answer.json()["error"]["details"]
        report.check(f"422 for {field} {str(value)[:20]!r} says where and what",
                     details.get("index") == 1 and details.get("field", "").split(".")[0] == field and
                     details.get("expected"), f"{details}")
    for field in ("stream", "type"):
        event = make_event("bad")
        del event[field]
        answer = bench.problem(f"422 without {field}", api.post(event), 422, "bad-event")
        report.equal(f"422 without {field} names it", answer.json()["error"]["details"]["field"], field)
    bench.problem("404: nothing of a refused batch is there", api.get(EVENTS + "/good"), 404, "not-found")
    bench.problem("an empty array", api.post([]), 422, "bad-event")
    bench.problem("1,001 events", api.post([make_event() for _ in range(1001)]), 422, "bad-event")
    report.equal("1,000 events are taken", api.post([make_event() for _ in range(1000)]).status, 201)
    for name, body in (("cut off", b'{"stream":'), ("empty", b""), ("two values", b'{"stream":"s","type":"t","site_id":"s1"} {}'), ("text", b"hello")):
        bench.problem(f"400 for a body that is {name}", api.request("POST", EVENTS, body,
                                                                    {"Content-Type": "application/json"}), 400, "bad-json")
    json_body = json.dumps(make_event()).encode()
    for name, headers in (("text/plain", {"Content-Type": "text/plain"}),
                          ("a form", {"Content-Type": "application/x-www-form-urlencoded"}),
                          ("no type", {"Content-Type": ""}),
                          ("gzip", {"Content-Type": "application/json", "Content-Encoding": "gzip"})):
        bench.problem(f"415 for {name}", api.request("POST", EVENTS, json_body, headers), 415, "unsupported-media-type")
    report.equal("a charset is allowed", api.request("POST", EVENTS, json_body,
                                                     {"Content-Type": "Application/JSON; charset=utf-8"}).status, 201)
    big = b"[" + b" " * (1 << 20) + b"]"
    answer = Api(bench.server.port, bench.token).request("POST", EVENTS, big)
    report.equal("413 for more than 1 MiB", answer.status, 413)


def idempotency(bench):
    report = bench.report
    api = bench.tenant("keys")
    body = [make_event(), make_event()]
    first = api.post(body, Idempotency_Key="k1")
    again = api.post(body, Idempotency_Key="k1")
    report.equal("the same request under its key: the same results, once in the log",
                 (first.status, again.status, again.json()["results"], api.get(CURSOR).json()["last_pos"]),
                 (201, 200, first.json()["results"], 2))
    bench.problem("422 for another body under the key", api.post(make_event(), Idempotency_Key="k1"), 422,
                  "idempotency-key-reused")
    report.equal("another tenant may use the key", bench.tenant("keys2").post(body, Idempotency_Key="k1").status, 201)
    report.equal("a key of 255 characters", api.post(make_event(), Idempotency_Key="k" * 255).status, 201)
    for name, key in (("of 256 characters", "k" * 256), ("empty", ""), ("with a space", "a b"), ("half quoted", '"a')):
        bench.problem(f"400 for a key {name}", api.post(make_event(), Idempotency_Key=key), 400, "bad-parameter")
    answers, body = [], [make_event(f"race-{i}") for i in range(50)]

    def race():
        answers.append(Api(bench.server.port, api.token).post(body, Idempotency_Key="race"))
    threads = [threading.Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report.equal("eight at once under one key: one 201, seven 200", sorted(a.status for a in answers), [200] * 7 + [201])
    report.equal("and all with the same positions",
                 len({json.dumps([r["pos"] for r in a.json()["results"]]) for a in answers}), 1)


def paging(bench):
    report = bench.report
    api = bench.tenant("paging")
    for batch in range(6):
        api.post([make_event(f"p{batch}-{i}", site="a" if i % 10 else "b", stream="x" if i % 2 else "y",
                             kind="file.created" if i % 3 else "entry.granted") for i in range(1000)])
    page = api.changes(since="earliest", limit=5000)
    report.equal("limit 5000", (len(page["changes"]), page["from"], page["to"], page["has_more"], page["epoch"]),
                 (5000, 1, 5000, True, 1))
    rest = api.changes(cursor=page["cursor"], limit=5000)
    report.equal("and the rest", (len(rest["changes"]), rest["from"], rest["to"], rest["has_more"]),
                 (1000, 5001, 6000, False))
    report.equal("limit 1", [e["pos"] for e in api.changes(since="earliest", limit=1)["changes"]], [1])
    report.equal("limit is 1000 when absent", len(api.changes(since="earliest")["changes"]), 1000)
    for value in ("0", "5001", "-1", "x", "", "1.5", "99999999999999999999"):
        bench.problem(f"400 for limit {value!r}", api.get(CHANGES, limit=value), 400, "bad-parameter")
    for value in ("61", "-1", "x", ""):
        bench.problem(f"400 for wait {value!r}", api.get(CHANGES, wait=value), 400, "bad-parameter")
    bench.problem("400 for limit twice", api.get(CHANGES, limit=["1", "2"]), 400, "bad-parameter")
    head = api.get(CURSOR).json()
    report.equal("the head", (set(head), head["first_pos"], head["last_pos"], head["epoch"]),
                 ({"oldest_cursor", "latest_cursor", "first_pos", "last_pos", "epoch"}, 1, 6000, 1))
    now = api.changes()
    report.equal("without cursor and since: from the head", (now["changes"], now["cursor"], now["has_more"]),
                 ([], head["latest_cursor"], False))
    report.equal("since=latest is the head", api.changes(since="latest")["cursor"], head["latest_cursor"])
    report.equal("oldest_cursor is the beginning", api.changes(cursor=head["oldest_cursor"], limit=1)["from"], 1)
    events = page["changes"] + rest["changes"]
    for name, query, keep in (
            ("site_id", {"site_id": "b"}, lambda e: e["site_id"] == "b"),
            ("share_id", {"share_id": "b"}, lambda e: e["site_id"] == "b"),
            ("two sites", {"site_id": ["a", "b"]}, lambda e: True),
            ("stream", {"stream": "x"}, lambda e: e["stream"] == "x"),
            ("two streams", {"stream": ["x", "y"]}, lambda e: True),
            ("types", {"types": "entry.granted"}, lambda e: e["type"] == "entry.granted"),
            ("types with *", {"types": "file.*,nothing.at.all"}, lambda e: e["type"].startswith("file.")),
            ("types with * in the middle of a word", {"types": "entry.gr*"}, lambda e: e["type"] == "entry.granted"),
            ("site and stream and types", {"site_id": "b", "stream": "y", "types": "file.*"},
             lambda e: e["site_id"] == "b" and e["stream"] == "y" and e["type"].startswith("file."))):
        report.equal(f"filter {name}", [e["pos"] for e in api.read_log(**query)], [e["pos"] for e in events if keep(e)])
    nothing = api.changes(since="earliest", stream="nothing")
    report.equal("the cursor advances over filtered rows", (nothing["changes"], nothing["to"], nothing["has_more"]),
                 ([], 6000, False))
    report.equal("and equals the head's", nothing["cursor"], head["latest_cursor"])
    middle = events[2999]
    report.equal("an event's own cursor continues after it",
                 api.changes(cursor=middle["cursor"], limit=1)["changes"][0]["pos"], 3001)
    at = events[3500]["recorded_at"]
    answered = api.changes(since=at, limit=1)["changes"][0]
    first_at = next(e["pos"] for e in events if e["recorded_at"] >= at)
    report.equal("since a time: the first event recorded then or later", answered["pos"], first_at)
    report.equal("since a time before everything", api.changes(since="2020-01-01T00:00:00Z", limit=1)["from"], 1)
    report.equal("since a time to come", api.changes(since="2099-01-01T00:00:00+01:00")["changes"], [])
    cursor = middle["cursor"]
    other = bench.tenant("other-tenant").get(CHANGES, cursor=cursor)
    bench.problem("400 for another tenant's cursor", other, 400, "cursor-invalid")
    for name, text in (("cut", cursor[:-1]), ("changed", cursor[:10] + ("A" if cursor[10] != "A" else "B") + cursor[11:]),
                       ("nonsense", "hello"), ("c2", "c2" + cursor[2:]), ("long", cursor + "A" * 5000), ("NUL", "c1.\0")):
        answer = api.get(CHANGES, cursor=text)
        if name == "NUL":
            report.equal("400 for a cursor with NUL", answer.status, 400)
        else:
            bench.problem(f"400 for a cursor: {name}", answer, 400, "cursor-invalid")
    bench.problem("400 for an empty cursor", api.get(CHANGES, cursor=""), 400, "bad-parameter")
    bench.problem("400 for cursor and since", api.get(CHANGES, cursor=cursor, since="latest"), 400, "bad-parameter")
    bench.problem("400 for a since that is nothing", api.get(CHANGES, since="tuesday"), 400, "since-invalid")


def lost_history(bench):
    """A cursor of a log that was longer (a restored backup) and one of a log that is gone."""
    report, scratch = bench.report, Scratch("rest-lost")
    server = Server(scratch / "data").start()
    token = server.token()
    api = Api(server.port, token)
    old = [api.post(make_event(f"o{i}")).json()["results"][0] for i in range(5)]
    server.stop()
    for file in (scratch / "data").glob("log.db*"):
        file.unlink()
    server.start()
    api = Api(server.port, token)
    bench.problem("400 for a cursor ahead of the log", api.get(CHANGES, cursor=old[4]["cursor"]), 400, "cursor-ahead")
    for i in range(8):
        api.post(make_event(f"n{i}"))
    answer = api.get(CHANGES, cursor=old[4]["cursor"])
    body = answer.json()
    details = body["error"]["details"]
    report.equal("410 log-reset when the cursor's event is another one now", (answer.status, body["code"]), (410, "log-reset"))
    report.equal("410 says where to restart and what is lost", set(details), {"oldest_cursor", "latest_cursor", "lost_at_least"})
    report.equal("its oldest_cursor is good", api.changes(cursor=details["oldest_cursor"])["from"], 1)
    server.stop()
    report.skip("410 cursor-expired", "nothing moves the floor of a running server yet (no retention command)")
    report.skip("503 with Retry-After", "no way to fill the append queue or to break the store from outside")


def long_polls(bench):
    report, token = bench.report, bench.server.token(tenant="polls")
    api = Api(bench.server.port, token)
    api.post(make_event())
    cursor = api.changes(since="latest")["cursor"]
    began = time.monotonic()
    page = api.changes(cursor=cursor, wait=2)
    took = time.monotonic() - began
    report.check("wait=2 without news: an empty page after about 2 s", page["changes"] == [] and 1.7 <= took < 4,
                 f"{took:.2f} s")
    report.equal("and the same cursor", page["cursor"], cursor)
    began = time.monotonic()
    api.changes(cursor=cursor, wait=0)
    report.check("wait=0 answers at once", time.monotonic() - began < 1, f"{time.monotonic() - began:.2f} s")
    began = time.monotonic()
    page = api.changes(since="earliest", wait=30)
    report.check("wait with events there answers at once", len(page["changes"]) == 1 and time.monotonic() - began < 1, "")
    waiting = []

    def poll(**query):
        other = Api(bench.server.port, token, timeout=40)
        start = time.monotonic()
        page = other.changes(cursor=cursor, wait=20, **query)
        waiting.append((query, [e["id"] for e in page["changes"]], time.monotonic() - start))
    threads = [threading.Thread(target=poll) for _ in range(50)]
    threads.append(threading.Thread(target=poll, kwargs={"stream": "wanted"}))
    for thread in threads:
        thread.start()
    time.sleep(0.5)  # until they wait; one that does not yet sees the event anyway
    api.post(make_event("wake"))
    wait_until(lambda: len(waiting) == 50, 5)
    report.equal("fifty polls wake with the event", [w[1] for w in waiting], [["wake"]] * 50)
    report.check("and soon", max(w[2] for w in waiting) < 5, f"{max(w[2] for w in waiting):.1f} s")
    api.post(make_event("filtered", stream="wanted"))
    for thread in threads:
        thread.join(25)
    report.equal("a poll with a filter sleeps on over what it does not want", waiting[-1][1], ["filtered"])


def large_pages(bench):
    """An answer larger than the socket's buffers to a peer that takes it late, and the next request on the same
    connection: the server must notice that the answer is out."""
    report, api = bench.report, bench.tenant("large")
    for batch in range(10):
        api.post([make_event(f"l{batch}-{i}", data={"pad": "x" * 30_000}) for i in range(33)])
    for name, late_s in (("at once", 0), ("late", 0.3)):
        reader, seen, where = Api(bench.server.port, api.token, timeout=15), 0, {"since": "earliest"}
        try:
            while True:
                page = read_late(reader, urllib.parse.urlencode({"limit": 5000, **where}), late_s)
                seen, where = seen + len(page["changes"]), {"cursor": page["cursor"]}
                if not page["has_more"]:
                    break
            report.equal(f"pages of 4 MiB follow each other on one connection, taken {name}", seen, 330)
        except OSError as error:
            report.check(f"pages of 4 MiB follow each other on one connection, taken {name}", False,
                         f"{error!r} after {seen} events")


def read_late(api, query, late_s):
    """One page; its answer is left in the socket for a while."""
    if api.connection is None:
        api.get(CURSOR)
    api.connection.request("GET", f"{CHANGES}?{query}", headers={"Authorization": f"Bearer {api.token}"})
    time.sleep(late_s)
    return json.loads(api.connection.getresponse().read())


def command_formats(bench):
    """`hubtrail pull` prints the log as NDJSON and goes on from its cursor file; `hubtrail token` one line."""
    report, scratch = bench.report, Scratch("rest-pull")
    token = bench.server.token(tenant="pull")
    api = Api(bench.server.port, token)
    for batch in range(5):
        api.post([make_event(f"c{batch}-{i}", path=f"/ä {i}", data={"n": [1, 1.10, {"k": None}]}) for i in range(500)])

    def pull(*arguments, token=token, url=None):
        return subprocess.run([HUBTRAIL, "pull", "--url", url or bench.server.url, *arguments], capture_output=True,
                              timeout=60, env={**os.environ, "HUBTRAIL_TOKEN": token})
    run = pull()
    lines = run.stdout.decode().splitlines()
    raw = api.get(CHANGES, since="earliest", limit=5000).body.decode()
    report.equal("pull exits 0", run.returncode, 0)
    report.equal("pull prints one event a line", [json.loads(line)["pos"] for line in lines], list(range(1, 2501)))
    report.check("pull prints the server's bytes", all(line in raw for line in lines[:50] + lines[-50:]), lines[0])
    state = str(scratch / "cursor")
    first = pull("--cursor-file", state)
    api.post([make_event(f"d{i}") for i in range(3)])
    second = pull("--cursor-file", state)
    report.equal("a second pull prints what is new",
                 (len(first.stdout.splitlines()), [json.loads(line)["id"] for line in second.stdout.splitlines()]),
                 (2500, ["d0", "d1", "d2"]))
    third = pull("--cursor-file", state)
    report.equal("a third one nothing", (third.returncode, third.stdout), (0, b""))
    with open(state, "wb") as file:
        file.write(b"rubbish")
    broken = pull("--cursor-file", state)
    report.check("a damaged cursor file is an error, not a start from zero",
                 broken.returncode != 0 and broken.stdout == b"" and broken.stderr, f"{broken.returncode} {broken.stderr!r}")
    filtered = pull("--types", "file.*", "--stream", "nothing")
    report.equal("a filter that hides everything", (filtered.returncode, filtered.stdout), (0, b""))
    refused = pull(token="x.y.z")
    report.check("pull with a bad token exits non-zero and says why", refused.returncode != 0 and refused.stderr,
                 f"{refused.returncode} {refused.stderr!r}")
    report.check("and does not show the token", b"x.y.z" not in refused.stderr, repr(refused.stderr))
    gone = pull(url="http://127.0.0.1:1")
    report.check("pull from nowhere exits non-zero and says why", gone.returncode != 0 and gone.stderr, f"{gone.returncode}")
    report.equal("token prints one line of three parts", (token.count("."), token.count("\n")), (2, 0))


CASES = (authorisation, roles, methods_and_paths, appends, idempotency, paging, lost_history, long_polls, large_pages,
         command_formats)


def main():
    report, scratch = Report(), Scratch("rest")
    server = Server(scratch / "data").start()
    bench = Bench(report, server)
    for case in CASES:
        if not sys.argv[1:] or case.__name__ in sys.argv[1:]:
            report.run(case.__name__, case, bench)
    report.equal("SIGTERM ends it cleanly", server.stop(), 0)
    if report.failed:
        scratch.keep(server.log)
    report.finish()


if __name__ == "__main__":
    main()
