// Package sftp keeps copies of backups on a machine that is reached by SSH.
package sftp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path"
	"strings"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"lapak/internal/backup"
)

// Secrets come from the environment, never from the address. HostKey is a line
// such as "ssh-ed25519 AAAA...", as ssh-keyscan prints it.
type Secrets struct {
	KeyFile, Password, HostKey string
}

// Folder is a folder of another machine.
type Folder struct {
	addr, dir string
	conf      *ssh.ClientConfig
}

const partial = ".part"

// Open reads "sftp://user@host[:port]/folder". The other machine's key must be
// known beforehand: one that was swapped is refused.
func Open(address string, s Secrets) (*Folder, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.User.Username() == "" || strings.Trim(u.Path, "/") == "" {
		return nil, errors.New("want sftp://user@host/folder")
	}
	if _, has := u.User.Password(); has {
		return nil, errors.New("put the password into LAPAK_BACKUP_SFTP_PASSWORD, not into the address")
	}
	if s.HostKey == "" {
		return nil, errors.New("set LAPAK_BACKUP_SFTP_HOST_KEY to the other machine's key (ssh-keyscan prints it: ssh-ed25519 AAAA...)")
	}
	line := strings.TrimSpace(s.HostKey)
	host, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil { // the host's name may stand before it, as ssh-keyscan prints it
		_, rest, _ := strings.Cut(line, " ")
		if host, _, _, _, err = ssh.ParseAuthorizedKey([]byte(rest)); err != nil {
			return nil, errors.New("LAPAK_BACKUP_SFTP_HOST_KEY: want a line that begins with ssh-ed25519 and the key")
		}
	}
	conf := &ssh.ClientConfig{User: u.User.Username(), HostKeyCallback: ssh.FixedHostKey(host), HostKeyAlgorithms: algorithms(host.Type()), Timeout: 10 * time.Second}
	switch {
	case s.KeyFile != "":
		b, err := os.ReadFile(s.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("LAPAK_BACKUP_SFTP_KEY: %w", err)
		}
		key, err := ssh.ParsePrivateKey(b)
		if err != nil {
			return nil, errors.New("LAPAK_BACKUP_SFTP_KEY: the file holds no private key without a passphrase")
		}
		conf.Auth = append(conf.Auth, ssh.PublicKeys(key))
	case s.Password != "":
		conf.Auth = append(conf.Auth, ssh.Password(s.Password))
	default:
		return nil, errors.New("set LAPAK_BACKUP_SFTP_KEY (file of a private key) or LAPAK_BACKUP_SFTP_PASSWORD")
	}
	port := u.Port()
	if port == "" {
		port = "22"
	}
	return &Folder{net.JoinHostPort(u.Hostname(), port), path.Clean(u.Path), conf}, nil
}

// algorithms are those by which a host with such a key signs.
func algorithms(kind string) []string {
	if kind == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{kind}
}

// Name is the address.
func (f *Folder) Name() string { return "sftp://" + f.conf.User + "@" + f.addr + f.dir }

// use runs fn over a connection, which is cut when ctx ends.
func (f *Folder) use(ctx context.Context, fn func(*sftp.Client) error) error {
	d := net.Dialer{Timeout: f.conf.Timeout}
	raw, err := d.DialContext(ctx, "tcp", f.addr)
	if err != nil {
		return fmt.Errorf("sftp: connect: %w", err)
	}
	defer func() { _ = raw.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer stop()
	c, chans, reqs, err := ssh.NewClientConn(raw, f.addr, f.conf)
	if err != nil {
		return fmt.Errorf("sftp: sign in: %w", err)
	}
	client := ssh.NewClient(c, chans, reqs)
	defer func() { _ = client.Close() }()
	s, err := sftp.NewClient(client)
	if err != nil {
		return fmt.Errorf("sftp: %w", err)
	}
	defer func() { _ = s.Close() }()
	if err := fn(s); err != nil {
		if ctx.Err() != nil {
			err = errors.Join(ctx.Err(), err)
		}
		return fmt.Errorf("sftp: %w", err)
	}
	return nil
}

// Put uploads under another name, reads all of it back, and gives the name last.
func (f *Folder) Put(ctx context.Context, local, name string) error {
	in, err := os.Open(local)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer func() { _ = in.Close() }()
	st, err := in.Stat()
	if err != nil {
		return fmt.Errorf("look at the file: %w", err)
	}
	return f.use(ctx, func(s *sftp.Client) (err error) {
		if _, err := s.Stat(f.dir); errors.Is(err, fs.ErrNotExist) {
			if err := s.MkdirAll(f.dir); err != nil {
				return fmt.Errorf("make the folder: %w", err)
			}
			_ = s.Chmod(f.dir, 0o700) // a server that does not let us has its own rules
		}
		if err := f.sweep(s, st.ModTime()); err != nil {
			return err
		}
		part := path.Join(f.dir, name+partial)
		defer func() {
			if err != nil {
				_ = s.Remove(part) // as far as there still is a connection; else the next time
			}
		}()
		out, err := s.OpenFile(part, os.O_CREATE|os.O_WRONLY|os.O_TRUNC)
		if err != nil {
			return fmt.Errorf("make the file: %w", err)
		}
		_ = out.Chmod(0o600) // before anything is in it
		sent := sha256.New()
		if _, err := io.Copy(out, io.TeeReader(in, sent)); err != nil {
			return errors.Join(fmt.Errorf("upload: %w", err), out.Close())
		}
		_ = out.Sync() // an extension that not every server has
		if err := out.Close(); err != nil {
			return fmt.Errorf("upload: %w", err)
		}
		got, err := sumOf(s, part)
		if err != nil {
			return fmt.Errorf("read back: %w", err)
		}
		if got != hex.EncodeToString(sent.Sum(nil)) {
			return errors.New("what was uploaded comes back different")
		}
		to := path.Join(f.dir, name)
		if err := s.PosixRename(part, to); err != nil {
			if no, ok := errors.AsType[*sftp.StatusError](err); !ok || no.FxCode() != sftp.ErrSSHFxOpUnsupported {
				return fmt.Errorf("name the file: %w", err)
			}
			_ = s.Remove(to) // a server without the extension renames onto nothing
			if err := s.Rename(part, to); err != nil {
				return fmt.Errorf("name the file: %w", err)
			}
		}
		return nil
	})
}

func sumOf(s *sftp.Client, name string) (string, error) {
	back, err := s.Open(name)
	if err != nil {
		return "", err
	}
	defer func() { _ = back.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, back); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// sweep takes away what an earlier upload left unfinished.
func (f *Folder) sweep(s *sftp.Client, now time.Time) error {
	all, err := s.ReadDir(f.dir)
	if err != nil {
		return fmt.Errorf("list: %w", err)
	}
	for _, e := range all {
		if strings.HasSuffix(e.Name(), partial) && now.Sub(e.ModTime()) > backup.Unfinished {
			if err := s.Remove(path.Join(f.dir, e.Name())); err != nil {
				return fmt.Errorf("remove an unfinished upload: %w", err)
			}
		}
	}
	return nil
}

// List lists the folder's files.
func (f *Folder) List(ctx context.Context) (out []backup.File, err error) {
	err = f.use(ctx, func(s *sftp.Client) error {
		all, err := s.ReadDir(f.dir)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		for _, e := range all {
			if e.Mode().IsRegular() && !strings.HasSuffix(e.Name(), partial) {
				out = append(out, backup.File{Name: e.Name(), Size: e.Size()})
			}
		}
		return err
	})
	return out, err
}

// Get reads a file.
func (f *Folder) Get(ctx context.Context, name string, w io.Writer) error {
	return f.use(ctx, func(s *sftp.Client) error {
		in, err := s.Open(path.Join(f.dir, path.Base(name)))
		if err != nil {
			return err
		}
		defer func() { _ = in.Close() }()
		_, err = io.Copy(w, in)
		return err
	})
}

// Remove removes a file.
func (f *Folder) Remove(ctx context.Context, name string) error {
	return f.use(ctx, func(s *sftp.Client) error {
		err := s.Remove(path.Join(f.dir, path.Base(name)))
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
}
