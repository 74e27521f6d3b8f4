package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// answer is what the bare handler says: a status, headers and bytes.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// Bare serves one answer from memory on every address, until ctx ends: what
// net/http can do on this machine. PUT /, with a whole answer as its body,
// changes which.
func Bare(ctx context.Context, addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil || !loopback(host) {
		return errors.New("--addr: only an address of this machine, such as 127.0.0.1:9000")
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	var kept atomic.Pointer[answer]
	kept.Store(&answer{status: http.StatusOK, header: http.Header{"Content-Type": {"text/plain"}}, body: []byte("ok\n")})
	s := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			a, err := readAnswer(r.Body)
			if err != nil {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			kept.Store(a)
			return
		}
		a := kept.Load()
		h := w.Header()
		for k, v := range a.header {
			h[k] = v
		}
		w.WriteHeader(a.status)
		_, _ = w.Write(a.body)
	})}
	go func() {
		<-ctx.Done()
		_ = s.Close()
	}()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func readAnswer(r io.Reader) (*answer, error) {
	res, err := http.ReadResponse(bufio.NewReader(r), nil)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	a := &answer{status: res.StatusCode, header: res.Header, body: b}
	a.header.Set("Content-Length", fmt.Sprint(len(b)))
	return a, nil
}

// imitate makes the bare handler answer as the server did.
func imitate(bare *server, res *http.Response, body []byte) error {
	raw := fmt.Appendf(nil, "HTTP/1.1 %d %s\r\n", res.StatusCode, http.StatusText(res.StatusCode))
	for k, list := range res.Header {
		for _, v := range list {
			if k != "Date" && k != "Connection" && k != "Content-Length" { // net/http writes these itself
				raw = fmt.Appendf(raw, "%s: %s\r\n", k, v)
			}
		}
	}
	raw = fmt.Appendf(raw, "Content-Length: %d\r\n\r\n%s", len(body), body)
	request := fmt.Appendf(nil, "PUT / HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n%s", bare.addr, len(raw), raw)
	c := &client{addr: bare.addr}
	defer c.close()
	status, _, err := c.do(request)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("the bare handler answered %d", status)
	}
	return err
}
