//go:build !linux && !darwin

package store

// full is not known here beforehand: it is found out by writing.
func full(string) bool { return false }
