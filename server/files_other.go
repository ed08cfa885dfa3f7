//go:build !unix

package server

// tooManyFiles says whether an error is that of a process or a system with too many open files; it is not known here.
func tooManyFiles(error) bool { return false }
