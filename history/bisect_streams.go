package history

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/gestadb/gesta/store"
)

// Glob is a pattern for names of streams: * stands for any characters or none, ? for one, and a backslash takes the next character as it is. The empty Glob matches every name.
type Glob string

// IsGlob says whether a text has a * or a ? in it, and so may be meant as a pattern.
func IsGlob(text string) bool { return strings.ContainsAny(text, "*?") }

// Match says whether all of a name matches.
func (g Glob) Match(name string) bool {
	if g == "" {
		return true
	}
	pattern, retry, from := string(g), "", -1 // where to go on after the last *, and from where in the name
	for i := 0; i < len(name) || pattern != ""; {
		if strings.HasPrefix(pattern, "*") {
			pattern = pattern[1:]
			retry, from = pattern, i
			continue
		}
		if n, rest := matchOne(pattern, name[i:]); n > 0 {
			i, pattern = i+n, rest
			continue
		}
		if from < 0 || from >= len(name) {
			return false
		}
		_, n := utf8.DecodeRuneInString(name[from:])
		from += n
		pattern, i = retry, from
	}
	return true
}

// matchOne matches the first character of a pattern that begins with no * and returns how long that is in the name, 0 for none, and the rest of the pattern.
func matchOne(pattern, name string) (n int, rest string) {
	if pattern == "" || name == "" {
		return 0, ""
	}
	_, size := utf8.DecodeRuneInString(name)
	if pattern[0] == '?' {
		return size, pattern[1:]
	}
	if pattern[0] == '\\' && len(pattern) > 1 {
		pattern = pattern[1:]
	}
	if rest, ok := strings.CutPrefix(pattern, name[:size]); ok {
		return size, rest
	}
	return 0, ""
}

// Prefix returns how all names begin that match.
func (g Glob) Prefix() string {
	end := strings.IndexAny(string(g), `*?\`)
	if end < 0 {
		return string(g)
	}
	return string(g[:end])
}

// BisectStreams is [Bisect] of every stream whose name matches the pattern and that has an event after one position and up to another, system streams only where the pattern begins with $.
// Streams whose first events were truncated away are left out, and counted; it returns [store.ErrTruncated] where events after a position other than 0 were.
// It folds as many streams at a time as there are workers, and holds a state for each of them, the flips that it keeps or their places, and for the past, and where after is not 0, names of streams
// of 16 MiB.
func BisectStreams(ctx context.Context, s store.Store, g Glob, after, until store.Position, c *Condition, o BisectOptions) (*Bisection, error) {
	b, err := newBisector(c, o)
	if err != nil {
		return nil, err
	}
	if until, err = o.Known.Bound(ctx, s, until); err != nil {
		return nil, err
	}
	if after > 0 {
		if err := checkStart(ctx, s, after); err != nil {
			return nil, err
		}
	}
	b.o.Known = Known{} // until has it
	m := &matching{glob: g, after: after, until: until}
	if err := b.foldAll(ctx, s, m); err != nil {
		return nil, err
	}
	if g == "" {
		b.out.Streamless = m.streamless
	}
	return b.result()
}

// foldAll folds the streams that match, several at a time. Where several cannot be folded, the error is that of the first among them.
func (b *bisector) foldAll(ctx context.Context, s store.Store, m *matching) error {
	workers := b.o.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	type turn struct {
		number int
		name   string
	}
	turns := make(chan turn, 2*workers)
	failed := failures{stop: make(chan struct{})}
	var group sync.WaitGroup
	group.Go(func() {
		defer close(turns)
		next := turn{}
		for name, err := range m.names(ctx, s) {
			if err != nil {
				failed.add(next.number, err)
				return
			}
			next.name = name
			select {
			case turns <- next:
			case <-failed.stop: // what comes now stands behind the one that failed
				return
			}
			next.number++
		}
	})
	for range workers {
		group.Go(func() {
			for t := range turns {
				if failed.before(t.number) {
					continue
				}
				if err := b.fold(ctx, s, Selection{Subject: Stream, Name: t.name, After: m.after, Until: m.until}); err != nil {
					failed.add(t.number, err)
				}
			}
		})
	}
	group.Wait()
	return failed.first
}

// failures keeps the error of what came first among all that failed, whichever failed first.
type failures struct {
	stop   chan struct{} // closed when something has failed
	mu     sync.Mutex    // guards what follows
	number int
	first  error
}

func (f *failures) add(number int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.first == nil {
		close(f.stop)
	}
	if f.first == nil || number < f.number {
		f.number, f.first = number, err
	}
}

// before says whether something failed that comes before a number.
func (f *failures) before(number int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.first != nil && f.number < number
}
