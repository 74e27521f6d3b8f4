package exchange

import (
	"context"
	"fmt"
	"io"

	"lapak/internal/authz"
	"lapak/internal/exchange/exchangedb"
	"lapak/internal/id"
	"lapak/internal/store"
)

// part is how many bytes of a file lie in one row.
const part = 256 << 10

// stored reads a file that lies in the database, a few parts of it in memory.
type stored struct {
	ctx  context.Context
	s    *Service
	sc   authz.Scope
	file id.ID
	size int64
	kept map[int64][]byte
}

// ReadAt makes it an io.ReaderAt.
func (f *stored) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	for n < len(p) && off < f.size {
		b, err := f.part(off / part)
		if err != nil {
			return n, err
		}
		at := off % part
		if at >= int64(len(b)) {
			return n, io.ErrUnexpectedEOF
		}
		c := copy(p[n:], b[at:])
		n, off = n+c, off+int64(c)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *stored) part(n int64) ([]byte, error) {
	if b, ok := f.kept[n]; ok {
		return b, nil
	}
	var b []byte
	err := f.s.db.View(f.ctx, f.sc, func(tx *store.Tx) (err error) {
		b, err = f.s.q.Part(f.ctx, tx, exchangedb.PartParams{BusinessID: f.sc.Business, ImportID: f.file, N: n})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read part %d: %w", n, err)
	}
	if len(f.kept) >= 4 {
		clear(f.kept)
	}
	f.kept[n] = b
	return b, nil
}
