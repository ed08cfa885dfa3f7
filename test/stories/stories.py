"""Answers the questions of docs/stories from the sources of their histories: python3 stories.py PAGE [LOGS].

PAGE is a page of the stories, LOGS the directory of event logs. A page makes its history before its first call of gesta
that is no demonstration: those lines are run by sh in a working directory that must be empty. The answers are printed as a
JSON list of texts. Nothing here knows how gesta stores, orders, folds or compares: it reads the files that gesta takes in.
"""

import collections
import csv
import datetime
import gzip
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as xml


def commands(page):
    """The commands on a page, each with the lines that go on with it."""
    block, found = False, []
    for line in open(page, encoding="utf-8"):
        if line.startswith("```"):
            block = line.startswith("```console")
        elif block and line.startswith("$ "):
            found.append(line[2:])
        elif block and line.startswith("> ") and found:
            found[-1] += line[2:]
    return found


def make(page):
    """Does what the page does before gesta takes over."""
    lines = []
    for command in commands(page):
        if command.startswith("gesta ") and not command.startswith("gesta demo "):
            break
        lines.append(command)
    subprocess.run(["sh", "-e", "-c", "".join(lines)], check=True, stdout=subprocess.DEVNULL)


def exported(name):
    """The events in a file of the form in which gesta exports."""
    with open(name, encoding="utf-8") as lines:
        return [event for event in map(json.loads, lines) if "export" not in event]


def shown(time):
    """A time as gesta shows it, from one as a file has it, in UTC."""
    return time.replace("T", " ")


def actor(event):
    return event["metadata"]["actor"]


def demo(_):
    events = exported("shop/shop.ndjson")
    wrong = next(e for e in events if e["data"].get("due", 0) < 0)
    touched, ids = [], {wrong["id"]}
    for e in events:
        if e["metadata"].get("causationId") in ids:
            ids.add(e["id"])
            touched.append(place(e))
    return [place(wrong), shown(wrong["recordedAt"]), actor(wrong)] + touched


def place(event):
    return "%s@%d" % (event["stream"], event["version"])


def wrong_total(_):
    sums, wrong = collections.Counter(), []
    for e in exported("accounts.ndjson"):
        sums[e["stream"]] += e["data"].get("amount", 0)
        if "total" in e["data"] and e["data"]["total"] != sums[e["stream"]] and e["stream"] not in [w["stream"] for w in wrong]:
            wrong.append(e)
    (first,) = wrong
    return [place(first), shown(first["recordedAt"]), actor(first)]


def traces(name):
    """Name and events of each trace of an XES log; an event is a dictionary of its attributes."""
    with gzip.open(name) as file:
        for _, element in xml.iterparse(file):
            if element.tag.rpartition("}")[2] != "trace":
                continue
            name, events = None, []
            for child in element:
                if child.get("key") == "concept:name":
                    name = child.get("value")
                elif child.tag.rpartition("}")[2] == "event":
                    events.append({a.get("key"): a.get("value") for a in child})
            yield name, in_time(events, "time:timestamp")
            element.clear()


def in_time(events, key):
    """Events by their times, those of equal times as they stand in the file."""
    return sorted(events, key=lambda e: datetime.datetime.fromisoformat(e[key]))


def declined(logs):
    accepted, back = 0, []
    for name, events in traces(os.path.join(logs, "bpic2012.xes.gz")):
        names = [e["concept:name"] for e in events]
        if "A_DECLINED" not in names:
            continue
        at = names.index("A_DECLINED")
        accepted += "O_ACCEPTED" in names[:at]
        if "O_SENT_BACK" in names[:at]:
            e = events[at]
            back.append((datetime.datetime.fromisoformat(e["time:timestamp"]), name, at + 1, e["org:resource"]))
    _, name, version, who = max(back)
    return [str(accepted), str(len(back)), "loan-%s@%d" % (name, version), who]


def weekend(logs):
    friday, sunday, monday = (
        datetime.datetime.fromisoformat(t + "+00:00") for t in ("2011-09-23T18:00:00", "2011-09-26T00:00:00", "2011-09-26T08:00:00"))
    cases, people, events, early = set(), set(), 0, 0
    with gzip.open(os.path.join(logs, "receipt.csv.gz"), "rt", newline="") as file:
        for row in csv.DictReader(file):
            at = datetime.datetime.fromisoformat(row["time:timestamp"])
            if friday < at <= monday:
                cases.add(row["case:concept:name"])
                people.add(row["org:resource"])
                events += 1
                early += at < sunday
    return [str(len(cases)), str(events), str(len(people)), str(early)]


def address(_):
    events = [e for e in exported("address.ndjson") if e["stream"] == "customer-12"]
    parcel = next(e["recordedAt"] for e in events if e["type"] == "ParcelSent")
    moved = [e for e in events if "city" in e["data"].get("address", {})]
    replaced = {e["metadata"].get("supersedes") for e in moved}
    label = [e for e in moved if e["recordedAt"] <= parcel][-1]
    held = [e for e in moved if e["id"] not in replaced and e.get("effectiveAt", e["recordedAt"]) <= parcel]
    held.sort(key=lambda e: e.get("effectiveAt", e["recordedAt"]))
    return [actor(e) for e in moved] + [e["data"]["address"]["city"] for e in (label, held[-1])]


def import_touched(_):
    events = exported("prices.ndjson")
    by_id = {e["id"]: e for e in events}
    cause = next(e for e in reversed(events) if e["stream"] == "basket-3")
    while "causationId" in cause["metadata"]:
        cause = by_id[cause["metadata"]["causationId"]]
    touched = {cause["id"]}
    for e in events:
        if e["metadata"].get("causationId") in touched:
            touched.add(e["id"])
    touched.remove(cause["id"])
    streams = {by_id[i]["stream"] for i in touched}
    (order,) = (s for s in streams if s.startswith("order-"))
    return [cause["stream"], str(len(touched)), str(len(streams)), order]


def below_zero(_):
    there, first = collections.Counter(), {}
    for e in exported("stock.ndjson"):
        there[e["stream"]] += e["data"]["amount"] * {"Received": 1, "Taken": -1}[e["type"]]
        if there[e["stream"]] < 0:
            first.setdefault(e["stream"], e)
    earliest = min(first.values(), key=lambda e: e["recordedAt"])
    return [place(earliest), actor(earliest), str(len(first))]


def git(*args):
    return subprocess.run(["git", "-C", "till", *args], check=True, capture_output=True, text=True).stdout.splitlines()


def deleted_file(_):
    author, subject = git("log", "-1", "--no-renames", "--diff-filter=D", "--format=%an%n%s", "--", "deploy/limits.conf")
    left = git("ls-tree", "-r", "--name-only", "HEAD")
    gone = set(git("log", "--no-renames", "--diff-filter=D", "--name-only", "--format=")) - set(left)
    return [author, subject, str(len(gone)), str(len(left))]


def back_again(logs):
    returns, mine = collections.Counter(), []
    for name, events in traces(os.path.join(logs, "helpdesk.xes.gz")):
        done = False
        for version, e in enumerate(events, 1):
            what = e["concept:name"]
            if what == "Take in charge ticket" and done:
                returns[name] += 1
                if name == "Case 1820":
                    mine.append("ticket-Case_1820@%d" % version)
            done = what in ("Resolve ticket", "Closed") or done and what != "Take in charge ticket"
    return mine + [str(len(returns)), str(sum(n == 2 for n in returns.values()))]


def failed_deliveries(logs):
    failed, items = collections.Counter(), {}
    with gzip.open(os.path.join(logs, "ocel_order_simulated.csv.gz"), "rt", newline="") as file:
        for row in csv.DictReader(file):
            for package in named(row["ocel:type:packages"]):
                failed[package] += row["ocel:activity"] == "failed delivery"
                if row["ocel:activity"] == "create package":
                    items[package] = named(row["ocel:type:items"])
    package, times = failed.most_common(1)[0]
    return ["package-" + package, str(times)] + items[package]


def named(field):
    """The objects that a field such as ['1','2'] names."""
    return [word.strip(" '") for word in field.strip(" []").split(",") if word.strip(" '")]


def books(_):
    amounts, first = collections.Counter(), {}
    for e in exported("books.ndjson"):
        amounts[e["commit"]] += e["data"]["amount"]
        first.setdefault(e["commit"], e)
    (wrong,) = (first[c] for c, sum in amounts.items() if sum != 0)
    return ["#%d" % wrong["position"], place(wrong), actor(wrong)]


ANSWERS = {
    "00-demo": demo, "01-wrong-total": wrong_total, "02-declined-loans": declined, "03-weekend": weekend, "04-corrected-address": address,
    "05-import": import_touched, "06-below-zero": below_zero, "07-deleted-file": deleted_file, "08-back-again": back_again,
    "09-failed-deliveries": failed_deliveries, "10-books": books,
}


def main():
    page = sys.argv[1]
    if len(sys.argv) < 3:
        make(page)
    json.dump(ANSWERS[os.path.splitext(os.path.basename(page))[0]](sys.argv[2] if len(sys.argv) > 2 else None), sys.stdout)


if __name__ == "__main__":
    main()
