package delivery

import (
	"testing"
	"time"
)

func TestFindUse(t *testing.T) {
	day := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	at := func(s string) time.Time { d, _ := time.ParseDuration(s); return day.Add(d) }
	closed := Use{First: at("1h"), Last: at("2h"), Removed: at("2h"), MessageID: "<a@x>"}
	open := Use{First: at("5h"), Last: at("6h"), MessageID: "<b@x>"}
	for _, c := range []struct {
		name string
		uses []Use
		news QueueNews
		want int
	}{
		{"none yet", nil, QueueNews{At: at("1h")}, -1},
		{"before the first", []Use{closed}, QueueNews{At: at("30m")}, -1},
		{"within", []Use{closed, open}, QueueNews{At: at("90m")}, 0},
		{"its first line read again", []Use{closed, open}, QueueNews{At: at("1h"), Opens: true}, 0},
		{"a line out of order at its start", []Use{closed}, QueueNews{At: at("1h").Add(-time.Second)}, 0},
		{"a line out of order at its end", []Use{closed}, QueueNews{At: at("2h").Add(time.Second)}, 0},
		{"between two uses", []Use{closed, open}, QueueNews{At: at("3h")}, -1},
		{"used again within a second", []Use{closed}, QueueNews{At: at("2h"), Opens: true}, -1},
		{"the later one", []Use{closed, open}, QueueNews{At: at("100h")}, 1},
		{"queued for five days", []Use{open}, QueueNews{At: at("125h")}, 0},
		{"a month without a word", []Use{open}, QueueNews{At: at("800h")}, -1},
		{"opened anew, the removal not seen", []Use{open}, QueueNews{At: at("7h"), Opens: true}, -1},
		{"another message, the opening and removal not seen", []Use{open}, QueueNews{At: at("7h"), MessageID: "<c@x>"}, -1},
		{"requeued: the same message again", []Use{open}, QueueNews{At: at("7h"), MessageID: "<b@x>"}, 0},
	} {
		if got := FindUse(c.uses, c.news); got != c.want {
			t.Errorf("%s: use %d, want %d", c.name, got, c.want)
		}
	}
}

func TestUseTake(t *testing.T) {
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	news := []QueueNews{
		{At: at, Opens: true, Client: "c"},
		{At: at.Add(time.Second), MessageID: "<a@x>"},
		{At: at.Add(2 * time.Second), Sender: "", SenderKnown: true, Size: 10},
		{At: at.Add(3 * time.Second), Closes: true},
	}
	var u Use
	for _, n := range news {
		if !u.Take(n) {
			t.Errorf("%+v changed nothing", n)
		}
	}
	for _, n := range news {
		if u.Take(n) {
			t.Errorf("%+v changed something the second time", n)
		}
	}
	if u.First != at || u.Removed != at.Add(3*time.Second) || u.MessageID != "<a@x>" || !u.SenderKnown || u.Size != 10 || u.Client != "c" {
		t.Errorf("%+v", u)
	}
}
