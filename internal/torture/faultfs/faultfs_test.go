//go:build linux

package faultfs_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"lapak/internal/torture/faultfs"
)

func mount(t *testing.T) *faultfs.FS {
	t.Helper()
	if err := faultfs.Able(); err != nil {
		t.Skipf("NOT TRIED: a disk that misbehaves: %v", err)
	}
	from, dir := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(from, "old"), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := faultfs.Mount(dir, from)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Unmount(); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return f
}

func put(t *testing.T, f *os.File, b []byte, sync bool) {
	t.Helper()
	if _, err := f.Write(b); err != nil {
		t.Fatal(err)
	}
	if sync {
		if err := f.Sync(); err != nil {
			t.Fatal(err)
		}
	}
}

// What was synced is there after the power went; of what was not, each seed
// keeps something else, and at least one loses some.
func TestCutKeepsWhatWasSynced(t *testing.T) {
	f := mount(t)
	old, err := os.OpenFile(filepath.Join(f.Dir, "old"), os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	put(t, old, bytes.Repeat([]byte("a"), 3000), true)
	put(t, old, bytes.Repeat([]byte("b"), 3000), false)
	made, err := os.Create(filepath.Join(f.Dir, "new")) // its name is not synced
	if err != nil {
		t.Fatal(err)
	}
	defer made.Close()
	put(t, made, []byte("x"), true)
	if b, err := os.ReadFile(filepath.Join(f.Dir, "old")); err != nil || len(b) != 6003 {
		t.Fatalf("before the cut: %d bytes, %v", len(b), err)
	}
	sizes, names := map[int]bool{}, map[bool]bool{}
	torn := false
	for seed := range uint64(40) {
		to := t.TempDir()
		if open, err := f.Cut(to, seed); err != nil || open == 0 {
			t.Fatalf("Cut = %d, %v", open, err)
		}
		b, err := os.ReadFile(filepath.Join(to, "old"))
		if err != nil || !bytes.HasPrefix(b, append([]byte("old"), bytes.Repeat([]byte("a"), 3000)...)) {
			t.Fatalf("seed %d: what was synced is gone: %d bytes, %v", seed, len(b), err)
		}
		rest := b[3003:]
		sizes[len(b)] = true
		torn = torn || bytes.ContainsRune(rest, 'b') && bytes.ContainsRune(rest, 0)
		_, err = os.Stat(filepath.Join(to, "new"))
		names[err == nil] = true
	}
	if !sizes[3003] || !sizes[6003] || !torn || len(names) != 2 {
		t.Errorf("40 seeds gave sizes %v, torn %v, the new name there %v", sizes, torn, names)
	}
	if _, err := old.Write([]byte("late")); !errors.Is(err, syscall.EIO) {
		t.Errorf("a write after the cut: %v, want EIO", err)
	}
}

func TestFaults(t *testing.T) {
	f := mount(t)
	w, err := os.OpenFile(filepath.Join(f.Dir, "old"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	grow := func() error { _, err := w.WriteAt([]byte("zz"), 100); return err }
	over := func() error { _, err := w.WriteAt([]byte("z"), 0); return err }
	for name, c := range map[string]struct {
		faults           faultfs.Faults
		grow, over, sync error
	}{
		"full":      {faultfs.Faults{Full: true}, syscall.ENOSPC, nil, nil},
		"read-only": {faultfs.Faults{ReadOnly: true}, syscall.EROFS, syscall.EROFS, nil},
		"fsync":     {faultfs.Faults{Fsync: true}, nil, nil, syscall.EIO},
	} {
		f.Set(faultfs.Faults{})
		if err := w.Truncate(3); err != nil {
			t.Fatal(err)
		}
		f.Set(c.faults)
		if err := grow(); !errors.Is(err, c.grow) {
			t.Errorf("%s: growing: %v, want %v", name, err, c.grow)
		}
		if err := over(); !errors.Is(err, c.over) {
			t.Errorf("%s: writing over: %v, want %v", name, err, c.over)
		}
		if err := w.Sync(); !errors.Is(err, c.sync) {
			t.Errorf("%s: syncing: %v, want %v", name, err, c.sync)
		}
	}
	f.Set(faultfs.Faults{})
	if err := w.Sync(); err != nil {
		t.Errorf("a good disk again: %v", err)
	}
}

// After an fsync that failed the next one says yes, and what was lost stays lost.
func TestAFailedFsyncIsForgotten(t *testing.T) {
	f := mount(t)
	w, err := os.OpenFile(filepath.Join(f.Dir, "old"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := w.WriteAt([]byte("new"), 0); err != nil {
		t.Fatal(err)
	}
	f.Set(faultfs.Faults{Fsync: true})
	if err := w.Sync(); !errors.Is(err, syscall.EIO) {
		t.Fatalf("Sync = %v", err)
	}
	f.Set(faultfs.Faults{})
	if err := w.Sync(); err != nil {
		t.Fatal(err)
	}
	to := t.TempDir()
	if _, err := f.Cut(to, 1); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(filepath.Join(to, "old")); err != nil || string(b) != "old" {
		t.Errorf("the disk holds %q, %v; want what it held before", b, err)
	}
}
