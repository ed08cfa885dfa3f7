package open

import (
	"context"
	"net/url"

	"github.com/gestadb/gesta/httpapi"
	"github.com/gestadb/gesta/store"
)

// httpOpener returns what opens a store on a server, by this scheme. There is nothing to make or to recover: that is the server's.
func httpOpener(scheme string) opener {
	return func(ctx context.Context, rest string, o Options) (store.Store, error) {
		address := scheme + ":" + rest
		u, err := url.Parse(address)
		if err != nil || u.Host == "" {
			return nil, &store.InvalidError{Problem: "the URL of a server is http://HOST:PORT or https://HOST:PORT"}
		}
		if u.User != nil {
			return nil, &store.InvalidError{Problem: "a URL is shown in many places: the token of a server does not stand in it"}
		}
		return httpapi.Dial(ctx, httpapi.DialOptions{URL: address, Token: o.Token, TLS: o.TLS})
	}
}
