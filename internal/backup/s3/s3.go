// Package s3 keeps copies of backups in a bucket of an S3-compatible service:
// AWS, MinIO, Ceph, Cloudflare R2, Biznet Gio, and many others.
package s3

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"lapak/internal/backup"
)

// Secrets come from the environment, never from the address.
type Secrets struct{ Key, Secret string }

// Bucket is a folder of a bucket.
type Bucket struct {
	c              *minio.Client
	bucket, prefix string
	host           string
	part           int64
}

const partSize = 16 << 20

// Open reads "s3://host[:port]/bucket[/folder][?region=...]". http is spoken
// only to this machine, by "s3+http://".
func Open(address string, s Secrets) (*Bucket, error) { return open(address, s, nil) }

func open(address string, s Secrets, transport http.RoundTripper) (*Bucket, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil {
		return nil, errors.New("want s3://host/bucket/folder, the key and its secret in the environment")
	}
	bucket, prefix, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	if bucket == "" {
		return nil, errors.New("name a bucket: s3://host/bucket/folder")
	}
	if prefix != "" {
		prefix += "/"
	}
	if s.Key == "" || s.Secret == "" {
		return nil, errors.New("set LAPAK_BACKUP_S3_KEY and LAPAK_BACKUP_S3_SECRET")
	}
	secure := u.Scheme == "s3"
	if h := u.Hostname(); !secure && h != "localhost" && h != "127.0.0.1" && h != "::1" {
		return nil, errors.New("s3+http:// is for this machine only; use s3://")
	}
	if transport == nil {
		if transport, err = minio.DefaultTransport(secure); err != nil {
			return nil, err
		}
	}
	c, err := minio.New(u.Host, &minio.Options{
		Creds: credentials.NewStaticV4(s.Key, s.Secret, ""), Secure: secure, Region: u.Query().Get("region"), Transport: transport,
		MaxRetries: 4, BucketLookup: lookup(u.Hostname()),
	})
	if err != nil {
		return nil, fmt.Errorf("s3: %w", err)
	}
	return &Bucket{c, bucket, prefix, u.Host, partSize}, nil
}

// lookup addresses buckets by path, which all services know, save Amazon's own
// for which it is the old way.
func lookup(host string) minio.BucketLookupType {
	if strings.HasSuffix(host, ".amazonaws.com") {
		return minio.BucketLookupAuto
	}
	return minio.BucketLookupPath
}

// Name is the address.
func (b *Bucket) Name() string { return "s3://" + b.host + "/" + b.bucket + "/" + b.prefix }

// Put uploads a file, large ones in parts; an upload that breaks off leaves no
// object and no parts. What arrived is compared by the service's checksum, and
// read back where that cannot be foretold.
func (b *Bucket) Put(ctx context.Context, local, name string) error {
	in, err := os.Open(local)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer func() { _ = in.Close() }()
	st, err := in.Stat()
	if err != nil {
		return err
	}
	if err := b.sweep(ctx, st.ModTime()); err != nil {
		return err
	}
	part := b.part
	for part*9000 < st.Size() {
		part *= 2
	}
	opts := minio.PutObjectOptions{ContentType: "application/octet-stream", SendContentMd5: true, NumThreads: 1}
	if st.Size() > part {
		opts.PartSize = uint64(part)
	} else {
		opts.DisableMultipart = true
	}
	if _, err := b.c.PutObject(ctx, b.bucket, b.prefix+name, in, st.Size(), opts); err != nil {
		_ = b.c.RemoveIncompleteUpload(context.WithoutCancel(ctx), b.bucket, b.prefix+name)
		return fmt.Errorf("s3: upload: %w", err)
	}
	if err := b.compare(ctx, in, name, st.Size(), part); err != nil {
		return errors.Join(err, b.c.RemoveObject(context.WithoutCancel(ctx), b.bucket, b.prefix+name, minio.RemoveObjectOptions{}))
	}
	return nil
}

// compare holds what the service has against the local file.
func (b *Bucket) compare(ctx context.Context, in *os.File, name string, size, part int64) error {
	there, err := b.c.StatObject(ctx, b.bucket, b.prefix+name, minio.StatObjectOptions{})
	if err != nil {
		return fmt.Errorf("s3: look at what was uploaded: %w", err)
	}
	if there.Size != size {
		return fmt.Errorf("s3: %d bytes arrived, not %d", there.Size, size)
	}
	want, sum, err := etag(in, part, size)
	if err != nil {
		return err
	}
	if strings.Trim(there.ETag, `"`) == want {
		return nil
	}
	h := sha256.New()
	if err := b.Get(ctx, name, h); err != nil {
		return fmt.Errorf("read back: %w", err)
	}
	if hex.EncodeToString(h.Sum(nil)) != sum {
		return errors.New("s3: what was uploaded comes back different")
	}
	return nil
}

// etag is what services call an object: the MD5 of it, or of the MD5s of its parts.
func etag(in *os.File, part, size int64) (tag, sum string, err error) {
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return "", "", err
	}
	whole := sha256.New()
	var sums []byte
	n := 0
	for left := size; left > 0 || n == 0; n++ {
		m := md5.New()
		k, err := io.CopyN(io.MultiWriter(m, whole), in, min(part, left))
		if err != nil {
			return "", "", err
		}
		sums = m.Sum(sums)
		left -= k
	}
	sum = hex.EncodeToString(whole.Sum(nil))
	if n == 1 {
		return hex.EncodeToString(sums), sum, nil
	}
	all := md5.Sum(sums)
	return fmt.Sprintf("%x-%d", all, n), sum, nil
}

// sweep ends uploads that an earlier run left in the middle.
func (b *Bucket) sweep(ctx context.Context, now time.Time) error {
	for up := range b.c.ListIncompleteUploads(ctx, b.bucket, b.prefix, true) {
		if up.Err != nil {
			return nil // a service that cannot list them keeps none for long
		}
		if _, _, ours := backup.ParseName(strings.TrimPrefix(up.Key, b.prefix)); !ours || now.Sub(up.Initiated) < backup.Unfinished {
			continue
		}
		if err := b.c.RemoveIncompleteUpload(ctx, b.bucket, up.Key); err != nil {
			return fmt.Errorf("s3: end an old upload: %w", err)
		}
	}
	return nil
}

// List lists the folder's objects.
func (b *Bucket) List(ctx context.Context) ([]backup.File, error) {
	var out []backup.File
	for o := range b.c.ListObjects(ctx, b.bucket, minio.ListObjectsOptions{Prefix: b.prefix}) {
		if o.Err != nil {
			return nil, fmt.Errorf("s3: list: %w", o.Err)
		}
		if name := strings.TrimPrefix(o.Key, b.prefix); !strings.Contains(name, "/") && name != "" {
			out = append(out, backup.File{Name: name, Size: o.Size})
		}
	}
	return out, nil
}

// Get reads an object.
func (b *Bucket) Get(ctx context.Context, name string, w io.Writer) error {
	o, err := b.c.GetObject(ctx, b.bucket, b.prefix+name, minio.GetObjectOptions{})
	if err != nil {
		return fmt.Errorf("s3: read: %w", err)
	}
	defer func() { _ = o.Close() }()
	if _, err := io.Copy(w, o); err != nil {
		return fmt.Errorf("s3: read: %w", err)
	}
	return nil
}

// Remove removes an object.
func (b *Bucket) Remove(ctx context.Context, name string) error {
	if err := b.c.RemoveObject(ctx, b.bucket, b.prefix+name, minio.RemoveObjectOptions{}); err != nil {
		return fmt.Errorf("s3: remove: %w", err)
	}
	return nil
}
