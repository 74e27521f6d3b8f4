package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// File is a file in a place.
type File struct {
	Name string
	Size int64
}

// Place is where copies of backups lie. A file has its name only once it is
// whole and was read back, or compared by the other side's own checksum.
type Place interface {
	// Name says where it is, without secrets.
	Name() string
	// Put stores a local file under its name, in place of what has it.
	Put(ctx context.Context, local, name string) error
	// List lists all files, no unfinished ones.
	List(ctx context.Context) ([]File, error)
	// Get writes a file to w.
	Get(ctx context.Context, name string, w io.Writer) error
	// Remove takes a file away; one that is not there is no error.
	Remove(ctx context.Context, name string) error
}

// Folder is a place that is a folder, such as one of another disk.
type Folder string

// Name is the folder.
func (f Folder) Name() string { return string(f) }

const partial = ".part"

// ErrFolder: the folder of another disk is not made, because one that is missing
// mostly says that the disk is.
var ErrFolder = errors.New("the folder is not there; connect its disk, or make the folder once by hand")

// Put copies, waits for the disk, reads back, and gives the name last.
func (f Folder) Put(ctx context.Context, local, name string) (err error) {
	if st, err := os.Stat(string(f)); err != nil || !st.IsDir() {
		return ErrFolder
	}
	in, err := os.Open(local)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer func() { _ = in.Close() }()
	st, err := in.Stat()
	if err != nil {
		return fmt.Errorf("look at the file: %w", err)
	}
	f.sweep(st.ModTime())
	return Whole(filepath.Join(string(f), name), func(w io.Writer) error {
		_, err := io.Copy(w, &reader{ctx, in})
		return err
	})
}

// Unfinished is by how much a file that was not finished must be older than the
// one that comes to count as left behind: a younger one may be at work, by this
// server or by another.
const Unfinished = 24 * time.Hour

// sweep takes away what an earlier copy left unfinished.
func (f Folder) sweep(now time.Time) {
	left, _ := filepath.Glob(filepath.Join(string(f), "*"+partial))
	for _, name := range left {
		if st, err := os.Stat(name); err == nil && now.Sub(st.ModTime()) > Unfinished {
			_ = os.Remove(name)
		}
	}
}

// List lists the folder's files.
func (f Folder) List(context.Context) ([]File, error) {
	all, err := os.ReadDir(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list the folder: %w", err)
	}
	var out []File
	for _, e := range all {
		if st, err := e.Info(); err == nil && st.Mode().IsRegular() && !strings.HasPrefix(e.Name(), ".") && !strings.HasSuffix(e.Name(), partial) {
			out = append(out, File{e.Name(), st.Size()})
		}
	}
	return out, nil
}

// Get copies a file of the folder.
func (f Folder) Get(ctx context.Context, name string, w io.Writer) error {
	in, err := os.Open(filepath.Join(string(f), filepath.Base(name)))
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer func() { _ = in.Close() }()
	_, err = io.Copy(w, &reader{ctx, in})
	return err
}

// Remove takes a file out of the folder.
func (f Folder) Remove(_ context.Context, name string) error {
	err := os.Remove(filepath.Join(string(f), filepath.Base(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// reader ends with its context.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r *reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// Whole writes a file that has its name only once all of it is on the disk and
// was read back; whatever goes wrong, nothing is left of it.
func Whole(name string, fn func(io.Writer) error) (err error) {
	part := name + partial
	out, err := os.OpenFile(part, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("make the file: %w", err)
	}
	defer func() {
		if err != nil {
			_ = out.Close()
			_ = os.Remove(part)
		}
	}()
	sum := sha256.New()
	if err := fn(io.MultiWriter(out, sum)); err != nil {
		return err
	}
	if err := errors.Join(out.Sync(), out.Close()); err != nil {
		return fmt.Errorf("write to the disk: %w", err)
	}
	got, err := fileSum(part)
	if err != nil {
		return fmt.Errorf("read back: %w", err)
	}
	if got != hex.EncodeToString(sum.Sum(nil)) {
		return errors.New("what the disk gives back is not what was written")
	}
	if err := os.Rename(part, name); err != nil {
		return fmt.Errorf("name the file: %w", err)
	}
	return SyncFolder(filepath.Dir(name))
}

// SyncFolder waits until the names of a folder are on the disk.
func SyncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func fileSum(name string) (string, error) {
	in, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer func() { _ = in.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, in); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Prune takes away the backups of the installation with this key that need not
// stay, and says which.
func Prune(ctx context.Context, p Place, k Keep, key string, now time.Time) ([]string, error) {
	list, err := p.List(ctx)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(list))
	for i, f := range list {
		names[i] = f.Name
	}
	stale := k.Stale(names, key, now)
	for _, n := range stale {
		if err := p.Remove(ctx, n); err != nil {
			return nil, fmt.Errorf("remove %s: %w", n, err)
		}
	}
	return stale, nil
}

// Newest is the newest backup of a place, of the installation with this key;
// ErrNone if there is none. One that is dated ahead of the clock counts only
// where there is no other.
func Newest(ctx context.Context, p Place, key string, now time.Time) (File, error) {
	list, err := p.List(ctx)
	if err != nil {
		return File{}, err
	}
	list = slices.DeleteFunc(list, func(f File) bool { return !Ours(f.Name, key) })
	if len(list) == 0 {
		return File{}, ErrNone
	}
	late := FileName(Header{MadeAt: now.Add(ahead)})
	return slices.MaxFunc(list, func(a, b File) int {
		if x, y := a.Name > late, b.Name > late; x != y {
			if x {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	}), nil
}
