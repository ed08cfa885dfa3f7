package main

// recovering has the mutants of what open does after a crash.
func recovering() []mutant {
	return []mutant{
		{
			name: "drop-before-torn-tail", breaks: "Recovery cuts the log before the last good commit, not behind it.",
			file: "store/disk/activate.go",
			old:  "\tx := int64(rp.end.Next.Offset())\n", new: "\tx := int64(rp.end.Last.Offset())\n",
			pkg: diskPkg, test: "TestGuaranteeTornWriteTakesNothingWithIt",
		},
		{
			name: "torn-tail-left", breaks: "What is behind the end of the log stays in the file.",
			file: "store/disk/activate.go",
			old:  "\tif err := f.Truncate(x); err != nil {\n\t\treturn err\n\t}\n", new: "",
			pkg: diskPkg, test: "TestGuaranteeLostCommitStaysLost",
		},
		{
			name: "torn-write-is-damage", breaks: "A lost commit is taken for damage when one of the same write is left behind it.",
			file: "store/disk/behind.go",
			old:  `if h.Durable > x {`, new: `if h.Durable >= x {`,
			pkg: diskPkg, test: "TestGuaranteeLostCommitStaysLost",
		},
		{
			name: "accepted-not-written-again", breaks: "Recovery relies on pages that a failed sync left looking clean.",
			file: "store/disk/activate.go",
			old:  "\tif err := rewrite(f, 0, x); err != nil {\n\t\treturn err\n\t}\n", new: "",
			pkg: diskPkg, test: "TestGuaranteeAcceptedIsWrittenAgain",
		},
		{
			name: "seal-not-written-again", breaks: "Recovery relies on a seal that was written and never synced.",
			file: "store/disk/activate.go",
			old:  `if err = s.rewriteSegment(x.Segment() - 1); err == nil {`, new: `if err == nil {`,
			pkg: diskPkg, test: "TestGuaranteeSealIsWrittenAgain",
		},
		{
			name: "recovery-without-cover", breaks: "Recovery does not write that what it accepted is durable.",
			file: "store/disk/activate.go",
			old:  "\tif err := rewrite(f, 0, x); err != nil {\n\t\treturn err\n\t}\n\treturn s.cover(f, rp)\n",
			new:  "\treturn rewrite(f, 0, x)\n",
			pkg:  diskPkg, test: "TestGuaranteeRotIsDamage/after_recovery",
		},
		{
			name: "body-checksum-ignored", breaks: "A frame counts whatever events stand in it, if each is good by itself.",
			file: "store/disk/internal/segment/frame.go",
			old:  `if sum != h.BodySum {`, new: `if h.Events == 0 && sum != h.BodySum {`,
			pkg: diskPkg, test: "TestGuaranteeFrameIsWhole",
		},
		{
			name: "frame-anywhere", breaks: "The header of a frame is good at any offset: bytes in a payload can be a frame.",
			file: "store/disk/internal/segment/frame.go",
			old:  "\tsum = sumUint32(sum, at.Offset())\n", new: "",
			pkg: "store/disk/internal/segment", test: "TestFrameElsewhereIsNone",
		},
		{
			name: "zeros-without-erasure", breaks: "A payload of zeros counts as erased whether an `$erasure` covers it or not.",
			file: "store/disk/replay.go",
			old:  "\t\tif by == 0 {\n\t\t\treturn z.frame, nil\n", new: "\t\tif by == 0 && z.p == 0 {\n\t\t\treturn z.frame, nil\n",
			pkg: diskPkg, test: "TestGuaranteeZerosAreNoErasure",
		},
		{
			name: "key-forgotten", breaks: "Recovery does not index the keys of the commits that it walks.",
			file: "store/disk/replay.go",
			old:  "\t\t\te.Key = key\n", new: "\t\t\te.Key = \"\"\n",
			pkg: diskPkg, test: "TestGuaranteeRestartForgetsNothing/in_the_log",
		},
		{
			name: "tracking-forgotten", breaks: "Recovery does not index the tracking of the commits that it walks.",
			file: "store/disk/replay.go",
			old:  `if tracking != nil {`, new: `if tracking != nil && f.Events == 0 {`,
			pkg: diskPkg, test: "TestGuaranteeRestartForgetsNothing/in_the_log",
		},
	}
}

// forgetting has the mutants of erasing and truncating.
func forgetting() []mutant {
	return []mutant{
		{
			name: "erased-payload-shown", breaks: "Reads give a payload that is erased until its segment has been copied.",
			file: "store/disk/payload.go",
			old:  `by != 0 && by <= s.tip.position() {`, new: `by != 0 && by > s.tip.position() {`,
			pkg: diskPkg, test: "TestGuaranteeVisibleErasureHides",
		},
		{
			name: "erase-before-record", breaks: "A payload is zeroed before the `$erasure` that covers it is durable.",
			file: "store/disk/syncer.go",
			old:  `y.w.s.opts.Sync == SyncNever && !g.force {`, new: `y.w.s.opts.Sync == SyncNever {`,
			pkg: diskPkg, test: "TestGuaranteeErasureIsDurableBeforeItsCopy",
		},
		{
			name: "copy-not-synced", breaks: "The copy that replaces a segment is renamed before it is synced.",
			file: "store/disk/erase.go",
			old:  `return to.Sync()`, new: `return nil`,
			pkg: diskPkg, test: "TestGuaranteeErasedSegmentSurvivesPowerLoss",
		},
		{
			name: "erasure-not-finished", breaks: "Open does not finish an erasure that was interrupted.",
			file: "store/disk/recover.go",
			old:  `if err := s.finishErasures(); err != nil {`, new: `if err := s.w.failure(); err != nil {`,
			pkg: diskPkg, test: "TestGuaranteeInterruptedErasureIsFinished/in_memory",
		},
		{
			name: "stale-erasure", breaks: "An erasure that recovery has cut off still hides the event at its position.",
			file: "store/disk/replay.go",
			old:  "\t\ts.erasures = newErasures() // what an earlier round noted beyond the limit is no more\n", new: "",
			pkg: diskPkg, test: "TestCrashForgetsErasuresThatItCutOff",
		},
		{
			name: "truncation-forgets-versions", breaks: "A stream all of whose events are truncated begins anew.",
			file: "store/disk/lookup.go",
			old:  "\t\tinfo, _, err := h.Stream(name)\n\t\treturn info.Version, err\n",
			new:  "\t\t_, _, err := h.Stream(name)\n\t\treturn 0, err\n",
			pkg:  diskPkg, test: "TestGuaranteeTruncationKeepsVersions",
		},
		{
			name: "truncation-forgets-tracking", breaks: "The second truncation forgets the tracking that the first one kept.",
			file: "store/disk/truncate.go",
			old:  `maps.Copy(out, h.Trackings())`, new: `maps.Copy(h.Trackings(), out)`,
			pkg: diskPkg, test: "TestGuaranteeTruncationKeepsTracking",
		},
		{
			name: "heads-not-durable", breaks: "Segments are dropped before the name of the file that says so is durable.",
			file: "store/disk/internal/index/heads.go",
			old:  `if err := fs.SyncDir(path.Dir(name)); err != nil {`, new: `if _, err := fs.ReadDir(path.Dir(name)); err != nil {`,
			pkg: diskPkg, test: "TestGuaranteeTruncationSurvivesPowerLoss",
		},
		{
			name: "merge-leaves-file", breaks: "A merge of index files some of which were dropped meanwhile leaves the file that it has made.",
			file: "store/disk/internal/index/setmerge.go",
			old:  "\t\ts.removeIndex(merged)\n", new: "",
			pkg: indexPkg, test: "TestSetDropBelowBesideMerge",
		},
	}
}
