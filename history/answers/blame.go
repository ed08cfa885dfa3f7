package answers

import (
	"context"
	"strconv"

	"github.com/gestadb/gesta/history"
	"github.com/gestadb/gesta/store/eventjson"
)

// Blame folds the state of a target and finds who made the part what it is; reverse asks for what was removed from it. The reducer goes into the
// basis. It returns errors as of [Question.MayFold] and [history.FoldBlame], and [store.ErrNotFound] where the state does not have the part.
func (q *Question) Blame(ctx context.Context, t Target, p *Part, reverse bool) (*history.Blame, error) {
	if err := q.MayFold(ctx, t.Selection); err != nil {
		return nil, err
	}
	b, err := history.FoldBlame(ctx, q.Store, t.Selection, history.BlameOptions{
		StateOptions: q.StateOptions(), ArrayKey: p.ArrayKey, Path: p.Path, Reverse: reverse,
	})
	if err != nil {
		return nil, err
	}
	if len(p.Path) > 0 && len(b.Leaves) == 0 && !reverse {
		return nil, p.missing(t)
	}
	q.Basis.Reducer = b.State.Reducer
	return b, nil
}

// AppendBlame appends the members that stand before the items of the document, each with a comma at its end.
func AppendBlame(dst []byte, b *history.Blame) []byte {
	dst = eventjson.AppendString(append(dst, `"target":`...), b.State.Target)
	dst = strconv.AppendUint(append(dst, `,"version":`...), b.State.Version, 10)
	return AppendIgnored(append(dst, ','), b.State.Ignored)
}

// AppendBlamed appends an item.
func AppendBlamed(dst []byte, leaf *history.Blamed) []byte {
	dst = eventjson.AppendPath(append(dst, `{"path":`...), leaf.Path)
	dst = append(append(dst, `,"value":`...), leaf.Value...)
	return append(AppendLate(AppendMention(append(dst, ','), leaf.Event), leaf.Late), '}')
}
