// Package blob keeps pictures: it takes what a phone sent, turns it upright,
// writes it anew as small JPEGs and forgets the rest, the place where it was
// taken included. Pictures belong to one business and are kept in its rows of
// the database (docs/decisions/0007-blobs.md says why).
package blob

import (
	"strconv"

	"lapak/internal/fault"
	"lapak/internal/id"
)

// Faults of pictures.
var (
	ErrType     = fault.New(fault.Invalid, "blob.type")     // not a JPEG, PNG or WebP
	ErrHEIC     = fault.New(fault.Invalid, "blob.heic")     // an iPhone's own format
	ErrBroken   = fault.New(fault.Invalid, "blob.broken")   // begins as a picture, ends as none
	ErrLarge    = fault.New(fault.Invalid, "blob.large")    // more than MaxBytes
	ErrPixels   = fault.New(fault.Invalid, "blob.pixels")   // more than MaxPixels
	ErrQuota    = fault.New(fault.Conflict, "blob.quota")   // the business has used up its room
	ErrGone     = fault.New(fault.Invalid, "blob.gone")     // swept, or of another owner: send it again
	ErrBusy     = fault.New(fault.Unavailable, "blob.busy") // too many pictures at this moment
	ErrNotFound = fault.New(fault.NotFound, "blob.not_found")
)

// Limits of one picture that comes in.
const (
	MaxBytes  = 10 << 20
	MaxPixels = 40_000_000
)

// Widths are those in which a public photo is kept, smallest first: for a
// list, for a page on a phone, for a page on anything larger.
var Widths = []int{320, 640, 1080}

// proofWidth and proofBudget are those of a private picture, whose writing
// must stay readable.
const (
	proofWidth  = 1280
	proofBudget = 300_000
)

// Photo is a kept picture. Width and Height are those of the picture turned
// upright, for the page to leave room before it is loaded.
type Photo struct {
	Business id.ID
	ID       id.ID
	Width    int64
	Height   int64
}

// IsZero reports whether there is no photo.
func (p Photo) IsZero() bool { return p.ID.IsZero() }

// Path is the address of the photo at one of Widths.
func (p Photo) Path(width int) string { return Path(p.Business, p.ID, width) }

// Path is the address of a public photo at one of Widths.
func Path(business, photo id.ID, width int) string {
	return "/foto/" + business.String() + "/" + photo.String() + "/" + strconv.Itoa(width) + ".jpg"
}

// Size is how wide and high the photo is drawn at one of Widths.
func (p Photo) Size(width int) (w, h int64) {
	if p.Width <= int64(width) || p.Width == 0 {
		return p.Width, p.Height
	}
	return int64(width), max(1, (p.Height*int64(width)+p.Width/2)/p.Width)
}

// File is a picture as it is sent out: always a JPEG.
type File struct {
	ETag    string
	Content []byte
}
