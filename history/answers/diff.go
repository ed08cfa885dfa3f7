package answers

import (
	"context"
	"errors"
	"strconv"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/reducer"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// Points looks up what is compared: one range, or two addresses of streams and tags, or of the whole store.
func (q *Question) Points(ctx context.Context, texts ...string) (from, to history.Selection, err error) {
	if len(texts) == 1 {
		return q.ends(ctx, texts[0])
	}
	both := [2]history.Selection{}
	for i, text := range texts {
		if text == "" {
			return from, to, usageHint("", "the name of a state is empty")
		}
		if both[i], err = q.LookUp(ctx, text); err != nil {
			return from, to, err
		}
		if both[i].Range {
			return from, to, usageHint("gesta diff "+text+" compares its ends", "%s is a range: it stands alone", text)
		}
	}
	if from, to = both[0], both[1]; (from.Subject == history.WholeStore) != (to.Subject == history.WholeStore) {
		return from, to, usageHint("write the name on both sides: order-42@3 order-42@7",
			"%s and %s cannot be compared: one is a point of the whole store", texts[0], texts[1])
	}
	return from, to, nil
}

// ends looks up the ends of a range.
func (q *Question) ends(ctx context.Context, text string) (from, to history.Selection, err error) {
	to, err = q.LookUp(ctx, text)
	if left, right, ok := history.CutRange(text); errors.Is(err, store.ErrInvalid) && ok && left != "" && right != "" {
		return q.Points(ctx, left, right) // a range has one subject, a difference may have two
	}
	if err == nil && (text == "" || !to.Range) {
		err = usageHint("gesta diff A B, or gesta diff A..B such as order-42@3..7", "diff takes two points, and %q is one", text)
	}
	from = to
	from.Until, to.After = to.After, 0
	return from, to, err
}

// DiffOptions say how two points are compared, if they may be: it returns errors as of [Question.MayFold]. The identity of their reducers goes into the basis.
func (q *Question) DiffOptions(ctx context.Context, from, to history.Selection, p *Part) (o history.DiffOptions, err error) {
	if err := q.MayFold(ctx, from, to); err != nil {
		return o, err
	}
	q.Basis.Reducer, err = q.IdentityOf(ctx, from, to)
	return history.DiffOptions{StateOptions: q.StateOptions(), ArrayKey: p.ArrayKey, Path: p.Path}, err
}

// AppendStorePoints appends the members that stand before the items of a document about the whole store, each with a comma at its end.
func AppendStorePoints(dst []byte, from, to store.Position) []byte {
	dst = strconv.AppendUint(append(dst, `"from":{"position":`...), uint64(from), 10)
	dst = strconv.AppendUint(append(dst, `},"to":{"position":`...), uint64(to), 10)
	return append(dst, `},`...)
}

// AppendDifference appends an item.
func AppendDifference(dst []byte, d *history.Difference) []byte {
	dst = AppendPlace(append(dst, `{"from":`...), &d.From)
	dst = AppendPlace(append(dst, `,"to":`...), &d.To)
	dst = strconv.AppendUint(append(dst, `,"events":`...), d.Events, 10)
	dst = append(AppendIgnored(append(dst, ','), d.Ignored), `"changes":`...)
	return append(AppendChanges(dst, d.Changes), '}')
}

// AppendTruncated appends, behind the items, how many streams were left out because their first events were truncated away; nothing of none.
func AppendTruncated(dst []byte, streams int) []byte {
	if streams == 0 {
		return dst
	}
	return strconv.AppendInt(append(dst, `,"truncatedStreams":`...), int64(streams), 10)
}

// AppendPlace appends a point in the history of a stream or a tag.
func AppendPlace(dst []byte, p *history.Place) []byte {
	if p.Stream != "" {
		dst = eventjson.AppendString(append(dst, `{"stream":`...), p.Stream)
	} else {
		dst = eventjson.AppendString(append(dst, `{"target":`...), p.Target)
	}
	dst = strconv.AppendUint(append(dst, `,"version":`...), p.Version, 10)
	dst = strconv.AppendUint(append(dst, `,"position":`...), uint64(p.Position), 10)
	return append(dst, '}')
}

// AppendChanges appends a list of changes.
func AppendChanges(dst []byte, changes []reducer.Change) []byte {
	dst = append(dst, '[')
	for i := range changes {
		c := &changes[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, `{"op":"`...), c.Op()...), `","path":`...)
		dst = eventjson.AppendPath(dst, c.Path)
		if c.Old != nil {
			dst = append(append(dst, `,"old":`...), c.Old...)
		}
		if c.New != nil {
			dst = append(append(dst, `,"new":`...), c.New...)
		}
		dst = append(dst, '}')
	}
	return append(dst, ']')
}
