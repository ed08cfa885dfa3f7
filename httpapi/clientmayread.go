package httpapi

import (
	"context"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// MayRead asks the server whether its caller may read everything that matches q: see [store.MayReader]. It is one request, a read of nothing. A server that does not know
// the question is an error too: what it leaves out cannot be told.
func (c *Client) MayRead(ctx context.Context, q store.Query) error {
	if err := q.Validate(); err != nil {
		return err
	}
	rd := &remoteRead{
		r: &c.remote, ctx: ctx, q: q, o: store.ReadOptions{After: store.MaxPosition, Whole: true},
		yield: func(store.Recorded, error) bool { return true },
	}
	err := rd.run()
	if err == nil {
		return nil
	}
	err = public(c.failed(ctx, err))
	if told := eventjson.Describe(err); told.Code == eventjson.CodeUsage { // it does not take the member whole
		return &eventjson.Error{
			Code: eventjson.CodeUsage, Message: "the server is older than this program and does not say whether everything may be read that the answer rests on: " + told.Message,
			Hint: "update the server; gesta log shows events all the same",
		}
	}
	return err
}
