// Package umadb has no code: its tests run the official client of UmaDB, and the real server, against gesta's service for UmaDB's
// protocol, and compare every answer.
//
// Python packages and the real server are installed by package rig, in the versions that are pinned in rig_test.go.
package umadb
