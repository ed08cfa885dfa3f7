package main

const diskPkg = "store/disk"

// writing has the mutants of how a group becomes durable, visible and answered, in this order.
func writing() []mutant {
	return []mutant{
		{
			name: "skip-sync", breaks: "A group is acknowledged when it is written, and not synced.",
			file: "store/disk/syncer.go",
			old:  `y.w.s.opts.Sync == SyncNever && !g.force {`, new: `!g.force {`,
			pkg: diskPkg, test: "TestGuaranteeAcknowledgedSurvivesPowerLoss",
		},
		{
			name: "skip-seal-sync", breaks: "The seal of a segment is not synced before the next one is written to.",
			file: "store/disk/syncer.go",
			old:  "\tif err := y.cut(); err != nil {\n\t\treturn err\n\t}\n\treturn y.sync()",
			new:  "\tif err := y.cut(); err != nil {\n\t\treturn err\n\t}\n\treturn nil",
			pkg:  diskPkg, test: "TestGuaranteeRollSurvivesPowerLoss",
		},
		{
			name: "skip-directory-sync", breaks: "The name of a new segment is not made durable before it is written to.",
			file: "store/disk/committer.go",
			old:  `if err := s.fs.SyncDir(path.Join(s.dir, logDir)); err != nil {`,
			new:  `if _, err := s.fs.ReadDir(path.Join(s.dir, logDir)); err != nil {`,
			pkg:  diskPkg, test: "TestGuaranteeRollSurvivesPowerLoss",
		},
		{
			name: "durable-stands-still", breaks: "No frame says that what is before it was synced: `durable` never advances.",
			file: "store/disk/syncer.go",
			old:  "\ty.durable = y.end.Next\n", new: "",
			pkg: diskPkg, test: "TestGuaranteeRotIsDamage/after_a_crash",
		},
		{
			name: "close-without-cover", breaks: "Closing does not write that all of the log is durable.",
			file: "store/disk/syncer.go",
			old:  `if y.w.failure() == nil && !y.clean {`, new: `if y.w.failure() == nil && y.clean {`,
			pkg: diskPkg, test: "TestGuaranteeRotIsDamage/after_closing",
		},
		{
			name: "head-before-sync", breaks: "The head moves when a group is written, before it is synced.",
			file: "store/disk/syncer.go",
			old:  "\t\tg.table.SetEnd(y.end)\n", new: "\t\tg.table.SetEnd(y.end)\n\t\ty.w.s.tip.move(y.end)\n",
			pkg: diskPkg, test: "TestGuaranteeHeadMovesAfterSync",
		},
		{
			name: "head-file-before-sync", breaks: "`log/head` tells readers of a group that is not synced.",
			file: "store/disk/syncer.go",
			old:  "\t\tg.table.SetEnd(y.end)\n", new: "\t\tg.table.SetEnd(y.end)\n\t\ty.writeHead()\n",
			pkg: diskPkg, test: "TestGuaranteeReaderShowsWhatIsDurable",
		},
		{
			name: "head-inside-commit", breaks: "The head stops at the first event of the last commit: a commit is split for readers.",
			file: "store/disk/syncer.go",
			old:  `Position: g.pos, Next: g.at + index.Place(len(g.buf)),`,
			new:  `Position: last.header.First, Next: g.at + index.Place(len(g.buf)),`,
			pkg:  diskPkg, test: "TestStore/conversation/append",
		},
		{
			name: "ignore-failed-sync", breaks: "A sync that failed is reported in the background, and the group acknowledged.",
			file: "store/disk/syncer.go",
			old:  `return fmt.Errorf("sync %s: %w", segmentName(y.end.Next.Segment()), err)`,
			new:  `y.w.s.opts.Background(fmt.Errorf("sync %s: %w", segmentName(y.end.Next.Segment()), err))`,
			pkg:  diskPkg, test: "TestGuaranteeFailedSyncIsUnknown",
		},
		{
			name: "go-on-after-failure", breaks: "The commit whose sync failed is unknown, and the next ones are written behind it.",
			file: "store/disk/syncer.go",
			old:  "\t\t\ty.w.fail(err)\n\t\t\terr = y.w.failure()\n", new: "",
			pkg: diskPkg, test: "TestGuaranteeFailedLogStaysFailed",
		},
		{
			name: "conflict-before-sync", breaks: "A conflict is answered before the commit that it rests on is durable.",
			file: "store/disk/committer.go",
			old:  "\t\tc.judge(r, &o)\n",
			new:  "\t\tc.judge(r, &o)\n\t\tif len(o.failed) > 0 {\n\t\t\tc.w.answer(r, o)\n\t\t\treturn\n\t\t}\n",
			pkg:  diskPkg, test: "TestGuaranteeAnswersWaitForSync/conflict",
		},
		{
			name: "duplicate-before-sync", breaks: "A repeat is answered before the commit that it repeats is durable.",
			file: "store/disk/committer.go",
			old:  "\t\tc.judge(r, &o)\n",
			new:  "\t\tc.judge(r, &o)\n\t\tif o.duplicate != 0 {\n\t\t\tc.w.answer(r, o)\n\t\t\treturn\n\t\t}\n",
			pkg:  diskPkg, test: "TestGuaranteeAnswersWaitForSync/duplicate",
		},
	}
}

// filling has the mutants of the zeros that are written ahead.
func filling() []mutant {
	return []mutant{
		{
			name: "fill-too-early", breaks: "The zeros that are written ahead begin one byte before the end of the log.",
			file: "store/disk/fill.go",
			old:  `y.file.WriteAt(zeros[:to-end], end)`, new: `y.file.WriteAt(zeros[:to-end+1], end-1)`,
			pkg: diskPkg, test: "TestGuaranteeFilledAheadIsOverwritten",
		},
		{
			name: "fill-over-last-group", breaks: "The zeros that are written ahead begin where the group does, not where it ends.",
			file: "store/disk/fill.go",
			old:  `y.file.WriteAt(zeros[:to-end], end)`, new: `y.file.WriteAt(zeros[:to-end], end-int64(n))`,
			pkg: diskPkg, test: "TestGuaranteeFillLosesNothing",
		},
		{
			name: "fill-not-cut", breaks: "The zeros that were written ahead stay behind the seal, and behind the last frame of a store that is closed.",
			file: "store/disk/fill.go",
			old:  `y.file.Truncate(end)`, new: `y.file.Truncate(y.fill.end)`,
			pkg: diskPkg, test: "TestGuaranteeSealedSegmentEndsWithItsSeal",
		},
		{
			name: "fill-cuts-seal", breaks: "The zeros that were written ahead are cut off with the seal before them.",
			file: "store/disk/fill.go",
			old:  `y.file.Truncate(end)`, new: `y.file.Truncate(end - 48)`,
			pkg: diskPkg, test: "TestGuaranteeSealedSegmentEndsWithItsSeal",
		},
		{
			name: "full-disk-ends-log", breaks: "The log ends when there is no room for the zeros that are written ahead, though there is for commits.",
			file: "store/disk/fill.go",
			old:  `if isFull(err) {`, new: `if err == nil && isFull(err) {`,
			pkg: diskPkg, test: "TestGuaranteeFullDiskStopsFilling",
		},
		{
			name: "fill-failure-ignored", breaks: "A commit is acknowledged although the write of the zeros behind it has failed.",
			file: "store/disk/syncer.go",
			old:  "\t\tif err := y.fillAhead(len(g.buf)); err != nil {\n\t\t\treturn err\n\t\t}\n", new: "\t\t_ = y.fillAhead(len(g.buf))\n",
			pkg: diskPkg, test: "TestGuaranteeFailedFillIsUnknown",
		},
	}
}

// deciding has the mutants of how the committer judges.
func deciding() []mutant {
	return []mutant{
		{
			name: "condition-without-group", breaks: "A `NoneMatch` is judged against the durable head alone, not against its own group.",
			file: "store/disk/judge.go",
			old:  `t.AnyMatch(g.Query, after, c.pos)`, new: `t.AnyMatch(g.Query, after, c.w.s.tip.position())`,
			pkg: diskPkg, test: "TestGuaranteeGroupIsJudgedInOrder/NoneMatch",
		},
		{
			name: "version-without-group", breaks: "A `StreamAt` is judged against what there was before it was queued, not against its own group.",
			file: "store/disk/judge.go",
			old:  "\tc.newVersions(r)\n", new: "",
			pkg: diskPkg, test: "TestGuaranteeGroupIsJudgedInOrder/StreamAt",
		},
		{
			name: "key-without-group", breaks: "A key that the same group used is not known yet.",
			file: "store/disk/judge.go",
			old:  `if p, ok := t.Key(r.key); ok {`, new: `if p, ok := t.Key(r.key); ok && p <= c.w.s.tip.position() {`,
			pkg: diskPkg, test: "TestGuaranteeGroupIsJudgedInOrder/key",
		},
		{
			name: "newest-table-left-out", breaks: "Keys, tracking and conditions are looked up without the newest table of the index.",
			file: "store/disk/judge.go",
			old:  "slices.Backward(c.tables) {\n\t\t\tif !yield", new: "slices.Backward(c.tables[:len(c.tables)-1]) {\n\t\t\tif !yield",
			pkg: diskPkg, test: "TestStore/conversation/keys",
		},
		{
			name: "tracking-not-compared", breaks: "The same input position of a source is accepted twice.",
			file: "store/disk/judge.go",
			old:  `r.tracking.Position <= last {`, new: `r.tracking.Position < last {`,
			pkg: diskPkg, test: "TestStore/conversation/tracking",
		},
		{
			name: "guards-before-key", breaks: "A repeat is judged by its guards like a new commit.",
			file: "store/disk/judge.go",
			old:  `if r.key != "" {`, new: `if r.key != "" && len(r.guards) == 0 {`,
			pkg: diskPkg, test: "TestStore/conversation/keys",
		},
		{
			name: "old-look-up-believed", breaks: "What a commit was told of the index before it waited in the queue is not looked up again.",
			file: "store/disk/judge.go",
			old:  `if len(old) > 0 && slices.Contains(c.tables, old[len(old)-1]) {`, new: `if len(old) > 0 {`,
			pkg: diskPkg, test: "TestGuaranteeOldLookUpIsRepeated",
		},
		{
			name: "clock-goes-back", breaks: "A clock that went back takes RecordedAt with it.",
			file: "store/disk/accept.go",
			old:  `max(segment.Micros(c.w.s.opts.Clock()), c.time)`, new: `segment.Micros(c.w.s.opts.Clock())`,
			pkg: diskPkg, test: "TestStore/conversation/asof",
		},
	}
}
