package torture_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"lapak/internal/app"
	"lapak/internal/torture/faultfs"
)

// diskFaults tries a disk that misbehaves, where one can be had.
func diskFaults(t *testing.T, try func(w *world, c cell, begin, end func()) *cell) {
	t.Helper()
	if err := faultfs.Able(); err != nil {
		t.Run("disk", func(t *testing.T) { leaveOut(t, "faults of the disk", err.Error()) })
		return
	}
	diskTried = true
	mnt, err := os.MkdirTemp("", "lapak-disk-")
	if err != nil {
		t.Fatalf("void: %v", err)
	}
	var disk *faultfs.FS
	t.Cleanup(func() {
		if disk != nil {
			if err := disk.Unmount(); err != nil {
				t.Errorf("unmount: %v", err)
			}
		}
		_ = os.Remove(mnt)
	})
	w := newWorld(t, "", func(k *killing) (string, string) {
		k.conf.DB = "sqlite:" + k.conf.Data + "/lapak.db"
		k.shops, k.crowd = furnish(t, k.conf, 1), newCrowd()
		if disk, err = faultfs.Mount(mnt, k.conf.Data); err != nil {
			t.Fatalf("void: %v", err)
		}
		return mnt, "sqlite:" + mnt + "/lapak.db"
	})
	w.blind = true // who holds the disk must not map what is on it
	fault := func(f faultfs.Faults) func() {
		return func() {
			disk.Set(f)
			if f.Full {
				time.Sleep(1200 * time.Millisecond) // the store asks the disk once a second
			}
		}
	}
	const name = "disk (SQLite)"
	for _, c := range []struct {
		what   string
		faults faultfs.Faults
	}{
		{"full", faultfs.Faults{Full: true}},
		{"read-only", faultfs.Faults{ReadOnly: true}},
		{"fsync fails", faultfs.Faults{Fsync: true}},
		{"slow, 300 ms for each fsync", faultfs.Faults{Slow: 300 * time.Millisecond}},
	} {
		try(w, cell{service: name, fault: c.what}, fault(c.faults), fault(faultfs.Faults{}))
	}
	// What is on the disk in the end is whole, and each form made one order.
	image := t.TempDir()
	if _, err := disk.Cut(image, 1); err != nil {
		t.Fatalf("void: %v", err)
	}
	w.s.kill()
	w.k.conf.Data, w.k.conf.DB = image, "sqlite:"+filepath.Join(image, "lapak.db")
	for _, b := range w.sent {
		if n := w.count(t.Context(), b); n != 1 {
			t.Errorf("%d orders came of one form", n)
		}
	}
	for f := range app.Check(t.Context(), w.k.conf) {
		if f.State == "FAIL" && f.What != "disk" && f.What != "mail" {
			t.Errorf("lapak check: %s: %s", f.What, f.Detail)
		}
	}
}
