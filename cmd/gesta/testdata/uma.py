"""Fills an UmaDB, or shows what one has, through its official client: uma.py fill|show URL."""

import sys
import uuid

import umadb

NIL = uuid.UUID(int=0)


def fill(client):
    entries = {"k": "v", "": "", "actor": "ada", "import": "x", "umadb": "u", "ü": "\"\\\n\u2028"}
    for n in range(40):
        events = [
            umadb.Event("Opened", data=b'{"n": %d.50}' % n, tags=["a", "c:%d" % n, "日本"], uuid=uuid.uuid4(), metadata=entries),
            umadb.Event("Paid", data=bytes(range(n)), tags=[]),
            umadb.Event("Ünïcode", data=b"", tags=["b"], uuid=NIL, metadata={"": ""}),
        ][: 1 + n % 3]
        tracking = umadb.TrackingInfo("s%d" % (n % 2), 10 * n) if n % 4 and n != 0 else None
        client.append(events, tracking_info=tracking)
    client.append([umadb.Event("Large", data=b"x" * 3_000_000, tags=[]) for _ in range(1)])
    for n in range(60):
        client.append([umadb.Event("Large", data=b"%d" % n * 300_000, tags=[])])


def show(client):
    for e in client.read():
        v, t = e.event, e.tracking_info
        print(e.position, repr(v.event_type), list(v.tags), len(v.data), hash_of(v.data), v.uuid, sorted(v.metadata.items()), t and (t.source, t.position))
    for source in ["s0", "s1", "s2"]:
        print(source, client.get_tracking_info(source))


def hash_of(data):
    import hashlib

    return hashlib.sha256(data).hexdigest()


command, url = sys.argv[1:]
{"fill": fill, "show": show}[command](umadb.Client(url, batch_size=1))
