package main

const indexPkg = "store/disk/internal/index"

// indexing has the mutants of the index, which is derived and never decides against the log.
func indexing() []mutant {
	return []mutant{
		{
			name: "index-beyond-log", breaks: "An index file is taken although the log does not reach as far.",
			file: "store/disk/recover.go",
			old:  `ReadOnly: readOnly, Valid: s.inLog,`, new: `ReadOnly: readOnly,`,
			pkg: diskPkg, test: "TestGuaranteeIndexIsOfThisLog",
		},
		{
			name: "index-leads-log", breaks: "An index file is made durable before the part of the log that it covers.",
			file: "store/disk/flusher.go",
			old:  `if s.opts.Sync == SyncNever {`, new: `if s.opts.Sync != SyncNever {`,
			pkg: diskPkg, test: "TestGuaranteeIndexNeverLeadsTheLog",
		},
		{
			name: "keys-of-files-ignored", breaks: "The committer does not heed what index files say of a key.",
			file: "store/disk/judge.go",
			old:  `return r.facts.keyFirst`, new: `return 0`,
			pkg: diskPkg, test: "TestGuaranteeRestartForgetsNothing/in_index_files",
		},
		{
			name: "older-files-left-out", breaks: "The version of a stream is looked up in the newest index file alone.",
			file: "store/disk/internal/index/manystreams.go",
			old:  "end > 0 && len(m.left) > 0; {\n\t\tbegin := max(0, end-max(1, filtersAtOnce/len(m.left)))",
			new:  "end == len(m.files); {\n\t\tbegin := end - 1",
			pkg:  diskPkg, test: "TestGuaranteeRestartForgetsNothing/in_index_files",
		},
		{
			name: "hash-believed", breaks: "A stream is taken to be at the version of another one whose name has the same hash.",
			file: "store/disk/manyversions.go",
			old:  `if string(m.rec.Stream()) == w.Name {`, new: `if w.Name != "" {`,
			pkg: diskPkg, test: "TestGuaranteeEqualHashes",
		},
		{
			name: "tracking-of-files-ignored", breaks: "The committer does not heed what index files say of a source.",
			file: "store/disk/judge.go",
			old:  `return r.facts.tracked`, new: `return 0`,
			pkg: diskPkg, test: "TestGuaranteeRestartForgetsNothing/in_index_files",
		},
		{
			name: "merge-forgets-types", breaks: "A merged index file counts the events of a type in its last part alone.",
			file: "store/disk/internal/index/mergenames.go",
			old:  `events += values[0]`, new: `events = values[0]`,
			pkg: indexPkg, test: "TestFilesArePure",
		},
		{
			name: "list-ends-early", breaks: "A walk over a long list goes on behind the node that has the next event.",
			file: "store/disk/internal/index/listcursor.go",
			old:  `func(i int) bool { return childAt(node, i).last >= p })`, new: `func(i int) bool { return childAt(node, i).last > p })`,
			pkg: indexPkg, test: "TestSetReads",
		},
	}
}

// reading has the mutants of reads and of readers beside a writer.
func reading() []mutant {
	return []mutant{
		{
			name: "payload-not-verified", breaks: "A read shows a payload that does not have its checksum.",
			file: "store/disk/internal/segment/record.go",
			old:  "\t\tif b != 0 {\n\t\t\treturn SlotBad\n", new: "\t\tif b != 0 {\n\t\t\treturn SlotWhole\n",
			pkg: diskPkg, test: "TestGuaranteeReadsAreVerified/payload_everything",
		},
		{
			name: "envelope-not-verified", breaks: "A read shows an event whose names and numbers do not have their checksum.",
			file: "store/disk/internal/segment/layout.go",
			old:  `sum != le.Uint32(env) {`, new: `sum != le.Uint32(env) && len(env) == 0 {`,
			pkg: diskPkg, test: "TestGuaranteeReadsAreVerified/seat:7_one_stream",
		},
		{
			name: "follower-sleeps", breaks: "A follower misses what was appended between its last look and its wait.",
			file: "store/disk/read.go",
			old:  `if err := r.wait(m); err != nil {`, new: `if err := r.wait(r.s.tip.get()); err != nil {`,
			pkg: diskPkg, test: "TestGuaranteeFollowerMissesNothing",
		},
		{
			name: "as-of-too-early", breaks: "A read as of a time leaves out what was recorded at that very time.",
			file: "store/disk/read.go",
			old:  `case p == 0 || r.RecordedAt.After(t):`, new: `case p == 0 || !r.RecordedAt.Before(t):`,
			pkg: diskPkg, test: "TestStore/conversation/asof",
		},
		{
			name: "backward-bound", breaks: "A backward read leaves out the event at its upper bound when a part of the index begins there.",
			file: "store/disk/readquery.go",
			old:  `return first > until ||`, new: `return first >= until ||`,
			pkg: diskPkg, test: "TestGuaranteeBackwardReachesItsBound",
		},
		{
			name: "after-is-shown", breaks: "A read of everything begins with the event that it was to begin after.",
			file: "store/disk/sweep.go",
			old:  `if p <= after {`, new: `if p < after {`,
			pkg: diskPkg, test: "TestStore/conversation/reading",
		},
		{
			name: "reader-beyond-head", breaks: "A reader beside the writer goes on behind the end that `log/head` tells.",
			file: "store/disk/follower.go",
			old:  "\trp.stop = e.Next\n", new: "",
			pkg: diskPkg, test: "TestGuaranteeReaderShowsWhatIsDurable",
		},
	}
}
