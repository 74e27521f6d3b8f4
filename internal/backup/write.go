package backup

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"lapak/internal/id"
	"lapak/internal/store"
)

// A backup file is, from its beginning to its end:
//
//	lapak-backup 1\n
//	{Header as JSON}\n
//	body
//	\nsha256 {64 hex digits: of all bytes before this line}\n
//
// The body is compressed with zstd and, if the header says sealed, encrypted
// with age after that. Unpacked it is a row of blocks, each one byte of kind, a
// length (uvarint) and that many bytes:
//
//	T  a table begins: its name and its columns, sorted, as JSON
//	R  rows of it, in the order of its key
//	M  the manifest as JSON; the last block
const (
	magic      = "lapak-backup 1\n"
	blockTable = 'T'
	blockRows  = 'R'
	blockEnd   = 'M'

	blockSize = 256 << 10
	maxBlock  = 64 << 20 // a photo is at most a few MB
	maxHeader = 1 << 20
	tailLabel = "\nsha256 "
	tailSize  = len(tailLabel) + 64 + 1
)

type tableHead struct {
	Table   string   `json:"table"`
	Columns []string `json:"columns"`
}

// counter is a writer that knows the sum and the length of what went through.
type counter struct {
	w   io.Writer
	sum hash.Hash
	n   int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.sum.Write(p[:n])
	c.n += int64(n)
	return n, err
}

// Source says whose backup it is.
type Source struct {
	Program string
	Key     string // mark of the installation's key
	Lock    Lock
	Pace    func() // called now and then; it may wait, to leave room for others
}

// Write writes a backup of all that db holds at this moment.
func Write(ctx context.Context, db *store.DB, src Source, out io.Writer) (Made, error) {
	var m Made
	to, err := src.Lock.recipients()
	if err != nil {
		return m, err
	}
	buf := bufio.NewWriterSize(out, 1<<20)
	file := &counter{w: buf, sum: sha256.New()}
	err = db.Snapshot(ctx, func(s *store.Snapshot) error {
		m.Header = Header{ID: id.New(), MadeAt: s.At, Engine: s.Engine, Program: src.Program, Migrations: s.Migrations, Key: src.Key, Sealed: len(to) > 0}
		head, err := json.Marshal(m.Header)
		if err != nil {
			return fmt.Errorf("header: %w", err)
		}
		if _, err := fmt.Fprintf(file, "%s%s\n", magic, head); err != nil {
			return err
		}
		m.Manifest.Header = hex.EncodeToString(file.sum.Sum(nil))
		return pack(file, to, func(w io.Writer) error { return writeBody(ctx, s, src.Pace, &m.Manifest, w) })
	})
	if err != nil {
		return m, fmt.Errorf("write the backup: %w", err)
	}
	if _, err := fmt.Fprintf(file, "%s%x\n", tailLabel, file.sum.Sum(nil)); err != nil {
		return m, fmt.Errorf("write the backup: %w", err)
	}
	if err := buf.Flush(); err != nil {
		return m, fmt.Errorf("write the backup: %w", err)
	}
	m.Size = file.n
	copy(m.Sum[:], file.sum.Sum(nil))
	return m, nil
}

// pack gives fn a writer whose bytes are compressed and, with recipients, sealed.
func pack(out io.Writer, to []age.Recipient, fn func(io.Writer) error) error {
	sealed := io.WriteCloser(nopCloser{out})
	if len(to) > 0 {
		var err error
		if sealed, err = age.Encrypt(out, to...); err != nil {
			return fmt.Errorf("seal: %w", err)
		}
	}
	z, err := zstd.NewWriter(sealed, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	if err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	if err := fn(z); err != nil {
		_ = z.Close()
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return sealed.Close()
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

func writeBody(ctx context.Context, s *store.Snapshot, pace func(), m *Manifest, w io.Writer) error {
	for _, t := range s.Tables {
		head, err := json.Marshal(tableHead{t.Name, t.Names()})
		if err != nil {
			return err
		}
		if err := block(w, blockTable, head); err != nil {
			return err
		}
		p := Part{Table: t.Name}
		sum := sha256.New()
		b := make([]byte, 0, 2*blockSize)
		flush := func() error {
			if len(b) == 0 {
				return nil
			}
			sum.Write(b)
			err := block(w, blockRows, b)
			b = b[:0]
			if pace != nil {
				pace()
			}
			return err
		}
		if err := s.Rows(ctx, t, func(row []any) (err error) {
			p.Rows++
			if b, err = appendRow(b, row); err != nil || len(b) < blockSize {
				return err
			}
			return flush()
		}); err != nil {
			return err
		}
		if err := flush(); err != nil {
			return err
		}
		p.Sum = hex.EncodeToString(sum.Sum(nil))
		m.Parts = append(m.Parts, p)
	}
	end, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return block(w, blockEnd, end)
}

func block(w io.Writer, kind byte, b []byte) error {
	if len(b) > maxBlock {
		return fmt.Errorf("a block of %d bytes is too long", len(b))
	}
	var head [11]byte
	head[0] = kind
	n := 1 + binary.PutUvarint(head[1:], uint64(len(b)))
	if _, err := w.Write(head[:n]); err != nil {
		return err
	}
	_, err := w.Write(b)
	return err
}
