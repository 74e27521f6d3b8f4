package torture_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binaries are the program as it is released, and one with mistakes to choose from.
var binaries struct {
	dir         string
	clean, sick func() (string, error)
}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "lapak-torture-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binaries.dir = dir
	binaries.clean = sync.OnceValues(func() (string, error) { return build("lapak") })
	binaries.sick = sync.OnceValues(func() (string, error) { return build("lapak-sick", "-ldflags", "-X lapak/internal/defect.planted=yes") })
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

func build(name string, args ...string) (string, error) {
	out := filepath.Join(binaries.dir, name)
	cmd := exec.Command("go", append(append([]string{"build", "-o", out}, args...), "lapak/cmd/lapak")...)
	if said, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the server: %w\n%s", err, said)
	}
	return out, nil
}

// binary is the program for a trial.
func binary(t *testing.T, planted string) string {
	t.Helper()
	pick := binaries.clean
	if planted != "" {
		pick = binaries.sick
	}
	name, err := pick()
	if err != nil {
		t.Fatalf("void: %v", err)
	}
	return name
}

// server is a running lapak serve, in a process of its own.
type server struct {
	cmd  *exec.Cmd
	url  string
	said *tail
	done chan struct{}
	err  error
}

// bound is how long a server may take to stand again after it was killed.
const bound = 20 * time.Second

// start runs the server and waits until it is ready.
func start(ctx context.Context, bin, planted string, env []string, args ...string) (*server, time.Duration, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, 0, err
	}
	s := &server{url: "http://" + addr, said: &tail{}, done: make(chan struct{})}
	s.cmd = exec.Command(bin, append([]string{
		"serve", "--addr", addr, "--base-url", s.url, "--metrics-addr", "", "--rate-factor", "100000", "--log-level", "warn", "--log-format", "text",
	}, args...)...)
	s.cmd.Env = append(append(os.Environ(), "LAPAK_DEFECT="+planted), env...)
	s.cmd.Stdout, s.cmd.Stderr = s.said, s.said
	s.cmd.SysProcAttr = dieWithUs()
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, 0, err
	}
	go func() {
		s.err = s.cmd.Wait()
		close(s.done)
	}()
	for time.Since(began) < bound {
		select {
		case <-s.done:
			return nil, 0, fmt.Errorf("the server ended by itself: %w\n%s", s.err, s.said)
		case <-ctx.Done():
			s.kill()
			return nil, 0, ctx.Err()
		case <-time.After(15 * time.Millisecond):
		}
		if s.ready(ctx) {
			return s, time.Since(began), nil
		}
	}
	s.kill()
	return nil, 0, fmt.Errorf("the server was not ready within %s\n%s", bound, s.said)
}

func (s *server) ready(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/readyz", nil)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, res.Body)
	return res.Body.Close() == nil && res.StatusCode == http.StatusOK
}

// ended reports whether the server went before anybody killed it.
func (s *server) ended() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// kill ends the server as a power cut does: without a word.
func (s *server) kill() {
	_ = s.cmd.Process.Signal(syscall.SIGKILL)
	<-s.done
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// tail holds the end of what a process said.
type tail struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *tail) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.b.Len() > 64<<10 {
		l.b.Next(32 << 10)
	}
	return l.b.Write(p)
}

func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
