package vfs

import "strconv"

// Op is one operation on an FS or on a File of it, as the hook of [NewFault]
// sees it before it is done.
type Op struct {
	Kind    OpKind
	Name    string // As the caller gave it; for a File, the name it was opened by.
	NewName string // OpRename only.
	Offset  int64  // OpRead and OpWrite: the first byte.
	Length  int64  // OpRead and OpWrite: the number of bytes; OpTruncate and OpMap: the size asked for.
}

// OpKind says which method an [Op] is.
type OpKind uint8

// The kinds of operation. The first ones are those of FS, then those of File,
// then the Close of what Lock returned.
const (
	OpOpen OpKind = iota + 1
	OpOpenWrite
	OpCreate
	OpRemove
	OpRemoveAll
	OpRename
	OpMkdirAll
	OpReadDir
	OpStat
	OpSyncDir
	OpLock
	OpRead
	OpWrite
	OpClose
	OpSync
	OpTruncate
	OpSize
	OpMap
	OpUnlock
)

var opNames = [...]string{
	OpOpen: "open", OpOpenWrite: "openWrite", OpCreate: "create", OpRemove: "remove",
	OpRemoveAll: "removeAll", OpRename: "rename", OpMkdirAll: "mkdirAll", OpReadDir: "readDir",
	OpStat: "stat", OpSyncDir: "syncDir", OpLock: "lock", OpRead: "read", OpWrite: "write",
	OpClose: "close", OpSync: "sync", OpTruncate: "truncate", OpSize: "size", OpMap: "map", OpUnlock: "unlock",
}

// String returns the name of the method, such as "syncDir", or "OpKind(n)" for
// a value that is none of the constants.
func (k OpKind) String() string {
	if k == 0 || int(k) >= len(opNames) {
		return "OpKind(" + strconv.Itoa(int(k)) + ")"
	}
	return opNames[k]
}

// Changes reports whether the operation can change what the disk holds or what
// of it is durable. A test that crashes at every operation needs no others.
func (k OpKind) Changes() bool {
	switch k {
	case OpCreate, OpRemove, OpRemoveAll, OpRename, OpMkdirAll, OpSyncDir, OpLock, OpWrite, OpSync, OpTruncate:
		return true
	case OpOpen, OpOpenWrite, OpReadDir, OpStat, OpRead, OpClose, OpSize, OpMap, OpUnlock:
		return false
	}
	return false
}
