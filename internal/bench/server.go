package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// server is a process of lapak that we started.
type server struct {
	cmd     *exec.Cmd
	addr    string
	metrics string
	ready   time.Duration // from its start to its first answer that it is ready
	gone    chan struct{}
	err     error
}

// freeAddr is an address of this machine that nobody listens on.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// noBackup keeps a server from its first backup, which reads all tables while
// others are measured.
const noBackup = "--backup-dir="

// startServer serves a database and waits until it is ready.
func startServer(ctx context.Context, o *Options, data, dsn string, more ...string) (*server, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	metrics, err := freeAddr()
	if err != nil {
		return nil, err
	}
	s := &server{addr: addr, metrics: metrics}
	args := append([]string{
		"serve", "--data", data, "--db", dsn, "--addr", addr, "--metrics-addr", metrics, "--rate-factor", "1000000", "--log-level", "info", "--log-format", "json",
	}, more...)
	return s, s.start(ctx, o.Program, "/readyz", args...)
}

// startBare starts the bare handler.
func startBare(ctx context.Context, program string) (*server, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	s := &server{addr: addr}
	return s, s.start(ctx, program, "/", "bench", "bare", "--addr", addr)
}

// start runs the program. What it logs is written, as it would be for an
// operator, and thrown away.
func (s *server) start(ctx context.Context, program, ready string, args ...string) error {
	s.cmd = exec.Command(program, args...)
	var said tail
	s.cmd.Stderr = nil // the null device: each line is still written
	s.cmd.Stdout = &said
	s.cmd.SysProcAttr = &syscall.SysProcAttr{}
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", args[0], err)
	}
	s.gone = make(chan struct{})
	go func() {
		s.err = s.cmd.Wait()
		close(s.gone)
	}()
	c := &client{addr: s.addr}
	defer c.close()
	for {
		if status, _, err := c.do(get(s.addr, ready, "")); err == nil && status == http.StatusOK {
			s.ready = time.Since(began)
			return nil
		}
		select {
		case <-s.gone:
			return fmt.Errorf("%s ended before it was ready: %w\n%s", args[0], s.err, said.String())
		case <-ctx.Done():
			s.stop()
			return ctx.Err()
		case <-time.After(2 * time.Millisecond):
		}
		if time.Since(began) > time.Minute {
			s.stop()
			return errors.New("the server was not ready within a minute")
		}
	}
}

// stop ends the process as an operator does, and by force if it does not go.
func (s *server) stop() {
	if s.cmd == nil || s.cmd.Process == nil || s.gone == nil {
		return
	}
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.gone:
	case <-time.After(30 * time.Second):
		_ = s.cmd.Process.Kill()
		<-s.gone
	}
}

// rss is the memory of the process that is not swapped out; 0 where the system
// does not tell.
func (s *server) rss() int64 { return status(s.cmd, "VmRSS:") }

func status(cmd *exec.Cmd, field string) int64 {
	if cmd == nil || cmd.Process == nil {
		return 0
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), field)
	words := strings.Fields(rest)
	if len(words) == 0 {
		return 0
	}
	n, _ := strconv.ParseInt(words[0], 10, 64)
	return n << 10
}

// watch notes the most memory the server has until stop is called.
func (s *server) watch() (stop func() int64) {
	if s == nil {
		return func() int64 { return 0 }
	}
	var most atomic.Int64
	done := make(chan struct{})
	go func() {
		for {
			most.Store(max(most.Load(), s.rss()))
			select {
			case <-done:
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	}()
	return func() int64 {
		close(done)
		return max(most.Load(), s.rss())
	}
}

// counter reads one figure of the server's metrics.
func (s *server) counter(name string) float64 {
	c := &client{addr: s.metrics}
	defer c.close()
	b, err := c.body(plain(s.metrics, "/metrics", ""))
	if err != nil {
		return 0
	}
	sc := bufio.NewScanner(bytes.NewReader(b))
	for sc.Scan() {
		if rest, ok := strings.CutPrefix(sc.Text(), name+" "); ok {
			v, _ := strconv.ParseFloat(rest, 64)
			return v
		}
	}
	return 0
}

// body sends a request and returns what came, whatever its status.
func (c *client) body(request []byte) ([]byte, error) {
	_, b, err := c.answer(request)
	return b, err
}

// answer sends a request and returns the whole answer.
func (c *client) answer(request []byte) (*http.Response, []byte, error) {
	c.close()
	var err error
	if c.c, err = net.Dial("tcp", c.addr); err != nil {
		return nil, nil, err
	}
	defer c.close()
	c.br = bufio.NewReader(c.c)
	_ = c.c.SetDeadline(time.Now().Add(answerTimeout))
	if _, err = c.c.Write(request); err != nil {
		return nil, nil, err
	}
	res, err := http.ReadResponse(c.br, nil)
	if err != nil {
		return nil, nil, err
	}
	b, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	return res, b, err
}

// tail keeps the end of what a process said.
type tail struct{ b []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	if len(t.b) > 4096 {
		t.b = t.b[len(t.b)-4096:]
	}
	return len(p), nil
}

func (t *tail) String() string { return string(t.b) }

// load is what the machine says of its load.
func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(b))[:3], " ")
}
