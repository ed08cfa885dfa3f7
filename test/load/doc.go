// Package load has the tests of a server under load, as a process of its own: more clients than it can serve, clients that misbehave, clients whose connections break,
// and kill -9. What was acknowledged is there afterwards, once.
package load
