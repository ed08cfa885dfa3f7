// Package server serves a store on the network: by HTTP/1.1 and by gRPC on each of its addresses, with TLS where others can reach them, to users with roles, within limits.
//
// It ties packages that do not know each other: httpapi and server/umadb speak the protocols, server/auth holds each request to the rights of whoever sent it. A protocol gets the store as the
// caller of a request may use it, and knows nothing else of rights.
//
// Without users everyone may do everything. Then the server listens on this machine alone, answers no request that a browser sends for a page of another origin, and none that calls it by a
// name that could be another's, unless a listener says that it is meant to be insecure. A server that once had users is not opened by taking the last of them away, while it runs.
//
// What a request may take is bounded by [Limits], and by the limits of the two protocols: a client that is slow, silent or hostile holds its own connection and a bounded amount of memory.
//
// [Server.Serve] ends in good order: nothing new is taken, reads that follow end with the code unavailable, and what is in progress is answered.
package server
