package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync"

	"github.com/gestadb/gesta/bench/rival"
	"github.com/gestadb/gesta/httpapi"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/eventjson"
)

// commitOf is the append of an event under a condition in gesta's own form.
func commitOf(e *rival.Event, after uint64) store.Commit {
	tags := []string{e.Tag}
	return store.Commit{
		Events: []store.Event{{ID: uuid(&e.ID), Type: e.Type, Tags: tags, Data: e.Data}},
		Guards: []store.Guard{store.NoneMatch{Query: store.Query{{Tags: tags}}, After: store.Position(after)}},
	}
}

// clientLoad appends by one Go client, which as many workers use at once as there are to be connections.
func clientLoad(ctx context.Context, o *Order) (a Answer, err error) {
	c, err := httpapi.Dial(ctx, httpapi.DialOptions{URL: "http://" + o.Target})
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	var requests []func(ctx context.Context) error
	for i := range o.Connections {
		worker := uint64(i) | o.Seed<<32
		var n, after uint64
		e := &rival.Event{}
		requests = append(requests, func(ctx context.Context) error {
			decide(e, worker, n)
			n++
			result, err := c.Append(ctx, commitOf(e, after))
			after = uint64(result.Last)
			return err
		})
	}
	return work(ctx, o, requests)
}

// poster makes the bodies of one worker's requests and looks at the answers.
type poster struct {
	contentType string
	body        func() []byte
	seen        func(answer []byte) error
}

// postLoad posts over one connection a worker.
func postLoad(ctx context.Context, o *Order, of func(o *Order, worker uint64) *poster) (Answer, error) {
	transport := &http.Transport{MaxIdleConnsPerHost: o.Connections, DisableCompression: true}
	defer transport.CloseIdleConnections()
	target := "http://" + o.Target + "/v1/append"
	var requests []func(ctx context.Context) error
	for i := range o.Connections {
		p := of(o, uint64(i)|o.Seed<<32)
		var answer bytes.Buffer
		requests = append(requests, func(ctx context.Context) error {
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(p.body()))
			if err != nil {
				return err
			}
			req.Header.Set("Content-Type", p.contentType)
			resp, err := transport.RoundTrip(req)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			answer.Reset()
			if _, err := answer.ReadFrom(resp.Body); err != nil {
				return err
			}
			if resp.StatusCode != http.StatusOK {
				return fmt.Errorf("%s: %s", resp.Status, answer.Bytes())
			}
			return p.seen(answer.Bytes())
		})
	}
	return work(ctx, o, requests)
}

const jsonType = "application/json"

// jsonAppends are appends as plain JSON.
func jsonAppends(_ *Order, worker uint64) *poster {
	var n, after uint64
	e := &rival.Event{}
	return &poster{
		contentType: jsonType,
		body: func() []byte {
			decide(e, worker, n)
			n++
			c := commitOf(e, after)
			return eventjson.AppendCommit(nil, &c)
		},
		seen: func(answer []byte) (err error) {
			after, err = lastIn(answer)
			return err
		},
	}
}

// lastIn finds the position of the last event in the answer to an append.
func lastIn(answer []byte) (uint64, error) {
	const name = `"last":`
	_, after, found := bytes.Cut(answer, []byte(name))
	digits := 0
	for digits < len(after) && after[digits] >= '0' && after[digits] <= '9' {
		digits++
	}
	if !found || digits == 0 {
		return 0, fmt.Errorf("no position in %s", answer)
	}
	return strconv.ParseUint(string(after[:digits]), 10, 64)
}

// emptyPosts are requests of a length to a server that answers with another.
func emptyPosts(o *Order, _ uint64) *poster {
	body := bytes.Repeat([]byte("x"), o.Body)
	return &poster{contentType: jsonType, body: func() []byte { return body }, seen: func(answer []byte) error {
		if len(answer) != o.Answer {
			return fmt.Errorf("an answer has %d bytes, not %d", len(answer), o.Answer)
		}
		return nil
	}}
}

// sizes appends once in each form through a proxy that looks how long what it hands on is.
func sizes(ctx context.Context, o *Order) (a Answer, err error) {
	target, err := url.Parse("http://" + o.Target)
	if err != nil {
		return a, err
	}
	var mu sync.Mutex
	seen := map[string][2]int{} // by type
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: func(r *http.Response) error {
			mu.Lock()
			defer mu.Unlock()
			if r.Request.Method == http.MethodPost {
				seen[r.Request.Header.Get("Content-Type")] = [2]int{int(r.Request.ContentLength), int(r.ContentLength)}
			}
			return nil
		},
	}
	between := httptest.NewServer(proxy)
	defer between.Close()
	once := Order{Work: o.Work, Target: between.Listener.Addr().String(), Connections: 1, Seed: o.Seed}
	if _, err := clientLoad(ctx, &once); err != nil {
		return a, err
	}
	once.Seed |= 1 << 24 // no other order has it
	if _, err := postLoad(ctx, &once, jsonAppends); err != nil {
		return a, err
	}
	a.Lengths = [2][2]int{seen[httpapi.FramesType], seen[jsonType]}
	for _, l := range a.Lengths {
		if l[0] <= 0 || l[1] <= 0 {
			return a, fmt.Errorf("the lengths of requests and answers are %v", a.Lengths)
		}
	}
	return a, nil
}

// readFrames reads everything by the Go client, again until it has had its time.
func readFrames(ctx context.Context, o *Order) (a Answer, err error) {
	c, err := httpapi.Dial(ctx, httpapi.DialOptions{URL: "http://" + o.Target})
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	return readings(ctx, o, func(ctx context.Context) (events int64, touched byte, err error) {
		for r, err := range c.Read(ctx, nil, store.ReadOptions{}) {
			if err != nil {
				return events, 0, err
			}
			events++
			for i := 0; i < len(r.Data); i += 64 {
				touched ^= r.Data[i]
			}
		}
		return events, touched, nil
	})
}

// readLines reads everything as lines of JSON, and looks for the ends of lines.
func readLines(ctx context.Context, o *Order) (Answer, error) {
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	piece := make([]byte, 256<<10)
	return readings(ctx, o, func(ctx context.Context) (events int64, touched byte, err error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+o.Target+"/v1/read?query=%5B%5D", http.NoBody)
		if err != nil {
			return 0, 0, err
		}
		req.Header.Set("Accept", "application/x-ndjson")
		resp, err := transport.RoundTrip(req)
		if err != nil {
			return 0, 0, err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return 0, 0, fmt.Errorf("a read is answered %s", resp.Status)
		}
		for {
			n, err := resp.Body.Read(piece)
			events += int64(bytes.Count(piece[:n], []byte{'\n'}))
			if errors.Is(err, io.EOF) {
				return events, 0, nil
			} else if err != nil {
				return events, 0, err
			}
		}
	})
}
