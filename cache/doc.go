// Package cache has keepers of states, for [gesta.Keep]: in memory and in files. What they keep is never the truth: all of it may be lost at any time, and costs the time to
// make it again.
//
//	db, err := gesta.New(s, Types,
//		gesta.Keep(cache.NewMemory(64<<20), gesta.Every(1)),
//		gesta.Keep(files, gesta.Every(100)))
package cache
