//go:build linux

package torture_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lapak/internal/torture/faultfs"
)

// cutting is a trial that cuts the power under the disk of a SQLite
// installation: what no fsync made durable is lost, torn, or there.
type cutting struct {
	killing
	liar   bool // the disk says that it keeps what it does not
	faulty bool // fsync fails for a while before the power goes
	open   int  // changes that were not durable at the cuts
	failed int  // orders that were refused while fsync failed
}

// TestPowerCut cuts the power at random moments under load. With
// synchronous=FULL nothing that was answered is lost; with OFF something must
// be, or the trial saw nothing.
func TestPowerCut(t *testing.T) {
	for _, c := range []struct {
		name, planted string
		liar, faulty  bool
		few, many     int
	}{
		{"power cut", "", false, false, 3, 100},
		{"power cut", "sync-off", false, false, 3, 10},
		{"power cut", "", true, false, 2, 10},
		{"power cut after a failing fsync", "", false, true, 2, 50},
		{"power cut after a failing fsync", "ack-failed", false, true, 3, 10},
	} {
		planted := c.planted
		if c.liar {
			planted = "a disk whose fsync lies"
		}
		t.Run(strings.ReplaceAll(strings.TrimSpace(c.name+" "+planted), " ", "_"), func(t *testing.T) {
			if err := faultfs.Able(); err != nil {
				leaveOut(t, c.name, err.Error())
			}
			k := &cutting{
				killing: killing{trial: &trial{name: c.name, planted: planted, seed: seed()}, t: t, planted: c.planted, box: newMailbox(t)},
				liar:    c.liar, faulty: c.faulty,
			}
			k.run(t.Context(), rounds(c.few, c.many))
			k.note = fmt.Sprintf("%d orders answered, %d changes not durable when it went dark, %d refused", k.answered, k.open, k.failed)
			k.report(t)
		})
	}
}

func (k *cutting) run(ctx context.Context, n int) {
	bin := binary(k.t, k.killing.planted)
	for round := range n {
		if round%perEpoch == 0 {
			k.begin()
		}
		if k.trial.planted != "" && len(k.found) > 0 {
			return // seen
		}
		if err := k.cut(ctx, bin, round, round == n-1 || (round+1)%perEpoch == 0); err != nil {
			k.voids = append(k.voids, fmt.Sprintf("round %d: %v", round, err))
		}
		k.rounds++
	}
}

// cut is one round. An error means that the round did not come to the point.
func (k *cutting) cut(ctx context.Context, bin string, round int, last bool) error {
	d := dice(k.seed, round)
	mnt, err := os.MkdirTemp("", "lapak-disk-")
	if err != nil {
		return err
	}
	defer os.Remove(mnt)
	disk, err := faultfs.Mount(mnt, k.conf.Data)
	if err != nil {
		return err
	}
	mounted := true
	defer func() {
		if mounted {
			_ = disk.Unmount()
		}
	}()
	disk.Set(faultfs.Faults{Liar: k.liar})
	s, _, err := start(ctx, bin, k.killing.planted, nil, "--data", mnt, "--backup-dir", k.t.TempDir(), "--mail", k.conf.Mail, "--mail-from", k.conf.MailFrom)
	if err != nil {
		return err
	}
	defer s.kill()
	from := len(k.crowd.all)
	rush, over := context.WithCancel(ctx)
	k.crowd.stays = k.faulty
	wg := k.crowd.rush(rush, s.url, k.shops, buyers, d)
	defer wg.Wait()
	defer over()
	for until := time.Now().Add(bound); !k.crowd.served(from) && time.Now().Before(until) && !s.ended(); {
		time.Sleep(time.Millisecond)
	}
	moment := func(most int) { time.Sleep(time.Duration(d.IntN(most*1000)) * time.Microsecond) }
	moment(300)
	if k.faulty {
		disk.Set(faultfs.Faults{Fsync: true})
		for until := time.Now().Add(bound); k.crowd.refused(from) <= buyers && k.killing.planted == "" && time.Now().Before(until); {
			time.Sleep(time.Millisecond)
		}
		moment(150)
		time.Sleep(50 * time.Millisecond)
		disk.Set(faultfs.Faults{})
		moment(100)
	}
	image := k.t.TempDir()
	open, err := disk.Cut(image, k.seed+uint64(round))
	if err != nil {
		return err
	}
	time.Sleep(20 * time.Millisecond) // answers that are on their way still count
	s.kill()
	k.dead = time.Now()
	over()
	wg.Wait()
	mounted = false
	if err := disk.Unmount(); err != nil {
		return err
	}
	yes, unanswered := k.crowd.split(from)
	if len(k.crowd.odd) > 0 {
		k.t.Logf("the server said:\n%s", s.said)
	}
	k.answered, k.open = k.answered+len(yes), k.open+open
	if len(yes) == 0 {
		err = fmt.Errorf("no order was answered before the cut")
	}
	if k.faulty {
		k.failed += max(0, len(unanswered)-buyers)
		if len(unanswered) <= buyers && k.killing.planted == "" {
			err = fmt.Errorf("no order was refused while fsync failed")
		}
	}
	_ = os.RemoveAll(k.conf.Data)
	k.conf.Data, k.conf.DB = image, "sqlite:"+filepath.Join(image, "lapak.db")
	again := k.start(ctx, bin)
	if again == nil {
		return err
	}
	defer again.kill()
	k.check(ctx, again, yes, unanswered)
	if last {
		k.end(ctx, again)
	}
	return err
}
