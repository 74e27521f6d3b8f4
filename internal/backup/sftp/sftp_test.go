package sftp

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"lapak/internal/backup"
)

// machine is an SSH server in this process that serves a folder.
type machine struct {
	addr, dir, key string
	cut            atomic.Int64 // bytes after which connections are cut; 0: never
}

func serve(t *testing.T) *machine {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	conf := &ssh.ServerConfig{PasswordCallback: func(c ssh.ConnMetadata, p []byte) (*ssh.Permissions, error) {
		if c.User() != "lapak" || string(p) != "rahasia" {
			return nil, errors.New("no")
		}
		return nil, nil
	}}
	conf.AddHostKey(signer)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{addr: l.Addr().String(), dir: t.TempDir(), key: string(ssh.MarshalAuthorizedKey(signer.PublicKey()))}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go m.session(c, conf)
		}
	}()
	return m
}

func (m *machine) session(raw net.Conn, conf *ssh.ServerConfig) {
	c, chans, reqs, err := ssh.NewServerConn(&limited{Conn: raw, m: m}, conf)
	if err != nil {
		_ = raw.Close()
		return
	}
	defer func() { _ = c.Close() }()
	go ssh.DiscardRequests(reqs)
	for n := range chans {
		ch, in, err := n.Accept()
		if err != nil {
			return
		}
		go func() {
			for r := range in {
				_ = r.Reply(r.Type == "subsystem" && string(r.Payload[4:]) == "sftp", nil)
			}
		}()
		s, err := sftp.NewServer(ch, sftp.WithServerWorkingDirectory(m.dir))
		if err != nil {
			return
		}
		_ = s.Serve()
		_ = s.Close()
	}
}

// limited cuts a connection after so many bytes have come.
type limited struct {
	net.Conn
	m    *machine
	came int64
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	l.came += int64(n)
	if cut := l.m.cut.Load(); cut > 0 && l.came > cut {
		_ = l.Close()
		return 0, io.ErrUnexpectedEOF
	}
	return n, err
}

func (m *machine) open(t *testing.T) *Folder {
	t.Helper()
	f, err := Open("sftp://lapak@"+m.addr+m.dir+"/cadangan", Secrets{Password: "rahasia", HostKey: m.key})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

const name = "lapak-20260102T030405.678Z-0badcafe-00c0ffee.lapak"

func file(t *testing.T, n int) (string, []byte) {
	t.Helper()
	b := make([]byte, n)
	_, _ = rand.Read(b)
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, b
}

func TestFolderKeepsFiles(t *testing.T) {
	m := serve(t)
	f := m.open(t)
	if list, err := f.List(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("List of a folder that is not there = %v, %v", list, err)
	}
	local, want := file(t, 3<<20)
	for range 2 { // the second time over the first
		if err := f.Put(t.Context(), local, name); err != nil {
			t.Fatal(err)
		}
	}
	list, err := f.List(t.Context())
	if err != nil || len(list) != 1 || list[0] != (backup.File{Name: name, Size: 3 << 20}) {
		t.Errorf("List = %v, %v", list, err)
	}
	var got bytes.Buffer
	if err := f.Get(t.Context(), name, &got); err != nil || !bytes.Equal(got.Bytes(), want) {
		t.Errorf("what comes back differs, %v", err)
	}
	for range 2 {
		if err := f.Remove(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Get(t.Context(), name, io.Discard); err == nil {
		t.Error("a file that is not there was read")
	}
}

// A connection that breaks in the middle leaves no file with a good name, and
// the next upload takes the rest away.
func TestConnectionThatBreaksLeavesNoFile(t *testing.T) {
	m := serve(t)
	f := m.open(t)
	local, _ := file(t, 8<<20)
	m.cut.Store(4 << 20)
	if err := f.Put(t.Context(), local, name); err == nil {
		t.Fatal("an upload whose connection broke went well")
	}
	m.cut.Store(0)
	left, err := os.ReadDir(filepath.Join(m.dir, "cadangan"))
	if err != nil || len(left) == 0 {
		t.Fatalf("void: nothing had arrived: %v", err)
	}
	if list, err := f.List(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("List = %v, %v; want nothing", list, err)
	}
	if err := f.Put(t.Context(), local, name); err != nil {
		t.Fatal(err)
	}
	if left, _ = os.ReadDir(filepath.Join(m.dir, "cadangan")); len(left) != 1 {
		t.Errorf("%d files are left, want the backup alone", len(left))
	}
}

func TestUploadEndsWithItsContext(t *testing.T) {
	f := serve(t).open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	local, _ := file(t, 1000)
	if err := f.Put(ctx, local, name); !errors.Is(err, context.Canceled) {
		t.Errorf("Put = %v, want canceled", err)
	}
}

// A machine with another key than the one that is known gets nothing.
func TestSwappedMachineIsRefused(t *testing.T) {
	m, other := serve(t), serve(t)
	f, err := Open("sftp://lapak@"+m.addr+m.dir, Secrets{Password: "rahasia", HostKey: "host.example.org " + other.key})
	if err != nil {
		t.Fatal(err)
	}
	local, _ := file(t, 1000)
	if err := f.Put(t.Context(), local, name); err == nil {
		t.Error("a machine with another key was trusted")
	}
	if left, _ := os.ReadDir(m.dir); len(left) != 0 {
		t.Error("it got a file")
	}
	if f, err = Open("sftp://lapak@"+m.addr+m.dir, Secrets{Password: "salah", HostKey: m.key}); err != nil {
		t.Fatal(err)
	}
	if err := f.Put(t.Context(), local, name); err == nil || strings.Contains(err.Error(), "salah") {
		t.Errorf("Put with a wrong password = %v", err)
	}
}

func TestOpenSaysWhatIsMissing(t *testing.T) {
	for want, s := range map[string]Secrets{"HOST_KEY to": {}, "SFTP_KEY (file": {HostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE5Cx1nUB6VBcQ0k0MsWsjeYbLFYbIs6TvtcjDFBVxGe"}, "want a line": {HostKey: "x"}} {
		if _, err := Open("sftp://me@host/dir", s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open = %v, want %q", err, want)
		}
	}
	for _, address := range []string{"sftp://host/dir", "sftp://me@host", "sftp://me:pw@host/dir"} {
		if _, err := Open(address, Secrets{HostKey: "x", Password: "x"}); err == nil {
			t.Errorf("%s was taken", address)
		}
	}
}

var _ backup.Place = (*Folder)(nil)
