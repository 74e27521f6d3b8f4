//go:build linux || darwin

package store

import (
	"path/filepath"
	"syscall"
)

// A disk is full for us when less than a twentieth is free, and less than
// roomy, so that reading, logs and the end of running writes still have room.
const roomy = 2 << 30

// full reports whether the disk under the file is nearly full.
func full(name string) bool {
	var s syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(name), &s); err != nil || s.Blocks == 0 {
		return false // what cannot be asked is found out by writing
	}
	free := uint64(s.Bavail)
	return free*20 < uint64(s.Blocks) && free*uint64(s.Bsize) < roomy
}
