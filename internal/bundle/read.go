package bundle

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"image/jpeg"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"lapak/internal/id"
	"lapak/internal/store"
)

// Limits bound what a file may ask of whoever reads it.
type Limits struct {
	Entries  int   // entries of the archive
	Total    int64 // bytes of all parts, unpacked
	Line     int   // bytes of one row
	Photo    int64 // bytes of one picture
	Manifest int64
}

// DefaultLimits are those of the command; pages take less.
var DefaultLimits = Limits{Entries: 300_000, Total: 8 << 30, Line: 1 << 20, Photo: 1 << 20, Manifest: 64 << 20}

// File is a shop file of which every byte was looked at.
type File struct {
	Manifest

	limits Limits
	tables map[string]store.Table
	parts  map[string]*zip.File
}

// Open reads a whole file and refuses it unless it is one of ours, whole,
// unaltered, no newer than this program and within the limits. It touches
// nothing but r. The tables are those of a database of this program.
func Open(ctx context.Context, r io.ReaderAt, size int64, list []store.Table, l Limits) (*File, error) {
	// All headers are read at once and take several times their bytes in
	// memory, so their bytes are bounded first.
	head := &bounded{r: r, left: int64(l.Entries)*256 + 256<<10}
	z, err := zip.NewReader(head, size)
	if head.left < 0 {
		return nil, ErrLarge
	}
	if err != nil {
		return nil, ErrForeign
	}
	head.left = math.MaxInt64
	if len(z.File) > l.Entries {
		return nil, ErrLarge
	}
	f := &File{limits: l, tables: map[string]store.Table{}, parts: map[string]*zip.File{}}
	for _, t := range list {
		f.tables[t.Name] = t
	}
	if err := f.manifest(z); err != nil {
		return nil, err
	}
	if err := f.entries(z, size); err != nil {
		return nil, err
	}
	totals := map[string]int64{}
	for _, p := range f.Parts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := f.check(p, totals); err != nil {
			return nil, err
		}
	}
	for name, want := range f.Sums {
		if got, ok := totals[name]; !ok || got != want {
			return nil, ErrBroken.With(manifestPart)
		}
	}
	if len(totals) != len(f.Sums) || f.Content != contentOf(f.Parts) {
		return nil, ErrBroken.With(manifestPart)
	}
	return f, nil
}

// bounded gives so many bytes and no more.
type bounded struct {
	r    io.ReaderAt
	left int64
}

// ReadAt reads from the file.
func (b *bounded) ReadAt(p []byte, off int64) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		return 0, ErrLarge
	}
	return b.r.ReadAt(p, off)
}

// rows is how many rows the file has in all its tables.
func (f *File) rows() (n int64) {
	for _, p := range f.Parts {
		n += p.Rows
	}
	return n
}

// manifest reads the last entry, which says what the others are.
func (f *File) manifest(z *zip.Reader) error {
	if len(z.File) == 0 || z.File[len(z.File)-1].Name != manifestPart {
		return ErrForeign
	}
	last := z.File[len(z.File)-1]
	if last.UncompressedSize64 > uint64(f.limits.Manifest) {
		return ErrLarge
	}
	in, err := last.Open()
	if err != nil {
		return ErrBroken.With(manifestPart)
	}
	defer func() { _ = in.Close() }()
	b, err := io.ReadAll(io.LimitReader(in, f.limits.Manifest+1))
	if err != nil || int64(len(b)) > f.limits.Manifest {
		return ErrBroken.With(manifestPart)
	}
	var head struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
		Schema  int64  `json:"schema"`
	}
	if json.Unmarshal(b, &head) != nil || head.Format != format {
		return ErrForeign
	}
	if head.Version > Version || head.Schema > store.Newest() {
		return ErrNewer
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f.Manifest); err != nil || f.Version < 1 || f.Schema < 1 {
		return ErrBroken.With(manifestPart)
	}
	if shop, err := id.Parse(f.Shop.ID); err != nil || shop.IsZero() { // all zeros are the installation itself
		return ErrBroken.With(manifestPart)
	}
	return nil
}

// entries holds the archive's list against the manifest's, before anything is
// unpacked.
func (f *File) entries(z *zip.Reader, size int64) error {
	if len(z.File)-1 != len(f.Parts) {
		return ErrBroken.With(manifestPart)
	}
	var total, packed uint64
	for i, p := range f.Parts {
		e := z.File[i]
		if e.Name != p.Name || f.parts[p.Name] != nil || p.Bytes < 0 || e.UncompressedSize64 != uint64(p.Bytes) || len(p.SHA256) != 2*sha256.Size {
			return ErrBroken.With(p.Name)
		}
		if e.UncompressedSize64 > uint64(f.limits.Total) || e.CompressedSize64 > uint64(size) {
			return ErrLarge
		}
		if total += e.UncompressedSize64; total > uint64(f.limits.Total) {
			return ErrLarge
		}
		if packed += e.CompressedSize64; packed > uint64(size) { // entries that lie over each other
			return ErrBroken.With(p.Name)
		}
		f.parts[p.Name] = e
	}
	for _, name := range Carried {
		if f.parts["tables/"+name+".jsonl"] == nil && f.Schema == store.Newest() {
			return ErrBroken.With("tables/" + name + ".jsonl")
		}
	}
	if f.parts["tables/businesses.jsonl"] == nil {
		return ErrBroken.With("tables/businesses.jsonl")
	}
	return nil
}

func tableOf(name string) (string, bool) {
	name, ok := strings.CutPrefix(name, "tables/")
	name, ext := strings.CutSuffix(name, ".jsonl")
	return name, ok && ext
}

// describe says what the rows of a part are made of.
func (f *File) describe(name string) (cols []store.Column, names []string, err error) {
	switch name {
	case staffPart:
		return []store.Column{{Name: "name", Kind: store.Text}, {Name: "person_id", Kind: store.UUID}, {Name: "role", Kind: store.Text}}, staffColumns, nil
	case historyPart:
		name = "audit"
	default:
		if i := slices.IndexFunc(links, func(l link) bool { return l.part == name }); i >= 0 {
			t := f.tables[links[i].table]
			for _, n := range links[i].columns {
				c, _ := t.Column(n)
				cols = append(cols, c)
			}
			return cols, links[i].columns, nil
		}
		var ok bool
		if name, ok = tableOf(name); !ok || !slices.Contains(Carried, name) {
			return nil, nil, ErrBroken.With(name)
		}
	}
	t := f.tables[name]
	names = columns(t)
	for _, n := range names {
		c, _ := t.Column(n)
		cols = append(cols, c)
	}
	return cols, names, nil
}

// check reads one part to its end and believes nothing that the manifest says.
func (f *File) check(p Part, totals map[string]int64) error {
	if blob, ok := strings.CutPrefix(p.Name, "photos/"); ok {
		return f.checkPhoto(p, blob)
	}
	if err := f.columns(p); err != nil {
		return err
	}
	table, _ := tableOf(p.Name)
	for _, c := range sums[table] {
		totals[table+"."+c] = 0
	}
	n := int64(0)
	err := f.Rows(p.Name, func(names []string, values []any) error {
		n++
		for _, c := range sums[table] {
			i := slices.Index(names, c)
			if i < 0 {
				return ErrBroken.With(p.Name)
			}
			sum, ok := add(totals[table+"."+c], values[i].(int64))
			if !ok {
				return ErrBroken.With(p.Name)
			}
			totals[table+"."+c] = sum
		}
		return nil
	})
	if err != nil {
		return err
	}
	if n != p.Rows {
		return ErrBroken.With(p.Name)
	}
	return nil
}

// named are the columns that letting in reads by their names, which were there
// from the first version on.
var named = map[string][]string{
	"tables/products.jsonl": {"id"}, "tables/orders.jsonl": {"id", "phone", "state"}, "tables/voucher_uses.jsonl": {"buyer", "order_id", "voucher_id"},
	historyPart: {"hash", "seq"}, "links/orders.jsonl": {"order_id"}, "links/stops.jsonl": {"customer_id"},
}

// columns refuses a part whose columns this program does not know. Only an
// older file may lack some.
func (f *File) columns(p Part) error {
	_, want, err := f.describe(p.Name)
	if err != nil {
		return ErrBroken.With(p.Name)
	}
	if !slices.IsSorted(p.Columns) || len(p.Columns) == 0 {
		return ErrBroken.With(p.Name)
	}
	for _, c := range named[p.Name] {
		if !slices.Contains(p.Columns, c) {
			return ErrBroken.With(p.Name)
		}
	}
	for i, c := range p.Columns {
		if !slices.Contains(want, c) || i > 0 && p.Columns[i-1] == c {
			return ErrBroken.With(p.Name)
		}
	}
	if len(p.Columns) != len(want) && f.Schema == store.Newest() {
		return ErrBroken.With(p.Name)
	}
	return nil
}

func (f *File) checkPhoto(p Part, name string) error {
	blob, rest, _ := strings.Cut(name, "/")
	u, err := id.Parse(blob)
	width, werr := strconv.ParseInt(strings.TrimSuffix(rest, ".jpg"), 10, 32)
	if err != nil || werr != nil || photoName(u, width) != p.Name {
		return ErrBroken.With(p.Name)
	}
	b, err := f.Photo(p)
	if err != nil {
		return err
	}
	if c, err := jpeg.DecodeConfig(bytes.NewReader(b)); err != nil || c.Width < 1 || c.Width > 4096 || c.Height > 4*4096 {
		return ErrBroken.With(p.Name)
	}
	return nil
}

// Photo is the picture of a part.
func (f *File) Photo(p Part) ([]byte, error) {
	if p.Bytes > f.limits.Photo {
		return nil, ErrLarge
	}
	in, err := f.open(p)
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }()
	b, err := io.ReadAll(io.LimitReader(in, p.Bytes+1))
	if sum := sha256.Sum256(b); err != nil || hexOf(sum[:]) != p.SHA256 {
		return nil, ErrBroken.With(p.Name)
	}
	return b, nil
}

func (f *File) open(p Part) (io.ReadCloser, error) {
	e := f.parts[p.Name]
	if e == nil || e.Method != zip.Store && e.Method != zip.Deflate {
		return nil, ErrBroken.With(p.Name)
	}
	in, err := e.Open()
	if err != nil {
		return nil, ErrBroken.With(p.Name)
	}
	return in, nil
}

// Rows reads the rows of a part; a part that is not there has none. The names
// are the columns that the file has. What fn returns is returned as it is.
func (f *File) Rows(name string, fn func(names []string, values []any) error) error {
	i := slices.IndexFunc(f.Parts, func(p Part) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	p := f.Parts[i]
	all, known, err := f.describe(name)
	if err != nil {
		return err
	}
	var cols []store.Column
	for _, n := range p.Columns {
		at := slices.Index(known, n)
		if at < 0 {
			return ErrBroken.With(p.Name)
		}
		cols = append(cols, all[at])
	}
	in, err := f.open(p)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	h := sha256.New()
	lines := bufio.NewScanner(io.TeeReader(io.LimitReader(in, p.Bytes+1), h))
	lines.Buffer(make([]byte, 0, 64<<10), f.limits.Line)
	lines.Split(whole)
	for lines.Scan() {
		values, err := readLine(lines.Bytes(), cols, p.Columns)
		if err != nil {
			return ErrBroken.With(p.Name)
		}
		if err := fn(p.Columns, values); err != nil {
			return err
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return ErrLarge
	}
	if lines.Err() != nil || hexOf(h.Sum(nil)) != p.SHA256 {
		return ErrBroken.With(p.Name)
	}
	return nil
}

var errCut = errors.New("bundle: the last line has no end")

// whole splits lines and takes none that is cut off.
func whole(data []byte, end bool) (int, []byte, error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	if end && len(data) > 0 {
		return 0, nil, errCut
	}
	return 0, nil, nil
}

func (m Manifest) String() string { return fmt.Sprintf("%s (@%s)", m.Shop.Name, m.Shop.Slug) }
