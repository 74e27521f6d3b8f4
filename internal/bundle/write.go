package bundle

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/store"
)

// writer writes the parts of one shop, in one order, and nothing that changes
// from one day to the next: the same shop gives the same bytes.
type writer struct {
	z   *zip.Writer // nil: only the hashes are wanted
	m   Manifest
	buf []byte
}

// part is an entry being written.
type part struct {
	Part
	w io.Writer
	h hash.Hash
}

func (w *writer) begin(name string, method uint16) (*part, error) {
	p := &part{Part: Part{Name: name}, h: sha256.New(), w: io.Discard}
	if w.z != nil {
		var err error
		if p.w, err = w.z.CreateHeader(&zip.FileHeader{Name: name, Method: method}); err != nil {
			return nil, fmt.Errorf("begin %s: %w", name, err)
		}
	}
	return p, nil
}

func (p *part) write(b []byte) error {
	p.h.Write(b)
	p.Bytes += int64(len(b))
	if _, err := p.w.Write(b); err != nil {
		return fmt.Errorf("write %s: %w", p.Name, err)
	}
	return nil
}

func (w *writer) end(p *part) {
	p.SHA256 = hexOf(p.h.Sum(nil))
	w.m.Parts = append(w.m.Parts, p.Part)
}

// lines writes a part of rows.
func (w *writer) lines(name string, names []string, each func(row func([]any) error) error) error {
	p, err := w.begin(name, zip.Deflate)
	if err != nil {
		return err
	}
	p.Columns = names
	err = each(func(values []any) error {
		if w.buf, err = appendLine(w.buf[:0], names, values); err != nil {
			return err
		}
		p.Rows++
		return p.write(w.buf)
	})
	if err != nil {
		return err
	}
	w.end(p)
	return nil
}

// shop writes everything of the scope's business, read in one transaction.
func (w *writer) shop(ctx context.Context, tx *store.Tx, sc authz.Scope) error {
	list, err := tx.Tables(ctx)
	if err != nil {
		return err
	}
	w.m.Format, w.m.Version, w.m.Schema, w.m.Sums = format, Version, store.Newest(), map[string]int64{}
	byName := map[string]store.Table{}
	for _, t := range list {
		byName[t.Name] = t
	}
	for _, name := range slices.Sorted(slices.Values(Carried)) {
		t, ok := byName[name]
		if !ok {
			return fmt.Errorf("there is no table %s", name)
		}
		if err := w.table(ctx, tx, sc, t); err != nil {
			return err
		}
	}
	if err := w.links(ctx, tx, sc, byName); err != nil {
		return err
	}
	if err := w.photos(ctx, tx, sc, byName["blob_files"]); err != nil {
		return err
	}
	w.m.Content = contentOf(w.m.Parts)
	return nil
}

func (w *writer) table(ctx context.Context, tx *store.Tx, sc authz.Scope, t store.Table) error {
	names := columns(t)
	var totals []int
	for _, c := range sums[t.Name] {
		totals = append(totals, slices.Index(names, c))
		w.m.Sums[t.Name+"."+c] = 0
	}
	buyers := map[string]string{}
	at := slices.Index(names, "buyer")
	return w.lines("tables/"+t.Name+".jsonl", names, func(row func([]any) error) error {
		return tx.Rows(ctx, t, sc.Business, names, func(values []any) error {
			for i, c := range sums[t.Name] {
				n, ok := add(w.m.Sums[t.Name+"."+c], values[totals[i]].(int64))
				if !ok {
					return errors.New("a total is beyond what can be counted")
				}
				w.m.Sums[t.Name+"."+c] = n
			}
			if t.Name == "voucher_uses" { // a keyed hash of this installation: a number takes its place
				values[at] = pseudonym(buyers, values[at].(string))
			}
			return row(values)
		})
	})
}

// pseudonym numbers buyers in the order in which they are met.
func pseudonym(seen map[string]string, buyer string) string {
	if buyer == "" {
		return ""
	}
	if seen[buyer] == "" {
		seen[buyer] = fmt.Sprintf("b%d", len(seen)+1)
	}
	return seen[buyer]
}

func add(a, b int64) (int64, bool) {
	if b > 0 && a > math.MaxInt64-b || b < 0 && a < math.MinInt64-b {
		return 0, false
	}
	return a + b, true
}

// links writes which orders and customers have a secret link, not the links.
func (w *writer) links(ctx context.Context, tx *store.Tx, sc authz.Scope, byName map[string]store.Table) error {
	for _, l := range links {
		t := byName[l.table]
		t.Key = []string{l.id, "token_hash"} // the order of the hashes alone says nothing
		last := id.ID{}
		err := w.lines(l.part, l.columns, func(row func([]any) error) error {
			return tx.Rows(ctx, t, sc.Business, l.columns, func(values []any) error {
				now := id.ID(values[slices.Index(l.columns, l.id)].([]byte))
				if now == last { // one more hash of the same thing
					return nil
				}
				last = now
				return row(values)
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

type link struct {
	table, part, id string
	columns         []string
}

var links = []link{
	{"order_tokens", "links/orders.jsonl", "order_id", []string{"expires_at", "order_id"}},
	{"customer_stops", "links/stops.jsonl", "customer_id", []string{"customer_id"}},
}

func photoName(blob id.ID, width int64) string {
	return fmt.Sprintf("photos/%s/%05d.jpg", blob, width)
}

func (w *writer) photos(ctx context.Context, tx *store.Tx, sc authz.Scope, t store.Table) error {
	return tx.Rows(ctx, t, sc.Business, []string{"blob_id", "width", "content"}, func(values []any) error {
		p, err := w.begin(photoName(id.ID(values[0].([]byte)), values[1].(int64)), zip.Store)
		if err != nil {
			return err
		}
		if err := p.write(values[2].([]byte)); err != nil {
			return err
		}
		w.end(p)
		return nil
	})
}

// history writes the log as it stands, for people to read; it comes back with
// its chain whole. It is no part of the content's hash.
func (w *writer) history(ctx context.Context, tx *store.Tx, sc authz.Scope) error {
	list, err := tx.Tables(ctx)
	if err != nil {
		return err
	}
	t := list[slices.IndexFunc(list, func(t store.Table) bool { return t.Name == "audit" })]
	names := columns(t)
	return w.lines(historyPart, names, func(row func([]any) error) error { return tx.Rows(ctx, t, sc.Business, names, row) })
}

const (
	historyPart  = "history/audit.jsonl"
	staffPart    = "staff.jsonl"
	manifestPart = "manifest.json"
)

// Member is somebody who works in the shop: a name and a role, and no way in.
type Member struct {
	Person id.ID
	Name   string
	Role   string
}

var staffColumns = []string{"name", "person_id", "role"}

func (w *writer) staff(list []Member) error {
	slices.SortFunc(list, func(a, b Member) int { return strings.Compare(a.Person.String(), b.Person.String()) })
	return w.lines(staffPart, staffColumns, func(row func([]any) error) error {
		for _, m := range list {
			if err := row([]any{m.Name, m.Person[:], m.Role}); err != nil {
				return err
			}
		}
		return nil
	})
}

// finish writes the manifest as the last entry.
func (w *writer) finish() error {
	b, err := json.MarshalIndent(w.m, "", " ")
	if err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	f, err := w.z.CreateHeader(&zip.FileHeader{Name: manifestPart, Method: zip.Deflate})
	if err == nil {
		_, err = f.Write(append(b, '\n'))
	}
	if err = errors.Join(err, w.z.Close()); err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	return nil
}

// contentOf is the hash of what the shop is: of the parts that come back equal.
func contentOf(parts []Part) string {
	lines := map[string]string{}
	for _, p := range parts {
		if p.Name != historyPart && p.Name != staffPart {
			lines[p.Name] = fmt.Sprintf("%s %d %s\n", p.Name, p.Rows, p.SHA256)
		}
	}
	h := sha256.New()
	for _, n := range slices.Sorted(maps.Keys(lines)) {
		_, _ = io.WriteString(h, lines[n])
	}
	return hexOf(h.Sum(nil))
}

// auditNote is the entry that carrying a shop leaves in its history.
func auditNote(ctx context.Context, tx *store.Tx, sc authz.Scope, verb string, m Manifest) error {
	return audit.Note(ctx, tx, sc, verb, sc.Business, audit.Diff{"content": {From: "", To: m.Content[:16]}})
}
