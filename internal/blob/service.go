package blob

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"lapak/internal/authz"
	"lapak/internal/blob/blobdb"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/store"
)

// DefaultQuota is what the pictures of one business may weigh together.
const DefaultQuota = 1 << 30

// looseFor is how long a picture stays that nothing refers to.
const looseFor = 24 * time.Hour

// Service keeps pictures.
type Service struct {
	db *store.DB
	q  blobdb.Queries
	// Quota is what the pictures of one business may weigh together, in bytes.
	Quota int64

	decoders chan struct{}
	cache    cache
}

// New makes the service. At most two pictures are decoded at a time.
func New(db *store.DB) *Service {
	return &Service{db: db, Quota: DefaultQuota, decoders: make(chan struct{}, 2), cache: cache{room: 32 << 20}}
}

// Register gives the runner the job that sweeps pictures nothing refers to.
func (s *Service) Register(r *job.Runner) {
	job.Handle(r, func(ctx context.Context, sc authz.Scope, _ sweep) error { return s.Sweep(ctx, sc) })
}

type sweep struct{}

// Kind names the job that sweeps one business's loose pictures.
func (sweep) Kind() string { return "blob.sweep" }

// Read decodes, turns and shrinks a public photo. It takes some hundred
// milliseconds: call it before the transaction that puts the picture.
func (s *Service) Read(ctx context.Context, r io.Reader) (Picture, error) {
	return s.read(ctx, r, publicSizes)
}

// ReadPrivate is Read for a private picture such as a proof of payment: one
// size, in which writing stays readable.
func (s *Service) ReadPrivate(ctx context.Context, r io.Reader) (Picture, error) {
	return s.read(ctx, r, privateSizes)
}

func (s *Service) read(ctx context.Context, r io.Reader, sizes []size) (Picture, error) {
	raw, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return Picture{}, fmt.Errorf("read picture: %w", err)
	}
	if len(raw) > MaxBytes {
		return Picture{}, ErrLarge
	}
	if err := look(raw); err != nil { // cheap: refuse before waiting for a decoder
		return Picture{}, err
	}
	wait, stop := context.WithTimeout(ctx, 8*time.Second)
	defer stop()
	select {
	case s.decoders <- struct{}{}:
		defer func() { <-s.decoders }()
	case <-wait.Done():
		return Picture{}, ErrBusy.After(5 * time.Second)
	}
	return shrink(raw, sizes)
}

// Upload keeps a public photo that nothing refers to yet, in a transaction of
// its own. A form that is shown again carries the photo's id, so that nobody
// sends a photo twice. Attach it within a day.
func (s *Service) Upload(ctx context.Context, sc authz.Scope, r io.Reader) (Photo, error) {
	if sc.Business.IsZero() || !sc.May(authz.EditProducts) && !sc.May(authz.EditShop) {
		return Photo{}, authz.ErrForbidden
	}
	pic, err := s.Read(ctx, r)
	if err != nil {
		return Photo{}, err
	}
	var p Photo
	err = s.db.Tx(ctx, sc, func(tx *store.Tx) (err error) {
		p, err = s.Put(ctx, tx, sc, pic)
		return err
	})
	return p, err
}

// PutPhoto is Read and Put in one. Prefer Upload, or Read before the
// transaction: decoding inside it keeps other writers waiting.
func (s *Service) PutPhoto(ctx context.Context, tx *store.Tx, sc authz.Scope, r io.Reader) (Photo, error) {
	pic, err := s.Read(ctx, r)
	if err != nil {
		return Photo{}, err
	}
	return s.Put(ctx, tx, sc, pic)
}

// Put keeps a public photo, loose until it is attached.
func (s *Service) Put(ctx context.Context, tx *store.Tx, sc authz.Scope, pic Picture) (Photo, error) {
	return s.put(ctx, tx, sc, "photo", pic, nil)
}

// PutPrivate keeps a private picture of the object owner, such as a payment.
// Kind says what it is ("proof").
func (s *Service) PutPrivate(ctx context.Context, tx *store.Tx, sc authz.Scope, kind string, owner id.ID, pic Picture) (Photo, error) {
	return s.put(ctx, tx, sc, kind, pic, &owner)
}

func (s *Service) put(ctx context.Context, tx *store.Tx, sc authz.Scope, kind string, pic Picture, owner *id.ID) (Photo, error) {
	if sc.Business.IsZero() || len(pic.files) == 0 {
		return Photo{}, errors.New("blob: a picture needs a business and content")
	}
	p := Photo{Business: sc.Business, ID: id.New(), Width: pic.Width, Height: pic.Height}
	var bytes int64
	for _, f := range pic.files {
		bytes += int64(len(f.content))
	}
	if err := s.q.OpenUsage(ctx, tx, sc.Business); err != nil {
		return Photo{}, fmt.Errorf("open usage: %w", err)
	}
	n, err := s.q.Use(ctx, tx, blobdb.UseParams{BusinessID: sc.Business, Bytes: bytes, Quota: s.Quota})
	if err != nil {
		return Photo{}, fmt.Errorf("count usage: %w", err)
	}
	if n == 0 {
		return Photo{}, ErrQuota
	}
	row := blobdb.InsertBlobParams{
		BusinessID: sc.Business, ID: p.ID, Kind: kind, Private: owner != nil, Width: p.Width, Height: p.Height,
		Bytes: bytes, OwnerID: owner, CreatedAt: tx.Now,
	}
	if owner == nil {
		row.LooseSince = &tx.Now
		if err := s.sweepLater(ctx, tx, sc); err != nil {
			return Photo{}, err
		}
	}
	if err := s.q.InsertBlob(ctx, tx, row); err != nil {
		return Photo{}, fmt.Errorf("insert picture: %w", err)
	}
	for _, f := range pic.files {
		err := s.q.InsertFile(ctx, tx, blobdb.InsertFileParams{BusinessID: sc.Business, BlobID: p.ID, Width: int64(f.width), Content: f.content})
		if err != nil {
			return Photo{}, fmt.Errorf("insert picture of %d: %w", f.width, err)
		}
	}
	return p, nil
}

// Attach makes a public photo belong to owner, in the transaction that refers
// to it. A photo that was swept, or that belongs to another object, is ErrGone.
func (s *Service) Attach(ctx context.Context, tx *store.Tx, sc authz.Scope, owner, photo id.ID) (Photo, error) {
	row, err := s.q.Attach(ctx, tx, blobdb.AttachParams{BusinessID: sc.Business, ID: photo, Owner: owner.Null()})
	if errors.Is(err, sql.ErrNoRows) {
		return Photo{}, ErrGone
	}
	if err != nil {
		return Photo{}, fmt.Errorf("attach photo: %w", err)
	}
	return Photo{Business: sc.Business, ID: photo, Width: row.Width, Height: row.Height}, nil
}

// Detach takes a photo from its owner. It stays for a day, for pages that
// still show it.
func (s *Service) Detach(ctx context.Context, tx *store.Tx, sc authz.Scope, owner, photo id.ID) error {
	n, err := s.q.Detach(ctx, tx, blobdb.DetachParams{BusinessID: sc.Business, ID: photo, Owner: owner.Null(), Now: &tx.Now})
	if err != nil {
		return fmt.Errorf("detach photo: %w", err)
	}
	if n == 0 {
		return nil
	}
	return s.sweepLater(ctx, tx, sc)
}

// Hand gives a private picture of owner to heir, as what kind says: a photo that
// came with a message becomes the proof of what the message did.
func (s *Service) Hand(ctx context.Context, tx *store.Tx, sc authz.Scope, owner, picture, heir id.ID, kind string) error {
	n, err := s.q.Hand(ctx, tx, blobdb.HandParams{BusinessID: sc.Business, ID: picture, Owner: owner.Null(), Heir: heir.Null(), Kind: kind})
	if err != nil {
		return fmt.Errorf("hand picture on: %w", err)
	}
	if n == 0 {
		return ErrGone
	}
	return nil
}

// EndPrivate takes a private picture from its owner: it cannot be opened any
// more, and is swept within a day or so.
func (s *Service) EndPrivate(ctx context.Context, tx *store.Tx, sc authz.Scope, owner, picture id.ID) error {
	n, err := s.q.EndPrivate(ctx, tx, blobdb.EndPrivateParams{BusinessID: sc.Business, ID: picture, Owner: owner.Null(), Now: &tx.Now})
	if err != nil {
		return fmt.Errorf("end picture: %w", err)
	}
	if n == 0 {
		return nil
	}
	return s.sweepLater(ctx, tx, sc)
}

// Duplicate makes a loose copy of a photo, for the copy of what shows it.
func (s *Service) Duplicate(ctx context.Context, tx *store.Tx, sc authz.Scope, photo id.ID) (Photo, error) {
	b, err := s.q.Blob(ctx, tx, blobdb.BlobParams{BusinessID: sc.Business, ID: photo})
	if errors.Is(err, sql.ErrNoRows) || err == nil && b.Private {
		return Photo{}, ErrGone
	}
	if err != nil {
		return Photo{}, fmt.Errorf("read photo: %w", err)
	}
	files, err := s.q.Files(ctx, tx, blobdb.FilesParams{BusinessID: sc.Business, BlobID: photo})
	if err != nil {
		return Photo{}, fmt.Errorf("read photo: %w", err)
	}
	pic := Picture{Width: b.Width, Height: b.Height}
	for _, f := range files {
		pic.files = append(pic.files, file{int(f.Width), f.Content})
	}
	return s.Put(ctx, tx, sc, pic)
}

// Wake asks for the sweep that loose pictures wait for, after they were brought
// in from elsewhere.
func (s *Service) Wake(ctx context.Context, tx *store.Tx, sc authz.Scope) error {
	return s.sweepLater(ctx, tx, sc)
}

func (s *Service) sweepLater(ctx context.Context, tx *store.Tx, sc authz.Scope) error {
	due := tx.Now.Add(looseFor + time.Hour).Truncate(time.Hour) // one sweep an hour is enough
	key := "blob.sweep:" + sc.Business.String() + ":" + due.UTC().Format(time.RFC3339)
	return job.Put(ctx, tx, sc, sweep{}, job.At(due), job.Unique(key))
}

// Sweep removes the pictures of a business to which nothing has referred for
// a day.
func (s *Service) Sweep(ctx context.Context, sc authz.Scope) error {
	for {
		var n int
		err := s.db.Tx(ctx, sc, func(tx *store.Tx) error {
			before := tx.Now.Add(-looseFor)
			rows, err := s.q.Loose(ctx, tx, blobdb.LooseParams{BusinessID: sc.Business, Before: &before, Max: 50})
			if err != nil {
				return fmt.Errorf("list loose pictures: %w", err)
			}
			n = len(rows)
			for _, r := range rows {
				if err := s.q.DeleteFiles(ctx, tx, blobdb.DeleteFilesParams{BusinessID: sc.Business, BlobID: r.ID}); err != nil {
					return fmt.Errorf("delete picture: %w", err)
				}
				if err := s.q.DeleteBlob(ctx, tx, blobdb.DeleteBlobParams{BusinessID: sc.Business, ID: r.ID}); err != nil {
					return fmt.Errorf("delete picture: %w", err)
				}
				if err := s.q.GiveBack(ctx, tx, blobdb.GiveBackParams{BusinessID: sc.Business, Bytes: r.Bytes}); err != nil {
					return fmt.Errorf("count usage: %w", err)
				}
			}
			return nil
		})
		if err != nil || n < 50 {
			return err
		}
	}
}

// Open returns a public photo of a business at one of Widths. Private
// pictures are not found here.
func (s *Service) Open(ctx context.Context, business, photo id.ID, width int) (File, error) {
	if !slices.Contains(Widths, width) {
		return File{}, ErrNotFound
	}
	k := key{business, photo, width}
	if f, ok := s.cache.get(k); ok {
		return f, nil
	}
	var content []byte
	err := s.db.View(ctx, authz.Visitor(business), func(tx *store.Tx) (err error) {
		content, err = s.q.PublicFile(ctx, tx, blobdb.PublicFileParams{BusinessID: business, ID: photo, Width: int64(width)})
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return File{}, ErrNotFound
	}
	if err != nil {
		return File{}, fmt.Errorf("read photo: %w", err)
	}
	f := File{ETag: etag(content), Content: content}
	s.cache.put(k, f)
	return f, nil
}

// OpenPrivate returns a private picture of the object owner. The caller has
// checked that the acting person may see that object.
func (s *Service) OpenPrivate(ctx context.Context, tx *store.Tx, sc authz.Scope, owner, picture id.ID) (File, error) {
	content, err := s.q.PrivateFile(ctx, tx, blobdb.PrivateFileParams{BusinessID: sc.Business, ID: picture, Owner: owner.Null()})
	if errors.Is(err, sql.ErrNoRows) {
		return File{}, ErrNotFound
	}
	if err != nil {
		return File{}, fmt.Errorf("read picture: %w", err)
	}
	return File{ETag: etag(content), Content: content}, nil
}

// Invariants hold at every moment: what is counted is what is kept.
var Invariants = []store.Invariant{
	{Name: "pictures weigh what their business is charged", SQL: `SELECT u.business_id FROM blob_usage u
WHERE u.bytes <> (SELECT coalesce(CAST(sum(b.bytes) AS bigint), 0) FROM blobs b WHERE b.business_id = u.business_id)`},
	{Name: "every picture has its files", SQL: `SELECT b.business_id, b.id FROM blobs b
WHERE NOT EXISTS (SELECT 1 FROM blob_files f WHERE f.business_id = b.business_id AND f.blob_id = b.id)`},
}
