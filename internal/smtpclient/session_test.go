package smtpclient_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nixiemail/nixie/internal/smtpclient"
)

// TestTimes: each stage has its own time, for the whole of the reply; its default is
// RFC 5321, 4.5.3.2's.
func TestTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		start := time.Now()
		_, err := smtpclient.New(t.Context(), ours, smtpclient.Config{})
		if !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != 5*time.Minute {
			t.Errorf("greeting: %v after %v", err, time.Since(start))
		}
		_ = theirs.Close()

		// One byte a minute is silence: the fifth comes too late.
		ours, theirs = net.Pipe()
		spoken := make(chan struct{})
		go func() {
			defer close(spoken)
			for _, b := range "220 mx\r\n" {
				time.Sleep(time.Minute + time.Second)
				if _, err := theirs.Write([]byte{byte(b)}); err != nil {
					return
				}
			}
		}()
		start = time.Now()
		_, err = smtpclient.New(t.Context(), ours, smtpclient.Config{})
		var wire *smtpclient.WireError
		if !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != 5*time.Minute || !errors.As(err, &wire) || wire.Heard != "220 " {
			t.Errorf("slow greeting: %v after %v", err, time.Since(start))
		}
		_ = theirs.Close()
		<-spoken

		// The context ends it before.
		ours, theirs = net.Pipe()
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("no more time"))
		defer cancel()
		start = time.Now()
		_, err = smtpclient.New(ctx, ours, smtpclient.Config{})
		if err == nil || time.Since(start) != time.Second || !strings.Contains(err.Error(), "no more time") {
			t.Errorf("context: %v after %v", err, time.Since(start))
		}
		_ = theirs.Close()
	})
	if d := smtpclient.DefaultTimes(); d.Greeting != 5*time.Minute || d.Mail != 5*time.Minute || d.Rcpt != 5*time.Minute || d.Begin != 2*time.Minute || d.Block != 3*time.Minute || d.End != 10*time.Minute {
		t.Errorf("defaults %+v; see RFC 5321, 4.5.3.2", d)
	}
	if _, err := smtpclient.Dial(t.Context(), smtpclient.Config{Times: smtpclient.Times{Mail: -1}}); !errors.Is(err, smtpclient.ErrConfig) {
		t.Errorf("negative time: %v", err)
	}
}

// TestContext: one that is over before a command leaves the session as it is; one that
// ends while the server is silent ends it.
func TestContext(t *testing.T) {
	client := against(t, "S: 220 mx\nC: NOOP\nS: 250 ok", smtpclient.Config{})
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client.Noop(over); !errors.Is(err, context.Canceled) || client.Ended() != nil {
		t.Errorf("before: %v, ended %v", err, client.Ended())
	}
	if r, err := client.Noop(t.Context()); err != nil || r.ReplyCode() != 250 {
		t.Errorf("after: %v, %v", r, err)
	}
	_ = client.Close()

	ours, theirs := net.Pipe()
	silent, cancel := context.WithCancel(t.Context())
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		if _, err := (script("S: 220 mx\nC: NOOP\nCANCEL").playWith(theirs, cancel)); err != nil {
			t.Error(err)
		}
	}()
	client, err := smtpclient.New(t.Context(), ours, smtpclient.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Noop(silent); !errors.Is(err, context.Canceled) || client.Ended() == nil {
		t.Errorf("while silent: %v, ended %v", err, client.Ended())
	}
	<-heard

	ours, theirs = net.Pipe()
	if _, err := smtpclient.New(over, ours, smtpclient.Config{}); !errors.Is(err, context.Canceled) {
		t.Errorf("New: %v", err)
	}
	if _, err := theirs.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the connection is open: %v", err)
	}
}

// TestParameters: each belongs to an extension, which must be offered: RFC 6152, 2;
// RFC 3461, 4; RFC 2852, 2; RFC 4865, 4. With Unoffered nothing is held back.
func TestParameters(t *testing.T) {
	for extension, from := range map[string]smtpclient.Param{
		"8BITMIME": {Name: "BODY", Value: "7BIT"}, "DSN": {Name: "ENVID", Value: "x"}, "DELIVERBY": {Name: "BY", Value: "120;R"},
		"FUTURERELEASE": {Name: "HOLDFOR", Value: "60"}, "REQUIRETLS": {Name: "REQUIRETLS"}, "MT-PRIORITY": {Name: "mt-priority", Value: "3"},
	} {
		line := "MAIL FROM:<> " + from.Name
		if from.Value != "" {
			line += "=" + from.Value
		}
		for offered, config := range map[string]smtpclient.Config{extension: {}, "X": {Unoffered: true}} {
			client := against(t, script("S: 220 mx\nC: EHLO c.example\nS: 250-mx\nS: 250 "+offered+"\nC: "+line+"\nS: 250 ok"), config)
			mustHello(t, client)
			if _, err := client.Mail(t.Context(), smtpclient.Path{Params: []smtpclient.Param{from}}); err != nil {
				t.Errorf("%s: %v", from.Name, err)
			}
			_ = client.Close()
		}
	}
}
