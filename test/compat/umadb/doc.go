// Package umadb has no code: its tests run the official client of UmaDB, and the real server, against gesta's service for UmaDB's
// protocol, and compare every answer.
//
// Python packages and the real server are installed, in the versions that are pinned in rig_test.go, into a virtual environment below
// $GESTA_COMPAT_DIR, or gesta-compat in the user's cache directory. Where that cannot be done the tests are skipped, unless
// GESTA_REQUIRE_COMPAT=1.
package umadb
