package bundle

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/store"
)

// few are tables enough for the parser, which goes by what it is told.
func few() []store.Table {
	var list []store.Table
	for _, name := range append(append([]string{"audit", "blob_files", "order_tokens", "customer_stops"}, Carried...), "people") {
		t := store.Table{Name: name, Key: []string{"id"}, Columns: []store.Column{
			{Name: "business_id", Kind: store.UUID},
			{Name: "id", Kind: store.UUID},
			{Name: "name", Kind: store.Text},
			{Name: "ends_at", Kind: store.Time, Null: true},
			{Name: "open", Kind: store.Bool},
		}}
		for _, c := range sums[name] {
			t.Columns = append(t.Columns, store.Column{Name: c, Kind: store.Int})
		}
		for _, c := range named["tables/"+name+".jsonl"] {
			if c != "id" {
				t.Columns = append(t.Columns, store.Column{Name: c, Kind: store.Text})
			}
		}
		for _, l := range links {
			if l.table == name {
				t.Columns = append(t.Columns, store.Column{Name: l.id, Kind: store.UUID}, store.Column{Name: "expires_at", Kind: store.Time, Null: true})
			}
		}
		list = append(list, t)
	}
	return list
}

// small is a file of few tables, as of the first schema, with one row each.
func small(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	w := &writer{z: zip.NewWriter(&out)}
	w.m.Format, w.m.Version, w.m.Schema, w.m.Sums = format, Version, 1, map[string]int64{}
	w.m.Shop = Shop{id.New().String(), "toko", "Toko"}
	u := id.New()
	for _, tb := range few() {
		if tb.Name != "businesses" && tb.Name != "orders" {
			continue
		}
		for _, c := range sums[tb.Name] {
			w.m.Sums[tb.Name+"."+c] = 7
		}
		names := columns(tb)
		err := w.lines("tables/"+tb.Name+".jsonl", names, func(row func([]any) error) error {
			values := make([]any, len(names))
			for i, n := range names {
				switch c, _ := tb.Column(n); c.Kind {
				case store.UUID:
					values[i] = u[:]
				case store.Text:
					values[i] = "\"Keripik\" \\ <b>\n\u2028\x01 pedas"
				case store.Bool:
					values[i] = true
				case store.Int:
					values[i] = int64(7)
				case store.Time:
					values[i] = time.Date(2026, 11, 25, 3, 0, 0, 123456000, time.UTC)
				}
			}
			return row(values)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.staff([]Member{{u, "Ujang", "staff"}}); err != nil {
		t.Fatal(err)
	}
	w.m.Content = contentOf(w.m.Parts)
	if err := w.finish(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

var tight = Limits{Entries: 100, Total: 1 << 20, Line: 64 << 10, Photo: 64 << 10, Manifest: 1 << 20}

func TestOpenTakesWhatWasWritten(t *testing.T) {
	b := small(t)
	f, err := Open(t.Context(), bytes.NewReader(b), int64(len(b)), few(), tight)
	if err != nil {
		t.Fatal(err)
	}
	if f.Counts()["orders"] != 1 || f.Sums["orders.total"] != 7 {
		t.Errorf("counts %v, sums %v", f.Counts(), f.Sums)
	}
}

// Every single byte that is changed, and every place where the file is cut,
// is found, or changes nothing that is read.
func TestOpenFindsEveryChangedByte(t *testing.T) {
	b := small(t)
	want, err := Open(t.Context(), bytes.NewReader(b), int64(len(b)), few(), tight)
	if err != nil {
		t.Fatal(err)
	}
	for i := range b {
		c := bytes.Clone(b)
		c[i] ^= 0x10
		if f, err := Open(t.Context(), bytes.NewReader(c), int64(len(c)), few(), tight); err == nil && (f.Content != want.Content || f.Shop != want.Shop) {
			t.Errorf("byte %d changed, and the file is taken for another one", i)
		}
		if i%7 == 0 {
			if _, err := Open(t.Context(), bytes.NewReader(b[:i]), int64(i), few(), tight); err == nil {
				t.Errorf("cut off after %d bytes, it is taken", i)
			}
		}
	}
}

// An archive of nothing but headers is refused before they are all read.
func TestOpenRefusesManyHeaders(t *testing.T) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for i := range 20_000 {
		if _, err := z.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("photos/%090d", i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	r := &counting{r: bytes.NewReader(out.Bytes())}
	if _, err := Open(t.Context(), r, int64(out.Len()), few(), tight); !errors.Is(err, ErrLarge) || r.n > 512<<10 {
		t.Errorf("Open = %v after %d of %d bytes", err, r.n, out.Len())
	}
}

type counting struct {
	r io.ReaderAt
	n int
}

func (c *counting) ReadAt(p []byte, off int64) (int, error) {
	c.n += len(p)
	return c.r.ReadAt(p, off)
}

// An older file may lack columns, but none that is read by its name.
func TestOlderFilesHaveWhatIsRead(t *testing.T) {
	f := &File{Manifest: Manifest{Schema: 1}, tables: map[string]store.Table{}}
	for _, t := range few() {
		f.tables[t.Name] = t
	}
	for part, needs := range named {
		if part == historyPart || strings.HasPrefix(part, "links/") {
			continue
		}
		if err := f.columns(Part{Name: part, Columns: needs}); err != nil {
			t.Errorf("%s with %v: %v", part, needs, err)
		}
		for i := range needs {
			left := slices.Delete(slices.Clone(needs), i, i+1)
			if len(left) > 0 && !errors.Is(f.columns(Part{Name: part, Columns: left}), ErrBroken) {
				t.Errorf("%s without %s is taken", part, needs[i])
			}
		}
	}
}

// A few bytes that unpack to many are refused before they are unpacked.
func TestOpenRefusesABomb(t *testing.T) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	f, err := z.Create("tables/orders.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range 64 {
		if _, err := f.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if f, err = z.Create(manifestPart); err == nil {
		_, err = f.Write([]byte(`{"format":"lapak-shop","version":1,"schema":1,"shop":{"id":"01900000-0000-7000-8000-000000000001","slug":"a","name":"A"},"content":"","sums":{},
			"parts":[{"name":"tables/orders.jsonl","bytes":67108864,"sha256":"0000000000000000000000000000000000000000000000000000000000000000"}]}`))
	}
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), bytes.NewReader(out.Bytes()), int64(out.Len()), few(), tight); !errors.Is(err, ErrLarge) {
		t.Errorf("Open = %v, want ErrLarge", err)
	}
	lied := bytes.ReplaceAll(out.Bytes(), []byte("\x00\x00\x00\x04"), []byte("\x10\x00\x00\x00")) // the archive says fewer bytes than there are
	if _, err := Open(t.Context(), bytes.NewReader(lied), int64(len(lied)), few(), tight); fault.Of(err) == nil {
		t.Errorf("Open = %v, want a fault", err)
	}
}

func FuzzOpen(f *testing.F) {
	list := few()
	f.Add(small(f))
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := Open(t.Context(), bytes.NewReader(b), int64(len(b)), list, tight)
		if err != nil {
			if fault.Of(err) == nil {
				t.Errorf("Open = %v, which is nothing that a person is told", err)
			}
			return
		}
		for _, p := range file.Parts {
			if _, ok := tableOf(p.Name); !ok {
				continue
			}
			if err := file.Rows(p.Name, func([]string, []any) error { return nil }); err != nil {
				t.Errorf("%s was checked and cannot be read: %v", p.Name, err)
			}
		}
	})
}

func FuzzLine(f *testing.F) {
	cols := []store.Column{
		{Name: "a", Kind: store.Bytes}, {Name: "b", Kind: store.Text, Null: true}, {Name: "c", Kind: store.Int}, {Name: "d", Kind: store.Bool}, {Name: "e", Kind: store.Time, Null: true},
	}
	names := []string{"a", "b", "c", "d", "e"}
	f.Add([]byte(`{"a":"b64:AAE=","b":"x\n","c":-5,"d":false,"e":"2026-11-25T03:00:00.000001Z"}`))
	f.Add([]byte(`{"a":"01900000-0000-7000-8000-000000000001","b":null,"c":0,"d":true,"e":null}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		values, err := readLine(line, cols, names)
		if err != nil {
			return
		}
		again, err := appendLine(nil, names, values)
		if err != nil || string(again) != string(line)+"\n" {
			t.Errorf("%q is read and written as %q, %v", line, again, err)
		}
	})
}
