package backup

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"lapak/internal/store"
)

// What is wrong with a file, for who reads it.
var (
	ErrNotOurs = errors.New("the file is no backup of Lapak")
	ErrDamaged = errors.New("the file is damaged: its checksum does not agree with what is in it; take another backup")
	ErrShort   = errors.New("the file is cut off: its end is missing; take another backup")
	ErrSealed  = errors.New("the backup is sealed; name the file with its key (--identity) or give the passphrase")
	ErrKey     = errors.New("the key does not open this backup")
)

// Check reads the whole file and holds it against the checksum at its end. It
// needs no key.
func Check(r io.Reader) (m Made, err error) {
	whole := sha256.New()
	in := bufio.NewReaderSize(io.TeeReader(r, whole), 1<<20)
	first, err := in.Peek(len(magic))
	if err != nil && !errors.Is(err, io.EOF) {
		return m, fmt.Errorf("read the backup: %w", err)
	}
	if string(first) != magic {
		return m, ErrNotOurs
	}
	sum := sha256.New()
	var head bytes.Buffer // the first lines, as long as they are not whole
	tail := make([]byte, 0, tailSize)
	chunk := make([]byte, 64<<10)
	for {
		n, err := in.Read(chunk)
		m.Size += int64(n)
		if bytes.Count(head.Bytes(), []byte("\n")) < 2 && head.Len() < maxHeader {
			head.Write(chunk[:n])
		}
		tail = append(tail, chunk[:n]...)
		if over := len(tail) - tailSize; over > 0 {
			sum.Write(tail[:over])
			tail = append(tail[:0], tail[over:]...)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return m, fmt.Errorf("read the backup: %w", err)
		}
	}
	want, ok := bytes.CutPrefix(tail, []byte(tailLabel))
	if !ok || len(tail) < tailSize || tail[tailSize-1] != '\n' {
		return m, ErrShort
	}
	if hex.EncodeToString(sum.Sum(nil)) != string(want[:64]) {
		return m, ErrDamaged
	}
	copy(m.Sum[:], whole.Sum(nil))
	m.Header, _, err = readHeader(bufio.NewReader(&head))
	return m, err
}

// Peek reads what a backup says of itself, and nothing more.
func Peek(name string) (Header, error) {
	in, err := os.Open(name)
	if err != nil {
		return Header{}, err
	}
	defer func() { _ = in.Close() }()
	h, _, err := readHeader(bufio.NewReader(in))
	return h, err
}

// readHeader reads the first two lines and returns their sum.
func readHeader(in *bufio.Reader) (h Header, sum string, err error) {
	var lines []byte
	for range 2 {
		for {
			c, err := in.ReadByte()
			if err != nil {
				return h, "", ErrShort
			}
			if lines = append(lines, c); c == '\n' {
				break
			}
			if len(lines) > maxHeader {
				return h, "", ErrNotOurs
			}
		}
	}
	rest, ok := bytes.CutPrefix(lines, []byte(magic))
	if !ok {
		return h, "", ErrNotOurs
	}
	if err := json.Unmarshal(rest, &h); err != nil {
		return h, "", ErrDamaged
	}
	s := sha256.Sum256(lines)
	return h, hex.EncodeToString(s[:]), nil
}

// Opens reports whether the keys open a backup, before anything is made of it.
func Opens(r io.Reader, keys Keys) error {
	_, _, z, err := unpack(bufio.NewReaderSize(r, 1<<20), keys)
	if err != nil {
		return err
	}
	z.Close()
	return nil
}

// unpack reads the header and opens what follows.
func unpack(in *bufio.Reader, keys Keys) (h Header, sum string, z *zstd.Decoder, err error) {
	if h, sum, err = readHeader(in); err != nil {
		return h, "", nil, err
	}
	body := io.Reader(&tailless{r: in})
	if h.Sealed {
		if !keys.Any() {
			return h, "", nil, ErrSealed
		}
		if body, err = age.Decrypt(body, keys.list...); err != nil {
			var none *age.NoIdentityMatchError
			if errors.As(err, &none) {
				return h, "", nil, ErrKey
			}
			return h, "", nil, fmt.Errorf("%w (%w)", ErrDamaged, err)
		}
	}
	z, err = zstd.NewReader(body, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(8<<20), zstd.WithDecoderMaxMemory(maxBlock))
	if err != nil {
		return h, "", nil, fmt.Errorf("unpack: %w", err)
	}
	return h, sum, z, nil
}

// Sink takes what a backup holds.
type Sink interface {
	// Begin is told of the header before any row.
	Begin(h Header) error
	Table(name string, columns []string) error
	Rows(rows [][]any) error
}

// Read gives all that is in a backup to sink and returns the manifest, with
// which it agrees. What was given before an error must not be used.
func Read(r io.Reader, keys Keys, sink Sink) (h Header, m Manifest, err error) {
	h, headSum, z, err := unpack(bufio.NewReaderSize(r, 1<<20), keys)
	if err != nil {
		return h, m, err
	}
	defer z.Close()
	if err := sink.Begin(h); err != nil {
		return h, m, err
	}
	m, err = readBody(bufio.NewReaderSize(z, 1<<20), sink)
	if err != nil {
		return h, m, err
	}
	if m.Header != headSum {
		return h, m, ErrDamaged
	}
	return h, m, nil
}

// tailless gives all but the last line of a file, which holds its checksum.
type tailless struct {
	r    io.Reader
	held []byte
	err  error
}

func (t *tailless) Read(p []byte) (int, error) {
	for t.err == nil && len(t.held) <= tailSize {
		chunk := make([]byte, 32<<10)
		n, err := t.r.Read(chunk)
		t.held, t.err = append(t.held, chunk[:n]...), err
	}
	n := copy(p, t.held[:max(0, len(t.held)-tailSize)])
	t.held = t.held[n:]
	if n == 0 && len(p) > 0 {
		return 0, t.err
	}
	return n, nil
}

// sinkError is an error of the receiver, not of the file.
type sinkError struct{ error }

func (s sinkError) Unwrap() error { return s.error }

func readBody(in *bufio.Reader, sink Sink) (m Manifest, err error) {
	var parts []Part
	var columns int
	sum := sha256.New()
	close := func() {
		if len(parts) > 0 {
			parts[len(parts)-1].Sum = hex.EncodeToString(sum.Sum(nil))
		}
		sum.Reset()
	}
	for {
		kind, b, err := readBlock(in)
		if err != nil {
			return m, fmt.Errorf("%w (%w)", ErrDamaged, err)
		}
		switch kind {
		case blockTable:
			close()
			var t tableHead
			if err := json.Unmarshal(b, &t); err != nil || t.Table == "" || len(t.Columns) == 0 {
				return m, ErrDamaged
			}
			columns = len(t.Columns)
			parts = append(parts, Part{Table: t.Table})
			if err := sink.Table(t.Table, t.Columns); err != nil {
				return m, sinkError{err}
			}
		case blockRows:
			if len(parts) == 0 {
				return m, ErrDamaged
			}
			sum.Write(b)
			rows, err := readRows(b, columns)
			if err != nil {
				return m, fmt.Errorf("%w (%w)", ErrDamaged, err)
			}
			parts[len(parts)-1].Rows += int64(len(rows))
			if err := sink.Rows(rows); err != nil {
				return m, sinkError{err}
			}
		case blockEnd:
			close()
			if err := json.Unmarshal(b, &m); err != nil {
				return m, ErrDamaged
			}
			if !slices.Equal(m.Parts, parts) {
				return m, ErrDamaged
			}
			return m, nil
		default:
			return m, ErrDamaged
		}
	}
}

func readRows(b []byte, columns int) (rows [][]any, err error) {
	for len(b) > 0 {
		var row []any
		if row, b, err = readRow(b, columns); err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func readBlock(in *bufio.Reader) (kind byte, b []byte, err error) {
	if kind, err = in.ReadByte(); err != nil {
		return 0, nil, io.ErrUnexpectedEOF
	}
	n, err := binary.ReadUvarint(in)
	if err != nil {
		return 0, nil, io.ErrUnexpectedEOF
	}
	if n > maxBlock {
		return 0, nil, fmt.Errorf("a block of %d bytes", n)
	}
	var buf bytes.Buffer // grows with what is there, not with what is said
	if _, err := io.CopyN(&buf, in, int64(n)); err != nil {
		return 0, nil, io.ErrUnexpectedEOF
	}
	return kind, buf.Bytes(), nil
}

// filler puts what a backup holds into a database.
type filler struct {
	ctx  context.Context
	f    *store.Filling
	t    store.Table
	seen map[string]bool
}

func (l *filler) Begin(Header) error { return nil }

func (l *filler) Table(name string, columns []string) error {
	t, ok := l.f.Table(name)
	if !ok || l.seen[name] {
		return fmt.Errorf("there is no table %s", name)
	}
	if !slices.Equal(t.Names(), columns) {
		return fmt.Errorf("table %s has other columns: %v, not %v", name, t.Names(), columns)
	}
	l.t = t
	l.seen[name] = true
	return nil
}

func (l *filler) Rows(rows [][]any) error { return l.f.Insert(l.ctx, l.t, rows) }

// Load fills a bare database with a backup, reads back every row, and compares:
// an error leaves the rows undone. The database has the form it had then.
func Load(ctx context.Context, db *store.DB, r io.Reader, keys Keys) (h Header, m Manifest, err error) {
	in := bufio.NewReaderSize(r, 1<<20)
	peek, err := in.Peek(min(maxHeader, 1<<20))
	if err != nil && !errors.Is(err, io.EOF) {
		return h, m, fmt.Errorf("read the backup: %w", err)
	}
	if h, _, err = readHeader(bufio.NewReader(bytes.NewReader(peek))); err != nil {
		return h, m, err
	}
	err = db.Fill(ctx, h.Migrations, func(f *store.Filling) error {
		l := &filler{ctx: ctx, f: f, seen: map[string]bool{}}
		if h, m, err = Read(in, keys, l); err != nil {
			return err
		}
		return compare(ctx, f, m)
	})
	return h, m, err
}

// compare reads every table back and holds it against the manifest.
func compare(ctx context.Context, f *store.Filling, m Manifest) error {
	if len(m.Parts) != len(f.Tables) {
		return fmt.Errorf("the backup holds %d tables, the database %d", len(m.Parts), len(f.Tables))
	}
	for _, p := range m.Parts {
		t, _ := f.Table(p.Table)
		sum := sha256.New()
		var n int64
		b := make([]byte, 0, blockSize)
		if err := f.Rows(ctx, t, func(row []any) (err error) {
			n++
			b, err = appendRow(b[:0], row)
			sum.Write(b)
			return err
		}); err != nil {
			return err
		}
		if n != p.Rows || hex.EncodeToString(sum.Sum(nil)) != p.Sum {
			return fmt.Errorf("table %s came back different: %d rows, %d in the backup", p.Table, n, p.Rows)
		}
	}
	return nil
}
