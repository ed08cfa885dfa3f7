// What the events of a loan application amount to: how often each activity came, which work items are open, and the amount that was asked for.

function note(s, e) {
  s.counts[e.eventType] = (s.counts[e.eventType] || 0) + 1;
  if (!e.eventType.startsWith("W_")) return;
  const at = s.open.findIndex((w) => w.item === e.eventType);
  switch (e.data["lifecycle:transition"]) {
    case "SCHEDULE":
      s.open.push({ item: e.eventType, since: e.sequenceNumber });
      break;
    case "START":
      if (at >= 0) s.open[at].by = (e.metadata || {}).actor || null;
      break;
    case "COMPLETE":
      if (at >= 0) s.open.splice(at, 1);
      break;
  }
}

when({
  $init() {
    return { counts: {}, open: [], amount: null };
  },
  $any: note,
  A_SUBMITTED(s, e) {
    note(s, e);
    s.amount = Number(e.data.case.AMOUNT_REQ);
  },
});
