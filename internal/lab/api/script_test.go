package api

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/nixiemail/nixie/internal/lab/script"
)

const (
	goodScript  = "[[rule]]\nname = \"full\"\nwhen.recipient = \"full@*\"\nanswer = \"452-4.2.2\"\n"
	otherScript = "[[rule]]\nname = \"gone\"\nwhen.recipient = \"gone@*\"\nanswer = \"550-5.1.1\"\n"
)

func TestScript(t *testing.T) {
	lab := newFake()
	h := Handler(Config{Lab: lab})
	read := func() (text, tag string) {
		w := call{method: "GET", target: "/api/v1/lab/script"}.do(h)
		if w.Code != 200 || w.Header().Get("Content-Type") != "application/toml; charset=utf-8" {
			t.Fatalf("the script is read as %d of type %s", w.Code, w.Header().Get("Content-Type"))
		}
		return w.Body.String(), w.Header().Get("ETag")
	}
	text, empty := read()
	equal(t, "the script at first", text, "")

	w := call{method: "PUT", target: "/api/v1/lab/script", body: goodScript}.do(h)
	var rules struct {
		Items []struct{ Name, Stage string }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &rules); err != nil || w.Code != 200 || len(rules.Items) != 1 || rules.Items[0].Name != "full" {
		t.Fatalf("a good script is answered %d %s", w.Code, w.Body)
	}
	text, good := read()
	equal(t, "the script", text, goodScript)
	equal(t, "the tag that PUT told", w.Header().Get("ETag"), good)
	if good == empty || !strings.HasPrefix(good, `"`) {
		t.Errorf("the tags are %s and %s", empty, good)
	}
	if w := (call{method: "GET", target: "/api/v1/lab/script", header: map[string]string{"If-None-Match": good}}).do(h); w.Code != 304 {
		t.Errorf("a script that is known is answered %d", w.Code)
	}

	for _, tt := range []struct {
		ifMatch string
		status  int
	}{
		{empty, 412}, {"W/" + good, 412}, {`"x", "y"`, 412}, {"", 412},
		{`"x", ` + good, 200}, {"*", 200},
	} {
		lab.SetScript(mustParse(t, goodScript))
		w := call{method: "PUT", target: "/api/v1/lab/script", body: otherScript, header: map[string]string{"If-Match": tt.ifMatch}}.do(h)
		want := otherScript
		if tt.status == 412 {
			want = goodScript
			wantProblem(t, "If-Match "+tt.ifMatch, w, 412, "was changed since")
		}
		text, _ := read()
		equal(t, fmt.Sprintf("the status and the script after If-Match %q", tt.ifMatch), fmt.Sprint(w.Code, text), fmt.Sprint(tt.status, want))
	}
}

// A dawdling lab lets others go before it hands its script out.
type dawdling struct{ *fakeLab }

func (l dawdling) Script() *script.Script {
	s := l.fakeLab.Script()
	for range 100 {
		runtime.Gosched()
	}
	return s
}

// TestScriptRace has many replace the script that they all have read: one may.
func TestScriptRace(t *testing.T) {
	lab := dawdling{newFake()}
	h := Handler(Config{Lab: lab})
	read := tag(lab.Script())
	var all sync.WaitGroup
	codes := make(chan int, 20)
	for i := range cap(codes) {
		all.Go(func() {
			body := strings.Replace(goodScript, "full@", fmt.Sprintf("full%d@", i), 1)
			codes <- call{method: "PUT", target: "/api/v1/lab/script", body: body, header: map[string]string{"If-Match": read}}.do(h).Code
		})
	}
	all.Wait()
	close(codes)
	count := map[int]int{}
	for c := range codes {
		count[c]++
	}
	equal(t, "how many were taken and refused", count, map[int]int{200: 1, 412: 19})
}

func TestWrongScript(t *testing.T) {
	lab := newFake()
	lab.SetScript(mustParse(t, goodScript))
	h := Handler(Config{Lab: lab})
	tests := []struct {
		name, body string
		line       int
		key        string
	}{
		{"no TOML", "[[rule]]\nname = \n", 2, ""},
		{"an unknown key", goodScript + "colour = \"red\"\n", 5, "rule[1].colour"},
		{"a wrong order", "[[rule]]\n\nanswer = \"550-9.1.1\"\n", 3, "rule[1].answer"},
		{"no UTF-8", "# \xff\n", 1, ""},
	}
	for _, tt := range tests {
		for _, c := range []call{{method: "PUT", target: "/api/v1/lab/script", body: tt.body}, {method: "POST", target: "/api/v1/lab/script/check", body: tt.body}} {
			w := c.do(h)
			wantProblem(t, tt.name, w, 422, "the script is wrong")
			var p problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || len(p.Errors) == 0 {
				t.Fatalf("%s: %v in %s", tt.name, err, w.Body)
			}
			f := p.Errors[0]
			if f.Line != tt.line || !strings.HasPrefix(f.Location, fmt.Sprint("line ", tt.line)) || !strings.Contains(f.Location, tt.key) || f.Message == "" {
				t.Errorf("%s: it is at line %d, %q: %q; want line %d, %s", tt.name, f.Line, f.Location, f.Message, tt.line, tt.key)
			}
		}
		equal(t, tt.name+": the script in use", lab.Script().Text(), goodScript)
	}
	w := call{method: "PUT", target: "/api/v1/lab/script", body: "[[rule]]\nanswer = \"550-9.1.1\"\n[[rule]]\nanswer = \"550-9.1.1\"\n"}.do(h)
	var p problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || len(p.Errors) != 2 {
		t.Errorf("of two mistakes there are told: %s", w.Body)
	}
}

func TestCheckScript(t *testing.T) {
	lab := newFake()
	lab.SetScript(mustParse(t, goodScript))
	h := Handler(Config{Lab: lab})
	w := call{method: "POST", target: "/api/v1/lab/script/check", body: otherScript}.do(h)
	if w.Code != 200 || !strings.Contains(w.Body.String(), `"gone"`) {
		t.Errorf("a good script is answered %d %s", w.Code, w.Body)
	}
	equal(t, "the script in use", lab.Script().Text(), goodScript)
	var rules struct {
		Items []struct {
			Name string
			Line int
			Hits *int
		}
	}
	get(t, h, "/api/v1/lab/script/rules", &rules)
	if len(rules.Items) != 1 || rules.Items[0].Name != "full" || rules.Items[0].Line != 1 || rules.Items[0].Hits == nil {
		t.Errorf("the rules are %+v", rules.Items)
	}
}

func TestLargestBody(t *testing.T) {
	h := Handler(Config{Lab: newFake()})
	for _, c := range []call{{method: "PUT", target: "/api/v1/lab/script"}, {method: "POST", target: "/api/v1/lab/script/check"}} {
		c.body = "#" + strings.Repeat(" ", MaxBody-1)
		if w := c.do(h); w.Code != 200 {
			t.Errorf("a body of %d bytes is answered %d %s", len(c.body), w.Code, w.Body)
		}
		c.body += " "
		wantProblem(t, "a byte more", c.do(h), 413, "larger than 1048576 bytes")
	}
}
