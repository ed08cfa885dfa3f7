// Package openapi has no code: its tests generate clients from the description that a server gives of itself, in Python and in TypeScript, write a program with each, and run it
// against gesta through a proxy that cuts every connection.
//
// Both programs do the same job, with nothing of gesta but what was generated: they follow orders, bill each with an append that has a key, and keep how far they
// are as the tracking of those appends. While they work they are killed and started again. Each order must be billed once.
//
// Generators and what they need are installed by package rig, in the versions that are pinned in rig_test.go. What is generated lies in directories of the tests, and is gone
// with them.
package openapi
