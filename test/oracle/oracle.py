"""Folds a history the slow way: after each event the whole state is taken apart again, and compared with what it was.

usage: oracle.py EXPORT < PLAN

EXPORT is what `gesta export ndjson` wrote. PLAN is a JSON object with the members fold, streams, exprs, paths and times. A line with the answers for each of the streams
goes to standard output. It shares no code with what it checks.
"""

import json
import sys
from decimal import Decimal


class Num:
    """A number as it is written."""

    def __init__(self, text):
        self.text = text
        self.value = Decimal(text)

    def __eq__(self, other):
        return isinstance(other, Num) and self.value == other.value

    def __hash__(self):
        return hash(self.value)


def read(text):
    return json.loads(text, parse_float=Num, parse_int=Num)


def write(v):
    if isinstance(v, Num):
        return v.text
    if isinstance(v, dict):
        return "{" + ",".join(json.dumps(k) + ":" + write(x) for k, x in v.items()) + "}"
    if isinstance(v, list):
        return "[" + ",".join(write(x) for x in v) + "]"
    return json.dumps(v)


def copy(v):
    if isinstance(v, dict):
        return {k: copy(x) for k, x in v.items()}
    if isinstance(v, list):
        return [copy(x) for x in v]
    return v


# Folds: each takes a state of its own, None before the first event, and returns the next one and whether the event was taken.


def patched(target, patch):
    if not isinstance(patch, dict):
        return patch
    if not isinstance(target, dict):
        target = {}
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        else:
            target[name] = patched(target.get(name), value)
    return target


def merge(state, event):
    data = event.get("data")
    if state is None:
        state = {}
    if not isinstance(data, dict):
        return state, False
    return patched(state, data), True


def loan(state, event):
    if state is None:
        state = {"counts": {}, "open": [], "amount": None}
    kind, data = event["type"], event["data"]
    count = state["counts"].get(kind, Num("0"))
    state["counts"][kind] = Num(str(int(count.text) + 1))
    if kind == "A_SUBMITTED":
        state["amount"] = Num(data["case"]["AMOUNT_REQ"])
    if kind.startswith("W_"):
        places = [i for i, w in enumerate(state["open"]) if w["item"] == kind]
        step = data["lifecycle:transition"]
        if step == "SCHEDULE":
            state["open"].append({"item": kind, "since": Num(str(int(event["version"].text) - 1))})
        elif step == "START" and places:
            state["open"][places[0]]["by"] = event.get("metadata", {}).get("actor")
        elif step == "COMPLETE" and places:
            del state["open"][places[0]]
    return state, True


FOLDS = {"merge": merge, "loan": loan}


def leaves(v):
    out = {}

    def walk(path, v):
        if isinstance(v, dict) and (v or not path):
            for name, x in v.items():
                walk(path + "/" + name.replace("~", "~0").replace("/", "~1"), x)
        elif isinstance(v, list) and v:
            for i, x in enumerate(v):
                walk(path + "/" + str(i), x)
        else:
            out[path] = v

    if v is not None:
        walk("", v)
    return out


def same(a, b):
    return type(a) is type(b) and a == b


def changes(was, now):
    out = []
    for path in sorted(set(was) | set(now)):
        if path in was and path in now and same(was[path], now[path]):
            continue
        c = {"path": path, "op": "replace" if path in was and path in now else "add" if path in now else "remove"}
        if path in was:
            c["old"] = was[path]
        if path in now:
            c["new"] = now[path]
        out.append(c)
    return out


def at(state, *path):
    for name in path:
        if isinstance(state, dict):
            state = state.get(name)
        elif isinstance(state, list) and isinstance(name, int) and name < len(state):
            state = state[name]
        else:
            return None
    return state


def number(v):
    return v.value if isinstance(v, Num) else None


def above(v, limit):
    return number(v) is not None and number(v) > Decimal(limit)


def rose(was, now):
    return number(was) is not None and above(now, was.value)


EXPRS = {
    "state.amount > 20000": lambda before, state, event: above(at(state, "amount"), 20000),
    'has(state.open[1])': lambda before, state, event: at(state, "open", 1) is not None,
    'state.counts["W_Nabellen offertes"] > before.counts["W_Nabellen offertes"]': lambda before, state, event: rose(at(before, "counts", "W_Nabellen offertes"), at(state, "counts", "W_Nabellen offertes")),
    'event.type == "A_DECLINED" && state.counts.A_DECLINED >= 1': lambda before, state, event: event["type"] == "A_DECLINED" and above(at(state, "counts", "A_DECLINED"), "0.99"),
    "state.due < 0": lambda before, state, event: number(at(state, "due")) is not None and number(at(state, "due")) < 0,
    "state.due != before.due": lambda before, state, event: not same(at(state, "due"), at(before, "due")),
    "has(state.address.city) && !has(before.address.city)": lambda before, state, event: at(state, "address", "city") is not None and at(before, "address", "city") is None,
    'state.items[0].sku == "s1" || state.note like "*o*"': lambda before, state, event: at(state, "items", 0, "sku") == "s1" or (isinstance(at(state, "note"), str) and "o" in at(state, "note")),
}


def who(event):
    out = {k: event[k] for k in ("position", "id", "stream", "version", "type", "recordedAt", "effectiveAt") if k in event}
    actor = event.get("metadata", {}).get("actor")
    if isinstance(actor, str):
        out["actor"] = actor
    if event.get("late"):
        out["late"] = True
    return out


def mark_late(events):
    """An event is late when it took effect before one that stands before it in its stream."""
    latest = ""
    for e in events:
        e["late"] = took_effect(e) < latest
        latest = max(latest, took_effect(e))


def instant(text):
    """A time as text whose order is that of time."""
    seconds, _, fraction = text.rstrip("Z").partition(".")
    return seconds + "." + fraction.ljust(6, "0")


def took_effect(event):
    return instant(event.get("effectiveAt", event["recordedAt"]))


def effective(events, time):
    """The events that hold at a time, in the order in which they took effect."""
    gone = {}
    for e in events:
        names = e.get("metadata", {}).get("supersedes", [])
        for name in names if isinstance(names, list) else [names]:
            gone[name] = int(e["position"].text)
    hold = [e for e in events if took_effect(e) <= instant(time) and not gone.get(e.get("id"), 0) > int(e["position"].text)]
    return sorted(hold, key=lambda e: (took_effect(e), int(e["position"].text)))


def follow(fold, events):
    """Yields each event with the state before and after it, its changes, and who is to blame by then."""
    state, was, blame, removed = None, {}, {}, {}
    for e in events:
        before = copy(state)
        state, _ = fold(copy(state), e)
        now = leaves(state)
        did = changes(was, now)
        for c in did:
            if c["op"] == "remove":
                blame.pop(c["path"], None)
                removed[c["path"]] = dict(path=c["path"], value=c["old"], **who(e))
            else:
                blame[c["path"]] = dict(path=c["path"], value=c["new"], **who(e))
                removed.pop(c["path"], None)
        was = now
        yield e, before, copy(state), did, blame, removed


def in_order(blame):
    return [blame[path] for path in sorted(blame)]


def answer(fold, events, plan):
    mark_late(events)
    out = {"versions": [], "flips": {x: [] for x in plan["exprs"]}, "picks": {p: [] for p in plan["paths"]}, "effective": []}
    held = {x: False for x in plan["exprs"]}
    for e, before, state, did, blame, removed in follow(fold, events):
        out["versions"].append({"version": e["version"], "state": state, "changes": did, "blame": in_order(blame), "removed": in_order(removed)})
        for x in plan["exprs"]:
            holds = bool(EXPRS[x](before, state, e))
            if holds != held[x]:
                out["flips"][x].append({"position": e["position"], "to": holds})
            held[x] = holds
        for p in plan["paths"]:
            if any(c["path"] == p or c["path"].startswith(p + "/") for c in did):
                out["picks"][p].append(e["position"])
    for time in plan["times"]:
        last = None
        for last in follow(fold, effective(events, time)):
            pass
        out["effective"].append({"at": time, "state": last[2] if last else None, "blame": in_order(last[4]) if last else []})
    return out


def main():
    plan = json.load(sys.stdin)
    wanted = {name: [] for name in plan["streams"]}
    with open(sys.argv[1], encoding="utf-8") as lines:
        for line in lines:
            event = read(line)
            if event.get("stream") in wanted:
                wanted[event["stream"]].append(event)
    for name, events in wanted.items():
        print(write(dict(answer(FOLDS[plan["fold"]], events, plan), stream=name)))


main()
