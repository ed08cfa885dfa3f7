"""Runs the same random histories against two servers through UmaDB's official client and compares every answer and error.

Each line of standard input is a task: {"seed", "histories", "real", "ours"} with two addresses of servers that have just been started on
empty stores. Each line of standard output says what came of one: {"counts": {...}, "differences": [...]}.
"""

import json
import random
import sys
import threading
import uuid

import umadb

TOP = 2**64 - 1
NIL = uuid.UUID(int=0)
TYPES = ["Opened", "Paid", "Closed", "Ünïcode"]
TAGS = ["a", "b", "c:1", "c:2", "日本"]
SOURCES = ["s0", "s1", "s" * 255]
BATCHES = [None, 1, 2, 7, 4096, 100_000]

# What gesta's contract refuses of names: see the package doc of server/umadb.
REFUSED_TERMS = ["", "x" * 1025, "new\nline", "nul\x00"]


class Side:
    """One server, with a client for each size of batches."""

    def __init__(self, url):
        self.url = url
        self.connect()

    def connect(self):
        self.clients = {size: umadb.Client(self.url, batch_size=size) for size in BATCHES}

    def client(self, size=None):
        return self.clients[size]


def shown(event):
    """What a client sees of a recorded event."""
    e, t = event.event, event.tracking_info
    return [
        event.position, e.event_type, list(e.tags), e.data.hex(), str(e.uuid), sorted(e.metadata.items()),
        None if t is None else [t.source, t.position],
    ]


def normal(error):
    """The class and message of an error, without what each server says of the event that broke a condition."""
    name, text = type(error).__name__, str(error)
    mark = "condition failed:"
    if mark in text and "non-increasing" not in text:
        text = text[: text.index(mark) + len(mark)]
    return ["error", name, text]


def outcome(call):
    try:
        return ["ok", call()]
    except Exception as error:  # every class of error is compared
        return normal(error)


class History:
    """One random history on both servers."""

    def __init__(self, seed, real, ours, counts, differences):
        self.rng = random.Random(seed)
        self.seed = seed
        self.real, self.ours = real, ours
        self.counts, self.differences = counts, differences
        self.head = real.client().head() or 0
        self.ids = []  # of events appended in this history
        self.last = None  # the last append, to repeat it
        self.steps = []

    def count(self, name, n=1):
        self.counts[name] = self.counts.get(name, 0) + n

    def compare(self, name, call):
        """Makes the call on both servers and notes a difference. It returns the real server's answer."""
        self.count(name)
        a, b = outcome(lambda: call(self.real)), outcome(lambda: call(self.ours))
        if a[0] == "error" and "header_list_way_too_large" in a[2]:
            # What the real server says after "condition failed:" has the whole query in it and is too long to arrive; the client gives up the
            # connection.
            self.count("allowed: message after condition failed:")
            self.real.connect()
            a = ["error", "IntegrityError", "integrity error: condition failed:"]
        if a != b:
            self.differ(name, a, b)
        if a[0] == "error":
            self.count("error " + a[1])
        return a

    def differ(self, name, a, b):
        self.differences.append({"seed": self.seed, "step": name, "real": a, "ours": b, "steps": self.steps[-8:]})

    # What requests are made of.

    def term_list(self, terms, most):
        return [self.rng.choice(terms) for _ in range(self.rng.randrange(most + 1))]

    def item(self):
        return umadb.QueryItem(types=self.term_list(TYPES, 2), tags=self.term_list(TAGS, 2))

    def query(self):
        r = self.rng.random()
        if r < 0.1:
            return None
        if r < 0.15:
            return umadb.Query([])
        return umadb.Query([self.item() for _ in range(self.rng.choice([1, 1, 1, 2, 3]))])

    def position(self):
        near = max(self.head + self.rng.randrange(-5, 4), 0)
        return self.rng.choice([None, 0, 1, near, near, near, self.head, 2**40, 2**53, TOP - 1])

    def data(self):
        return self.rng.choice([b"", b'{"n": 1}', b"\x00" * 16, self.rng.randbytes(self.rng.randrange(40)), b" null "])

    def metadata(self):
        if self.rng.random() < 0.5:
            return None
        keys = ["k", "actor", "umadb", "", "correlationId", "$causationId", "quote\"\\", "ключ", "tab\t\x00"]
        values = ["", "v", "line\n\u2028", "\U0001F600", "</script>", '{"json":1}']
        return {self.rng.choice(keys): self.rng.choice(values) for _ in range(self.rng.randrange(1, 5))}

    def id(self, keyed):
        r = self.rng.random()
        if not keyed and r < 0.3:
            return None
        if r < 0.4 and self.ids:
            return self.rng.choice(self.ids)
        return uuid.UUID(int=self.rng.getrandbits(128))

    def event(self, keyed=False):
        e = umadb.Event(self.rng.choice(TYPES), self.data(), self.term_list(TAGS, 3), self.id(keyed), self.metadata())
        if e.uuid is not None:
            self.ids.append(e.uuid)
        return e

    def events(self):
        keyed = self.rng.random() < 0.5  # an append is known again only when all its events have ids
        return [self.event(keyed) for _ in range(self.rng.choice([1, 1, 1, 2, 3]))]

    def matching(self, events):
        """A condition that all these events break."""
        types = sorted({e.event_type for e in events})
        return umadb.AppendCondition(umadb.Query([umadb.QueryItem(types=types)]), self.head)

    def condition(self):
        if self.rng.random() < 0.25:
            return None
        r = self.rng.random()
        after = self.head if r < 0.2 else self.position() if r < 0.6 else self.rng.choice([None, 0, max(self.head - 4, 0)])
        return umadb.AppendCondition(self.query() or umadb.Query([]), after)

    def tracking(self):
        if self.rng.random() < 0.8:
            return None
        source = self.rng.choice(SOURCES)
        last = self.real.client().get_tracking_info(source) or 0
        return umadb.TrackingInfo(source, max(last + self.rng.choice([-1, 0, 1, 1, 1, 5]), 1))

    # What is done.

    def append(self):
        self.last = [self.events(), self.condition(), self.tracking()]
        if self.rng.random() < 0.2:
            self.last[1] = self.matching(self.last[0])
        if self.rng.random() < 0.05:
            self.last[0] = []
            self.last[1] = None  # the real server does not outlive a condition that fails without events
        self.send()

    def repeat(self):
        """The last append again: as it was, or with its events in another order, fewer or more of them."""
        if self.last is None:
            return
        events, condition, tracking = self.last
        r = self.rng.random()
        if r < 0.2 and len(events) > 1:
            events = events[::-1]
        elif r < 0.3:
            events = events[: len(events) // 2] or events
        elif r < 0.4:
            events = events + [self.event()]
        if condition is not None and not events:
            return
        self.last = [events, condition, tracking if self.rng.random() < 0.3 else None]
        self.send()

    def send(self):
        events, condition, tracking = self.last
        if any(e.uuid == NIL for e in events):
            return
        self.steps.append(f"append {events} {condition} {tracking}")
        a = self.compare("append", lambda s: s.client().append(events, condition, tracking))
        if condition is not None:
            self.count("condition")
            if a[0] == "error" and "non-increasing" not in a[2]:
                self.count("condition failed")
            elif a[0] == "ok" and events and a[1] <= self.head:
                self.count("known again")
        if a[0] == "error" and "non-increasing" in a[2]:
            self.count("tracking refused")
        if a[0] == "ok":
            self.head = max(self.head, a[1])

    def read(self):
        query, start, backwards = self.query(), self.position(), self.rng.random() < 0.4
        limit = self.rng.choice([None, None, 0, 1, 2, 3, 10, 2**32 - 1])
        size = self.rng.choice(BATCHES)
        if backwards and start is not None and start >= 2**63:
            start = None
        self.steps.append(f"read {query} start={start} backwards={backwards} limit={limit} batch={size}")
        how = self.rng.choice(["events", "head", "batches"])

        def call(side):
            r = side.client(size).read(query, start, backwards, limit)
            if how == "events":
                return [shown(e) for e in r]
            if how == "head":
                events, head = r.collect_with_head()
                return [[shown(e) for e in events], head]
            batches = []
            while batch := r.next_batch():
                batches.append([shown(e) for e in batch])
            return [batches, r.head()]

        self.count("read limit 0", limit == 0)
        self.count("read backwards", backwards)
        self.compare("read", call)

    def subscribe(self):
        """Takes what a subscription has up to the head, and then events that are appended while it waits."""
        query, after, size = self.query(), self.rng.choice([None, 0, self.head, max(self.head - 3, 0)]), self.rng.choice(BATCHES)
        there = [e.position for e in self.real.client().read(query) if e.position > (after or 0)]
        types = query.items[0].types if query is not None and getattr(query, "items", None) else []
        new = [umadb.Event((types or TYPES)[0], b"live", TAGS, None, None) for _ in range(2)]
        self.steps.append(f"subscribe {query} after={after} batch={size}")

        def call(side):
            s = side.client(size).subscribe(query, after)
            seen = [shown(next(s)) for _ in there]
            last = side.client().append(new)
            matching = [e.position for e in side.client().read(query, last - 1)]
            seen += [shown(next(s)) for _ in matching]
            s.cancel()
            return seen + [last]

        a = self.compare("subscribe", call)
        if a[0] == "ok":
            self.head = a[1][-1]

    def heads(self):
        self.compare("head", lambda s: s.client().head())
        service = self.rng.choice(["", "umadb.v1.DCB"])
        self.compare("health", lambda s: str(s.client().check_health(service)))
        source = self.rng.choice(SOURCES + ["unknown", "", "s" * 300])
        self.compare("tracking", lambda s: s.client().get_tracking_info(source))

    def refused(self):
        """Requests that both servers refuse."""
        long_source = umadb.TrackingInfo("s" * 256, 1)
        events = self.events()
        self.steps.append("refused")
        self.compare("refused", lambda s: s.client().append(events, None, long_source))

    def big_query(self):
        """A thousand items, as adapters make them for an append of a thousand events."""
        items = [umadb.QueryItem(types=[], tags=[f"id:{self.rng.randrange(10**6)}", f"v:{i}"]) for i in range(999)]
        items.append(self.item())
        query = umadb.Query(items)
        self.count("thousand items")
        self.steps.append("thousand items")
        if self.rng.random() < 0.5:
            self.compare("read", lambda s: [shown(e) for e in s.client().read(query, limit=20)])
        else:
            self.last = [self.events(), umadb.AppendCondition(query, self.position()), None]
            self.send()

    def race(self):
        """Two clients at once on each server: all append the same event under a condition that one append breaks for all others."""
        tag = f"race:{self.rng.getrandbits(40)}"
        condition = umadb.AppendCondition(umadb.Query([umadb.QueryItem(tags=[tag])]), None)
        event = umadb.Event("Raced", b"", [tag], None, None)
        rounds = self.rng.randrange(1, 4)
        self.steps.append("race")

        def call(side):
            outcomes = []

            def run(client):
                for _ in range(rounds):
                    o = outcome(lambda: client.append([event], condition))
                    outcomes.append(o if o[0] == "error" else ["ok"])

            threads = [threading.Thread(target=run, args=(side.client(size),)) for size in BATCHES[:2]]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            return [sorted(outcomes), side.client().head()]

        a = self.compare("race", call)
        if a[0] == "ok":
            self.head = a[1][1]

    # The differences that are allowed, each by its name.

    def allowed(self, name, call, real, ours):
        """Notes a difference from what the two servers are allowed to answer; a server that may not be asked has None."""
        self.count("allowed: " + name)
        for side, want in ((self.real, real), (self.ours, ours)):
            if want is not None:
                got = outcome(lambda side=side: call(side))
                if got[: len(want)] != want:
                    self.differ("allowed: " + name, ["wanted"] + want, got)

    def allowed_cases(self):
        events = [umadb.Event("T", b"", ["a"], None, None)]
        refusal, conflict = ["error", "ValueError"], ["error", "IntegrityError"]
        doomed = umadb.AppendCondition(umadb.Query([]), None)
        term = self.rng.choice(REFUSED_TERMS)
        bad = self.rng.choice([[umadb.Event(term, b"", [], None, None)], [umadb.Event("T", b"", [term], None, None)]])
        case = self.rng.randrange(6)
        if case == 0:  # the contract refuses names, once the condition held
            self.allowed("refused name", lambda s: s.client().append(bad), None, refusal)
            if self.head > 0:
                self.compare("append", lambda s: s.client().append(bad, doomed))
        elif case == 1:  # as a term of a query they match nothing
            item = self.rng.choice([umadb.QueryItem(types=[term]), umadb.QueryItem(tags=[term, "a"])])
            query = self.rng.choice([umadb.Query([item]), umadb.Query([item, self.item()])])
            self.compare("refused term", lambda s: [shown(e) for e in s.client().read(query)])
            self.last = [self.events(), umadb.AppendCondition(query, None), None]
            self.send()
        elif case == 2:
            position = self.rng.choice([0, 2**53, TOP])
            self.allowed("tracking position", lambda s: s.client().append(events, None, umadb.TrackingInfo("odd", position)), None, refusal)
            source = self.rng.choice(["", "new\nline"])
            self.allowed("refused source", lambda s: s.client().append(events, None, umadb.TrackingInfo(source, 1)), None, refusal)
        elif case == 3:
            large = [umadb.Event("T", b"", ["x" * 1000] * 5, None, None)]
            self.allowed("page", lambda s: s.client().append(large), refusal, None)
        elif case == 4 and self.head > 0:  # an id of each, so that neither server appends
            condition = umadb.AppendCondition(umadb.Query([]), TOP)
            self.allowed("after 2^64-1", lambda s: s.client().append(events, condition), conflict, None)
        elif case == 5:
            # Of two events with the nil uuid under one condition, the real server takes the second for the first.
            tag = f"nil:{self.rng.getrandbits(40)}"
            condition = umadb.AppendCondition(umadb.Query([umadb.QueryItem(tags=[tag])]), None)
            nil = [umadb.Event("T", b"", [tag], NIL, None)]
            self.compare("append", lambda s: s.client().append(nil, condition))
            self.head = self.real.client().head()
            self.allowed("nil uuid", lambda s: s.client().append(nil, condition), ["ok", self.head], conflict)

    def run(self):
        steps = [
            (self.append, 10), (self.repeat, 5), (self.read, 8), (self.heads, 2), (self.subscribe, 1), (self.refused, 0.4),
            (self.big_query, 0.3), (self.race, 0.3), (self.allowed_cases, 0.7),
        ]
        for _ in range(self.rng.randrange(4, 9)):
            [step] = self.rng.choices([s for s, _ in steps], [w for _, w in steps])
            step()
            if self.differences:
                return


def run(task):
    counts, differences = {}, []
    real, ours = Side(task["real"]), Side(task["ours"])
    for i in range(task["histories"]):
        History(task["seed"] * 1_000_000 + i, real, ours, counts, differences).run()
        counts["histories"] = counts.get("histories", 0) + 1
        if differences:
            break
    return {"counts": counts, "differences": differences}


def main():
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)


main()
