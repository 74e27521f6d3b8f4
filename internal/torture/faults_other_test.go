//go:build !linux

package torture_test

import "testing"

func diskFaults(t *testing.T, _ func(w *world, c cell, begin, end func()) *cell) {
	t.Run("disk", func(t *testing.T) { leaveOut(t, "faults of the disk", "it needs Linux") })
}
