package httpapi

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const good = `{"recipient":"a@b.example","reply":"250 ok"}` + "\n"

// parseAnswers reads what a stream was answered.
func parseAnswers(t testing.TB, text string) []LineResult {
	t.Helper()
	var all []LineResult
	d := json.NewDecoder(strings.NewReader(text))
	for d.More() {
		var l LineResult
		if err := d.Decode(&l); err != nil {
			t.Fatalf("an answer is no JSON: %v: %q", err, text)
		}
		all = append(all, l)
	}
	return all
}

// TestStreamLive has a conversation over a connection: a line is answered while the
// stream is open.
func TestStreamLive(t *testing.T) {
	f := newFake()
	s := httptest.NewServer(newAPIFor(t, f.config()))
	defer s.Close()
	body, in := io.Pipe()
	req, err := http.NewRequest("POST", s.URL+Prefix+"/events", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", typeNDJSON)
	sent := make(chan error, 1)
	go func() {
		_, err := io.WriteString(in, good)
		sent <- err
	}()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answers := bufio.NewReader(res.Body)
	for i := 1; i <= 3; i++ {
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
		line, err := answers.ReadString('\n')
		if err != nil || !strings.HasPrefix(line, fmt.Sprintf(`{"line":%d,"event":"`, i)) {
			t.Fatalf("answer %d: %q, %v", i, line, err)
		}
		if n := f.stored(); n != i {
			t.Errorf("%d were stored when line %d was answered", n, i)
		}
		go func() {
			_, err := io.WriteString(in, good)
			sent <- err
		}()
	}
	<-sent
	in.Close()
	if rest, err := io.ReadAll(answers); err != nil || strings.Count(string(rest), "\n") != 1 {
		t.Errorf("the rest: %q, %v", rest, err)
	}
}

// TestStreamChunks counts what is kept together.
func TestStreamChunks(t *testing.T) {
	long := `{"recipient":"a@b.example","reply":"` + strings.Repeat("x", 100<<10) + `"}` + "\n"
	for _, c := range []struct {
		title, body string
		posts       []int
	}{
		{"as many as are taken together", strings.Repeat(good, MaxChunk), []int{1000}},
		{"one more", strings.Repeat(good, MaxChunk+1), []int{1000, 1}},
		{"as many bytes", strings.Repeat(long, 22), []int{11, 11}}, // 10 are less than 1 MiB
	} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake()
			var sizes []int
			last := 0
			f.keeping = func() {
				sizes = append(sizes, f.stored()-last)
				last = f.stored()
			}
			w := send(newAPIFor(t, f.config()), "POST", "/events", typeNDJSON, strings.NewReader(c.body))
			sizes = append(sizes[1:], f.stored()-last)
			if fmt.Sprint(sizes) != fmt.Sprint(c.posts) {
				t.Errorf("%s: kept together: %v, want %v", c.title, sizes, c.posts)
			}
			for i, a := range parseAnswers(t, w.Body.String()) {
				if a.Line != i+1 || a.Error != nil {
					t.Fatalf("%s: answer %d: %+v", c.title, i, a)
				}
			}
		})
	}
}

// TestStreamTime keeps a line that nothing follows.
func TestStreamTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		h := newAPIFor(t, f.config())
		body, in := io.Pipe()
		done := make(chan string)
		go func() { done <- send(h, "POST", "/events", typeNDJSON, body).Body.String() }()
		io.WriteString(in, good)
		time.Sleep(ChunkTime - time.Millisecond)
		synctest.Wait()
		if n := f.stored(); n != 0 {
			t.Errorf("%d were stored before %s", n, ChunkTime)
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if n := f.stored(); n != 1 {
			t.Errorf("%d were stored after %s", n, ChunkTime)
		}
		in.Close()
		if n := len(parseAnswers(t, <-done)); n != 1 {
			t.Errorf("%d answers", n)
		}
	})
}

// TestStreamLines has lines at the limits.
func TestStreamLines(t *testing.T) {
	line := func(n int) string {
		const head, tail = `{"recipient":"a@b.example","reply":"`, `"}`
		return head + strings.Repeat("x", n-len(head)-len(tail)) + tail
	}
	for _, c := range []struct {
		title, body, want string // a letter an answer: k for kept, and the status's last digit
	}{
		{"the last line need not be ended", good + strings.TrimSpace(good), "kk"},
		{"lines end as in Windows", "\ufeff"[:0] + strings.ReplaceAll(good+good, "\n", "\r\n"), "kk"},
		{"as long as is taken", line(MaxLine) + "\n" + good, "kk"},
		{"as long, and not ended", line(MaxLine), "k"},
		{"longer", line(MaxLine+1) + "\n" + good, "2k"},
		{"much longer", good + line(10*MaxLine) + "\n" + good, "k2k"},
		{"longer, and not ended", good + line(10*MaxLine), "k2"},
		{"no UTF-8", "{\"recipient\":\"\xff\"}\n" + good, "2k"},
		{"empty lines", "\n \t\n" + good + "\r\n\n", "k"},
		{"an array", "[" + strings.TrimSpace(good) + "]\n", "2"},
		{"two in a line", strings.TrimSpace(good) + strings.TrimSpace(good) + "\n", "2"},
		{"deep", strings.Repeat("[", 100_000) + "\n" + good, "2k"},
	} {
		f := newFake()
		w := send(newAPIFor(t, f.config()), "POST", "/events", typeNDJSON, strings.NewReader(c.body))
		var got strings.Builder
		for _, a := range parseAnswers(t, w.Body.String()) {
			switch {
			case a.Error == nil:
				got.WriteByte('k')
			default:
				fmt.Fprint(&got, a.Error.Status%10)
			}
		}
		if got.String() != c.want || f.stored() != strings.Count(c.want, "k") {
			t.Errorf("%s: %s with %d stored, want %s", c.title, &got, f.stored(), c.want)
		}
	}
}

// TestStreamUnwell has the store fail in the middle: what was answered is kept, and
// nothing more is read.
func TestStreamUnwell(t *testing.T) {
	f := newFake()
	chunks := 0
	f.keeping = func() {
		if chunks++; chunks == 2 {
			f.mu.Lock()
			f.fail = ErrUnwell
			f.mu.Unlock()
		}
	}
	body := strings.NewReader(strings.Repeat(good, 20*MaxChunk))
	w := send(newAPIFor(t, f.config()), "POST", "/events", typeNDJSON, body)
	all := parseAnswers(t, w.Body.String())
	kept := 0
	for _, a := range all {
		switch {
		case a.Error == nil:
			kept++
		case a.Error.Status != 503:
			t.Fatalf("%+v", a)
		}
	}
	if kept != f.stored() || kept == 0 || kept == len(all) || body.Len() == 0 {
		t.Errorf("%d answered as kept of %d, %d stored, %d bytes left", kept, len(all), f.stored(), body.Len())
	}
}

// TestStreamBreaksOff keeps the lines that came as a whole.
func TestStreamBreaksOff(t *testing.T) {
	f := newFake()
	body := io.MultiReader(strings.NewReader(good+good[:20]), iotestErr{io.ErrUnexpectedEOF})
	w := send(newAPIFor(t, f.config()), "POST", "/events", typeNDJSON, body)
	all := parseAnswers(t, w.Body.String())
	if f.stored() != 1 || len(all) != 2 || all[0].Error != nil || all[1].Error == nil || all[1].Error.Status != 400 {
		t.Errorf("%d stored, answered %s", f.stored(), w.Body)
	}
}

// TestStreamGone has a client that goes away without reading.
func TestStreamGone(t *testing.T) {
	f := newFake()
	ended := make(chan struct{})
	h := newAPIFor(t, f.config())
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		h.ServeHTTP(w, r)
	}))
	defer s.Close()
	body, in := io.Pipe()
	req, err := http.NewRequest("POST", s.URL+Prefix+"/events", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", typeNDJSON)
	go io.WriteString(in, good)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	in.CloseWithError(io.ErrClosedPipe)
	<-ended
	if f.stored() != 1 {
		t.Errorf("%d stored", f.stored())
	}
}

// FuzzEvents posts any body: what is refused stores nothing, what is taken has as many
// results as events, in their order.
func FuzzEvents(f *testing.F) {
	for _, s := range []string{good, "[" + good + "," + good + "]", `[{"recipient":"a@b.example","reply":"x"},{"reply":1}]`, `{"recipient":"a@b","time":"2026-01-01T00:00:00Z"}`, "[[]]", "{", "\xff", `{"recipient":"\u0000\ud800"}`, `{"recipient":"a","recipient":"b"}`} {
		f.Add([]byte(s))
	}
	store := newFake()
	h := newAPIFor(f, store.config())
	f.Fuzz(func(t *testing.T, body []byte) {
		store.forget()
		w := send(h, "POST", "/events", typeJSON, bytes.NewReader(body))
		switch {
		case w.Code == 200:
			var all []Result
			if json.Unmarshal(w.Body.Bytes(), &all) != nil {
				all = make([]Result, 1)
				if err := json.Unmarshal(w.Body.Bytes(), &all[0]); err != nil {
					t.Fatalf("the answer is no JSON: %v", err)
				}
			}
			if len(all) != len(store.posts) || !json.Valid(body) {
				t.Fatalf("%d results for %d events", len(all), len(store.posts))
			}
			for i := range all {
				if all[i].Recipient != store.posts[i].Recipient {
					t.Fatalf("result %d is for %q, the event for %q", i, all[i].Recipient, store.posts[i].Recipient)
				}
			}
		case w.Code/100 != 4:
			t.Fatalf("%d %s", w.Code, w.Body)
		case store.stored() != 0:
			t.Fatalf("%d were stored although the answer is %d", store.stored(), w.Code)
		}
	})
}

// FuzzStream posts any stream: each line that has anything in it gets one answer, in
// order, and as many are stored as are answered to be.
func FuzzStream(f *testing.F) {
	for _, s := range []string{good, good + "\nx\n" + good, "{}\n{\"recipient\":\"a\",\"reply\":\"x\"}", "\r\n", "\xff\n" + good, "[\n]\n"} {
		f.Add([]byte(s))
	}
	store := newFake()
	h := newAPIFor(f, store.config())
	f.Fuzz(func(t *testing.T, body []byte) {
		store.forget()
		w := send(h, "POST", "/events", typeNDJSON, bytes.NewReader(body))
		var want []int
		for i, line := range bytes.Split(body, []byte("\n")) {
			if len(bytes.TrimSpace(line)) > 0 {
				want = append(want, i+1)
			}
		}
		if len(want) == 0 {
			if w.Code != 400 {
				t.Fatalf("%d for nothing", w.Code)
			}
			return
		}
		var got []int
		kept := 0
		for _, a := range parseAnswers(t, w.Body.String()) {
			got = append(got, a.Line)
			if a.Error == nil {
				kept++
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) || kept != store.stored() {
			t.Fatalf("answers to lines %v, want %v; %d answered as kept, %d stored", got, want, kept, store.stored())
		}
	})
}

// FuzzMembers divides any object as package json does.
func FuzzMembers(f *testing.F) {
	for _, s := range []string{`{}`, ` { "a" : "b" , "c":{"d":["e",{}]} ,"f":null,"g":-1.5e3 } `, `{"a\u0062":"\"}{","x":[],"y":true}`, `[]`, `"{"`, `{"a":"\\"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if checkJSON(text) != nil {
			return // it is refused before
		}
		var want map[string]json.RawMessage
		isObject := json.Unmarshal(text, &want) == nil && want != nil
		members, ok := membersOf(text)
		if ok != isObject {
			t.Fatalf("an object: %t, want %t", ok, isObject)
		}
		if !ok {
			return
		}
		got := map[string]json.RawMessage{}
		for name, value := range members {
			got[name] = value
		}
		if len(got) != len(want) {
			t.Fatalf("%d members, want %d", len(got), len(want))
		}
		for name, value := range want {
			if !bytes.Equal(got[name], value) {
				t.Fatalf("%q is %q, want %q", name, got[name], value)
			}
		}
	})
}
