package torture_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// mailbox is a mail server on loopback that counts what it took, by the key
// that a mail carries through all its tries.
type mailbox struct {
	addr string
	slow time.Duration // before the greeting, and before a mail is acknowledged

	mu    sync.Mutex
	keys  map[string]map[string]int // by recipient and subject: key -> times it came
	times int
}

func newMailbox(t *testing.T) *mailbox {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("void: %v", err)
	}
	m := &mailbox{addr: l.Addr().String(), slow: 40 * time.Millisecond, keys: map[string]map[string]int{}}
	var wg sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		wg.Wait()
	})
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { m.serve(c) })
		}
	})
	return m
}

func (m *mailbox) url() string { return "smtp+plain://" + m.addr }

// clear forgets what came, for the next installation.
func (m *mailbox) clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keys, m.times = map[string]map[string]int{}, 0
}

// count is how many mails came by key, how many times all in all, and those
// that came under more than one key.
func (m *mailbox) count() (different, times int, twice []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for about, keys := range m.keys {
		different += len(keys)
		if len(keys) > 1 {
			twice = append(twice, about)
		}
	}
	return different, m.times, twice
}

func (m *mailbox) serve(c net.Conn) {
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(30 * time.Second))
	r := bufio.NewReader(c)
	say := func(s string) { _, _ = fmt.Fprint(c, s+"\r\n") }
	time.Sleep(m.slow) // time for the sender to be killed in, before
	say("220 localhost")
	to := ""
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		switch verb := strings.ToUpper(strings.TrimSpace(line)); {
		case strings.HasPrefix(verb, "EHLO"), strings.HasPrefix(verb, "HELO"):
			say("250 localhost")
		case strings.HasPrefix(verb, "RCPT"):
			to = strings.TrimSpace(line)
			say("250 ok")
		case verb == "DATA":
			say("354 go on")
			var key, subject string
			for {
				line, err := r.ReadString('\n')
				if err != nil {
					return
				}
				line = strings.TrimSpace(line)
				if line == "." {
					break
				}
				if v, ok := strings.CutPrefix(line, "Message-ID: "); ok {
					key = v
				}
				if v, ok := strings.CutPrefix(line, "Subject: "); ok {
					subject = v
				}
			}
			m.take(to+" "+subject, key)
			time.Sleep(m.slow) // ... and after
			say("250 taken")
		case verb == "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func (m *mailbox) take(about, key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.keys[about] == nil {
		m.keys[about] = map[string]int{}
	}
	m.keys[about][key]++
	m.times++
}
