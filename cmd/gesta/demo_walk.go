package main

import "fmt"

// walk shows what the commands can do, on the history with one wrong value.
func (w *demoWalk) walk() {
	w.takeIn()
	w.lookAround()
	w.appendAndGuard()
	w.travel()
	w.findTheWrongValue()
	w.putItRight()
}

func (w *demoWalk) takeIn() {
	w.say("%s", w.h.intro)
	w.run("init")
	w.run("import", "ndjson", w.h.file)
	w.run("stats")
}

func (w *demoWalk) lookAround() {
	w.say("What happened last, what kinds of things happen, and to what?")
	w.run("log", "--oneline", "-n", "5")
	w.run("types")
	w.run("streams", "--limit", "5")
	w.say("All that happened to one of them, and what it adds up to: the state is folded from its events.")
	w.run("log", w.h.target, "--oneline", "-n", "8")
	w.run("state", w.h.target)
}

func (w *demoWalk) appendAndGuard() {
	w.say("Appending. A guard says what must be true for the event to be written: here, that the stream does not exist yet.")
	trip := []string{"append", "trip-lisbon", "--type", "TripBooked", "--data", `{"seats":2}`, "--actor", "ada", "--expect", "none"}
	w.run(trip...)
	w.say("Whoever decides on what was true a moment ago is refused, is told what happened, and nothing is written.")
	w.expect(exitConflict, trip...)
	w.say("A guard can be a query over the whole store: an address signs up once, whatever the stream.")
	query := "type=SignedUp tag=email:ada@example.com"
	w.run("append", "user-1", "--type", "SignedUp", "--tag", "email:ada@example.com", "--if-none", query)
	w.expect(exitConflict, "append", "user-2", "--type", "SignedUp", "--tag", "email:ada@example.com", "--if-none", query)
	w.say("A key makes it safe to try again: the second time answers the first result.")
	pay := []string{"append", "trip-lisbon", "--type", "TripPaid", "--data", `{"paid":540}`, "--key", "payment-77"}
	w.run(pay...)
	w.run(pay...)
}

func (w *demoWalk) travel() {
	w.say("Every state that ever was is still there: by time, by version, by what came before.")
	w.run("at", w.h.before, w.h.target)
	w.run("state", w.h.target+"@1")
	w.run("show", w.h.target+"@1")
}

func (w *demoWalk) findTheWrongValue() {
	m := w.h.member
	w.say("Something is wrong in this history. %s Since when is that not so, in whatever stream?", w.h.wrong)
	w.run("bisect", "--expr", "state."+m+" < 0")
	first := fmt.Sprintf("%s@%d", w.h.target, w.h.planted)
	w.say("Since %s. Which event made each part of that state what it is, and who was it?", first)
	w.run("blame", first)
	w.say("What did that event change, and what does it say?")
	w.run("diff", fmt.Sprintf("%s@%d..%d", w.h.target, w.h.planted-1, w.h.planted))
	w.run("show", first)
	w.say("What led to it, and what came of it before anybody saw it?")
	w.run("trace", first)
}

func (w *demoWalk) putItRight() {
	w.say("History is not rewritten. An event puts it right, and what was believed until now can still be asked for.")
	w.run("append", w.h.target, "--type", w.h.repairs, "--data", w.h.repair, "--actor", "you", "--expect", "exists")
	w.run("state", w.h.target, "--path", w.h.member)
	w.run("state", w.h.target+"~1", "--path", w.h.member)
	w.say("Is every byte what was written?")
	w.run("check")
}

// farewell says what to try next.
func (w *demoWalk) farewell(kept bool) {
	text := `What to try next:

  gesta init                                make a store of your own
  gesta append order-42 --type OrderPlaced --data '{"due":38.5}'
  gesta log --follow                        watch it from another terminal
  gesta export ndjson | gzip > all.gz       everything, as text; gesta import ndjson reads it back
  gesta import csv FILE --help              take in a history that you have
  gesta bench                               how fast is this machine?
`
	if kept {
		text = fmt.Sprintf("The store is in %s:\n\n  cd %s && gesta log\n\n", w.dir, shellQuote(w.dir)) + text
	} else {
		text += "\nThe store of this walk is removed; gesta demo --dir DIR leaves one to play with.\n"
	}
	_, w.err = fmt.Fprint(w.e.stdout, text)
}
