//go:build linux

// Package faultfs is a folder whose disk misbehaves on demand: it is full, or
// takes no writing, or its fsync fails or is slow, or its power goes. It is a
// file system in user space (FUSE) that holds two states of each file: what
// programs see, and what would be on the disk if the power went now. Only
// fsync brings the first into the second. It is for tests, as root on Linux.
//
// Who mounts it must not map its files into memory: a page fault that waits
// for its own process may wait for ever. The program under test runs in
// another process.
package faultfs

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// Faults are what is wrong with the disk now; the zero value is a good disk.
type Faults struct {
	Full     bool          // no file grows and none is made; what is there can be written over
	ReadOnly bool          // nothing is written
	Fsync    bool          // fsync fails, and what it should have kept is never kept by a later one
	Liar     bool          // fsync says that all is well and keeps nothing
	Slow     time.Duration // of each fsync
}

// sector is what a disk writes whole or not at all.
const sector = 512

// file is one file in both states.
type file struct {
	data    []byte // as programs see it
	kept    []byte // as the disk holds it
	pending []write
}

// write is a change that no fsync has kept yet. Without data it cuts the file to size.
type write struct {
	at   int64
	data []byte
	size int64
}

func (w write) on(b []byte) []byte {
	if w.data == nil {
		return resize(b, w.size)
	}
	if end := w.at + int64(len(w.data)); end > int64(len(b)) {
		b = resize(b, end)
	}
	copy(b[w.at:], w.data)
	return b
}

func resize(b []byte, n int64) []byte {
	if n <= int64(len(b)) {
		return b[:n]
	}
	if n <= int64(cap(b)) {
		old := len(b)
		b = b[:n]
		clear(b[old:])
		return b
	}
	out := make([]byte, n, n+n/4+4096)
	copy(out, b)
	return out
}

// entry is a change of the folder that no fsync of the folder has kept yet. A
// nil file takes the name away.
type entry struct {
	name string
	f    *file
}

// FS is a mounted folder without folders in it.
type FS struct {
	// Dir is where it is mounted.
	Dir string

	server *fuse.Server

	mu      sync.Mutex
	faults  Faults
	names   map[string]*file // as programs see it
	kept    map[string]*file // as the disk holds it
	pending []entry
	off     bool // the power is gone
	syncs   int
}

// Able reports why a folder cannot be mounted on this machine, or nil.
func Able() error {
	if os.Geteuid() != 0 {
		return errors.New("it needs root")
	}
	f, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("it needs /dev/fuse: %w", err)
	}
	return f.Close()
}

// Mount mounts at dir a folder with a copy of the files in from.
func Mount(dir, from string) (*FS, error) {
	f := &FS{Dir: dir, names: map[string]*file{}, kept: map[string]*file{}}
	list, err := os.ReadDir(from)
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		if !e.Type().IsRegular() {
			continue
		}
		b, err := os.ReadFile(filepath.Join(from, e.Name()))
		if err != nil {
			return nil, err
		}
		one := &file{data: b, kept: slices.Clone(b)}
		f.names[e.Name()], f.kept[e.Name()] = one, one
	}
	hour := time.Hour // nothing changes but through the mount
	opts := &fs.Options{EntryTimeout: &hour, AttrTimeout: &hour}
	opts.MountOptions = fuse.MountOptions{DirectMountStrict: true, FsName: "faultfs", Name: "faultfs", DisableXAttrs: true}
	if f.server, err = fs.Mount(dir, &root{fs: f}, opts); err != nil {
		return nil, fmt.Errorf("mount: %w", err)
	}
	return f, nil
}

// Set makes the disk misbehave from now on.
func (f *FS) Set(v Faults) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = v
}

// Syncs is how many times something was made durable.
func (f *FS) Syncs() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.syncs
}

// Cut takes the power away: nothing is written or read any more, and of what
// was not made durable each piece is there, is not, or is torn, as the dice
// fall. It writes what the disk holds then to the folder to, and says how many
// changes were not durable.
func (f *FS) Cut(to string, seed uint64) (open int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.off = true
	dice := rand.New(rand.NewPCG(seed, 0xd15c))
	names := map[string]*file{}
	for n, one := range f.kept {
		names[n] = one
	}
	for _, e := range f.pending[:dice.IntN(len(f.pending)+1)] { // a folder's changes keep their order
		if e.f == nil {
			delete(names, e.name)
		} else {
			names[e.name] = e.f
		}
	}
	sorted := make([]string, 0, len(names))
	for n := range names {
		sorted = append(sorted, n)
	}
	slices.Sort(sorted) // the same dice for the same seed
	for _, n := range sorted {
		one := names[n]
		open += len(one.pending)
		if err := os.WriteFile(filepath.Join(to, n), one.after(dice), 0o600); err != nil {
			return open, err
		}
	}
	return open, nil
}

// after is the file as the disk holds it when the power went.
func (one *file) after(dice *rand.Rand) []byte {
	b := slices.Clone(one.kept)
	for _, w := range one.pending {
		switch dice.IntN(3) {
		case 0: // never came to the disk
		case 1:
			b = w.on(b)
		default: // some sectors did
			if w.data == nil {
				continue
			}
			for at := 0; at < len(w.data); {
				end := min(len(w.data), at+sector-int((w.at+int64(at))%sector))
				if dice.IntN(2) == 0 {
					b = write{at: w.at + int64(at), data: w.data[at:end]}.on(b)
				}
				at = end
			}
		}
	}
	return b
}

// Unmount ends the mount, whoever still has files open.
func (f *FS) Unmount() error {
	f.mu.Lock()
	f.off = true
	f.mu.Unlock()
	err := syscall.Unmount(f.Dir, syscall.MNT_DETACH)
	f.server.Wait()
	return err
}

// may says what stands in the way of a change, 0 if nothing does. Caches in
// shared memory never reach a disk.
func (f *FS) may(name string, grows bool) syscall.Errno {
	switch {
	case f.off:
		return syscall.EIO
	case strings.HasSuffix(name, "-shm"):
		return 0
	case f.faults.ReadOnly:
		return syscall.EROFS
	case f.faults.Full && grows:
		return syscall.ENOSPC
	}
	return 0
}

// sync makes the file's changes durable.
func (f *FS) sync(one *file) syscall.Errno {
	f.mu.Lock()
	slow := f.faults.Slow
	f.mu.Unlock()
	if slow > 0 {
		time.Sleep(slow)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.off:
		return syscall.EIO
	case f.faults.Fsync:
		one.pending = nil // the system takes the pages for clean from here on
		return syscall.EIO
	case f.faults.Liar:
		return 0
	}
	for _, w := range one.pending {
		one.kept = w.on(one.kept)
	}
	one.pending = nil
	f.syncs++
	return 0
}

// syncNames makes the folder's changes durable.
func (f *FS) syncNames() syscall.Errno {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.off, f.faults.Fsync:
		return syscall.EIO
	case f.faults.Liar:
		return 0
	}
	for _, e := range f.pending {
		if e.f == nil {
			delete(f.kept, e.name)
		} else {
			f.kept[e.name] = e.f
		}
	}
	f.pending = nil
	return 0
}
