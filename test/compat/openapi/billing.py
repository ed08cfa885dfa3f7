"""Bills orders, with the client that openapi-python-client generated: billing.py URL TOKEN.

It goes on where its last append says that it was, and ends when the orders are closed. Its answer is one line of JSON, with what it went through.
"""

import json
import sys
import time

import httpx

from gesta_client import AuthenticatedClient
from gesta_client.api.default import append, read, tracking
from gesta_client.models import (
    CaughtUp,
    Commit,
    Event,
    Guard,
    GuardStreamAt,
    Heartbeat,
    Item,
    NewEvent,
    Page,
    Problem,
    Read,
    Result,
    Tracking,
)

SOURCE = "billing"
counts = {"cut": 0, "duplicates": 0, "billed": 0, "caughtUp": 0, "began": 0, "pages": 0, "read": 0, "refused": ""}
client = AuthenticatedClient(base_url=sys.argv[1], token=sys.argv[2], timeout=httpx.Timeout(30))


def until_answered(call):
    """Repeats a call until its answer is whole. What it does must bear that: reads do, and appends with a key."""
    while True:
        try:
            answer = call()
        except httpx.TransportError:
            counts["cut"] += 1
            continue
        if isinstance(answer, Problem) and answer.status in (429, 503):
            time.sleep(1)
            continue
        return answer


def well(answer):
    if isinstance(answer, Problem):
        sys.exit(f"{answer.code}: {answer.detail}")
    return answer


def follow(after):
    """Yields the orders after a position, for good."""
    while True:
        body = Read(query=[Item(category="order")], after=after, follow=True)
        try:
            with client.get_httpx_client().stream(
                "POST", "/v1/read", json=body.to_dict(), headers={"Accept": "application/x-ndjson"}
            ) as answer:
                if answer.status_code != 200:
                    sys.exit(answer.read())
                for line in answer.iter_lines():
                    told = json.loads(line)
                    if "position" in told:
                        event = Event.from_dict(told)
                        yield event
                        after = event.position
                    elif "heartbeat" in told:
                        after = Heartbeat.from_dict(told).heartbeat.scanned
                    elif "caughtUp" in told:
                        after = CaughtUp.from_dict(told).caught_up.position
                        counts["caughtUp"] += 1
                    elif "error" in told:
                        break
        except (httpx.TransportError, json.JSONDecodeError):
            counts["cut"] += 1


def bill(order):
    """Appends the bill of an order, once."""
    name = order.stream.removeprefix("order-")
    commit = Commit(
        key=f"bill-{order.position}",
        events=[NewEvent(stream=f"bill-{name}", type_="Billed", data={"order": order.position, "total": order.data["total"]})],
        guards=[Guard(stream_at=GuardStreamAt(stream=f"bill-{name}", version=0))],
        tracking=Tracking(source=SOURCE, position=order.position),
    )
    result = well(until_answered(lambda: append.sync(client=client, body=commit)))
    assert isinstance(result, Result)
    counts["duplicates"] += result.duplicate
    counts["billed"] += 1


def review():
    """Reads all bills, page by page, and sees that another one is refused."""
    after = 0
    while True:
        page = well(until_answered(lambda: read.sync(client=client, body=Read(query=[Item(category="bill")], after=after, limit=3))))
        assert isinstance(page, Page)
        counts["pages"] += 1
        counts["read"] += len(page.items)
        if not page.next_:
            break
        after = page.next_
    again = Commit(
        events=[NewEvent(stream=page.items[-1].stream, type_="Billed")],
        guards=[Guard(stream_at=GuardStreamAt(stream=page.items[-1].stream, version=0))],
    )
    problem = until_answered(lambda: append.sync(client=client, body=again))
    counts["refused"] = f"{problem.code} {problem.failed[0].actual_version} {problem.failed[0].events[0].type_}"


def main():
    done = well(until_answered(lambda: tracking.sync(SOURCE, client=client)))
    counts["began"] = done.position
    for order in follow(done.position):
        if order.type_ == "OrdersClosed":
            break
        bill(order)
    review()
    print(json.dumps(counts))


main()
