package console

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"regexp"
	"strconv"
)

// A page names fixed addresses of this machine, as a reader would; while it runs, each stands for one that is free, so that pages run side by
// side, and beside a server that a person left running.

// localAddress is an address of this machine in a command.
var localAddress = regexp.MustCompile(`\b(127\.0\.0\.1|localhost):([1-9][0-9]{0,4})\b`)

// The ports that are picked lie below those that systems pick by themselves for listeners on port 0 and for connections.
const (
	firstPort = 20000
	portCount = 10000
)

// local returns a command with free ports in place of those that the page names: always the same for the same.
func (c *terminal) local(ctx context.Context, command string) (string, error) {
	var failed error
	out := localAddress.ReplaceAllStringFunc(command, func(address string) string {
		m := localAddress.FindStringSubmatch(address)
		port, known := c.ports[m[2]]
		if !known {
			var err error
			if port, err = freePort(ctx); err != nil {
				failed = err
				return address
			}
			c.ports[m[2]] = port
			c.names = append(c.names, ":"+port, ":"+m[2], "port "+port, "port "+m[2])
		}
		return m[1] + ":" + port
	})
	return out, failed
}

// freePort returns a port on which nobody listens.
func freePort(ctx context.Context) (string, error) {
	var err error
	for range 100 {
		port := strconv.Itoa(firstPort + rand.IntN(portCount))
		var l net.Listener
		if l, err = new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:"+port); err == nil {
			return port, l.Close()
		}
	}
	return "", fmt.Errorf("find a free port: %w", err)
}
