package httpapi

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/gestadb/gesta/history/answers"
	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// FoldOptions configure the routes that answer from states. The zero value works.
type FoldOptions struct {
	// Rules returns the rules by which a request folds: name is what it names, empty for a request that leaves the choice to the server. A name
	// is a single one, never a path. It returns [store.ErrNotFound] for a name that there is not. Defaults to merge patches for everything, and no names.
	Rules func(ctx context.Context, name string) (answers.Rules, error)

	// Clock says what now is to addresses such as order-42@{yesterday}. Times that name no zone are UTC. Defaults to [time.Now].
	Clock func() time.Time

	// MaxReadTime bounds how long an answer is worked at; one that takes longer is an error of the code timeout. Defaults to 5 minutes.
	MaxReadTime time.Duration

	// Walks bounds how many answers are worked at at once, together with those of others that have the same one; one more waits, which counts as working at it, and is then an
	// error of the code rateLimited. Defaults to one of its own, as [NewWalks] makes it of 0.
	Walks *Walks

	// MaxAnswerBytes bounds a document, which is held in memory until it is whole; for a longer one the answer is an error of the code tooLarge. Defaults to
	// 64 MiB.
	MaxAnswerBytes int

	// MaxHeldBytes bounds the documents of all answers that are being sent; one more is an error of the code rateLimited. Defaults to 256 MiB, and is never below
	// MaxAnswerBytes.
	MaxHeldBytes int64

	// WriteTimeout is how long a reader may take for a piece of an answer. Defaults to 30 seconds.
	WriteTimeout time.Duration
}

// Folds returns the routes of state, diff and blame, for [Options].Routes. Each answers with the document that the command of its name prints with
// --json. What is folded from events that the caller may not read is denied: see [answers.Question.MayFold].
func Folds(o FoldOptions) []Route {
	def(&o.MaxReadTime, 5*time.Minute)
	def(&o.MaxAnswerBytes, 64<<20)
	def(&o.MaxHeldBytes, 256<<20)
	o.MaxHeldBytes = max(o.MaxHeldBytes, int64(o.MaxAnswerBytes))
	def(&o.WriteTimeout, 30*time.Second)
	if o.Walks == nil {
		o.Walks = NewWalks(0)
	}
	if o.Clock == nil {
		o.Clock = time.Now //nolint:forbidigo // the default of an option is the one place where the clock comes from
	}
	if o.Rules == nil {
		o.Rules = mergePatchAlone
	}
	f := &folds{o: o, sending: newBudget(o.MaxHeldBytes, 0)}
	return []Route{
		{Method: http.MethodGet, Path: "/v1/state", Name: "state", Describe: foldOperation("state"), Needs: RightRead, Handle: f.route(f.state)},
		{Method: http.MethodGet, Path: "/v1/diff", Name: "diff", Describe: foldOperation("diff"), Needs: RightRead, Handle: f.route(f.diff)},
		{Method: http.MethodGet, Path: "/v1/blame", Name: "blame", Describe: foldOperation("blame"), Needs: RightRead, Handle: f.route(f.blame)},
	}
}

// foldOperations are the descriptions of the routes by their names.
//
//go:embed folds.json
var foldOperations []byte

// foldOperation returns the description of a route.
func foldOperation(name string) jsontext.Value {
	var operations map[string]jsontext.Value
	_ = json.Unmarshal(foldOperations, &operations) // it is JSON: a test reads it
	return operations[name]
}

// mergePatchAlone is the rules of those who have no others.
func mergePatchAlone(_ context.Context, name string) (answers.Rules, error) {
	if name != "" {
		return nil, &eventjson.Error{Code: eventjson.CodeNotFound, Message: fmt.Sprintf("there is no reducer %q", name), Hint: "there is mergepatch"}
	}
	return answers.One{Reducer: reducer.MergePatch()}, nil
}

// folds answers from states.
type folds struct {
	o       FoldOptions
	sending *budget
}

// route returns what handles a request with what makes the document of its answer.
func (f *folds) route(document func(context.Context, *parameters, store.Store) ([]byte, error)) func(http.ResponseWriter, *http.Request, store.Store) error {
	return func(w http.ResponseWriter, r *http.Request, s store.Store) error {
		p, err := query(r)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeoutCause(r.Context(), f.o.MaxReadTime, &eventjson.Error{
			Code: eventjson.CodeTimeout, Message: fmt.Sprintf("the answer took longer than %s", f.o.MaxReadTime),
			Hint: "ask about fewer events",
		})
		defer cancel()
		var doc []byte
		err = f.o.Walks.during(ctx, func() (err error) { // while it is sent it takes no place, which a slow reader would keep
			doc, err = document(ctx, p, s)
			return err
		})
		switch {
		case passedOver(err):
			return err
		case err != nil && ctx.Err() != nil: // whatever it says
			return because(ctx, ctx.Err())
		case err != nil:
			return err
		}
		if err := f.fits(doc); err != nil {
			return err
		}
		n := int64(len(doc))
		if _, ok := f.sending.try(n); !ok {
			return crowded()
		}
		defer f.sending.give(n)
		return f.send(w, append(doc, '\n'))
	}
}

// send writes a document piece by piece, so that a slow reader of a long one is not cut off.
func (f *folds) send(w http.ResponseWriter, doc []byte) error {
	w.Header().Set("Content-Type", jsonType)
	w.Header().Set("Content-Length", fmt.Sprint(len(doc)))
	o := &outlet{w: w, rc: http.NewResponseController(w), timeout: f.o.WriteTimeout}
	for len(doc) > 0 {
		n := min(len(doc), 16*pieceBytes)
		if err := o.send(doc[:n]); err != nil {
			return err
		}
		doc = doc[n:]
	}
	return nil
}

// fits refuses a document that is too long.
func (f *folds) fits(doc []byte) error {
	if len(doc) <= f.o.MaxAnswerBytes {
		return nil
	}
	return &eventjson.Error{
		Code: eventjson.CodeTooLarge, Message: fmt.Sprintf("the answer has more than %d bytes", f.o.MaxAnswerBytes),
		Hint: "ask for a part of it, with path",
	}
}
