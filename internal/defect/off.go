//go:build !defects

// Package defect plants mistakes in a build of their own (-tags defects), so
// that the tests of internal/torture can show that they would see one. In
// every other build On is the constant false and the mistakes are not there.
package defect

// On reports whether the mistake of that name is planted: never, in this build.
func On(string) bool { return false }
