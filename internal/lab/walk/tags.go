package walk

import (
	"encoding/base64"
	"fmt"
	"slices"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab/check"
	"github.com/nixiemail/nixie/internal/lab/order"
)

const (
	sender  = "sender@lab.test"
	domain  = "@lab.test"
	message = "From: Sender <sender@lab.test>\r\nSubject: A try\r\n\r\nHello\r\n"
)

// tags returns a way by address for each reply of the causes that are none by address.
func tags(e *nixie.Entry, causes []Way) []Way {
	var list []Way
	for _, c := range causes {
		w := tag(reachable(c.Stage), c.Want)
		known := func(o Way) bool { return o.Want == w.Want && o.Stage == w.Stage }
		if c.By != check.Address && !slices.ContainsFunc(list, known) {
			list = append(list, w)
		}
	}
	if len(causes) > 0 {
		return list
	}
	for _, class := range e.Classes.List() {
		w := tag(order.Rcpt, check.Reply{ReplyCode: general(class), Code: e.Detail.In(class)})
		if e.Deprecated {
			w.Want = check.Reply{ReplyCode: 501, Code: nixie.InvalidCommandArguments.Permanent()}
		}
		list = append(list, w)
	}
	return list
}

// general is a reply code of RFC 5321, 4.2.3 for a class.
func general(c nixie.Class) int {
	switch c {
	case nixie.Success:
		return 250
	case nixie.Transient:
		return 451
	}
	return 550
}

// reachable is the stage at which an address is heard: where VRFY and NOOP are answered,
// there is none.
func reachable(s order.Stage) order.Stage {
	switch s {
	case order.Auth, order.Mail, order.Message:
		return s
	}
	return order.Rcpt
}

// tag makes a way by address.
func tag(stage order.Stage, want check.Reply) Way {
	return named(stage, fmt.Sprintf("%d-%s", want.ReplyCode, want.Code), want)
}

// named makes a way that asks at the stage by this name, to which the stage is added where
// it isn't that of the command which says the name.
func named(stage order.Stage, name string, want check.Reply) Way {
	from, to := sender, name+domain
	switch stage {
	case order.Auth:
		login := base64.StdEncoding.EncodeToString([]byte("\x00" + name + "\x00secret"))
		return tagged(stage, name, want, check.Step{Send: "AUTH PLAIN " + login})
	case order.Mail:
		from = name + domain
	case order.Begin, order.Message:
		name += "_" + string(stage)
		to = name + domain
	}
	steps := []check.Step{{Send: "MAIL FROM:<" + from + ">"}}
	if stage != order.Mail {
		steps = append(steps, check.Step{Send: "RCPT TO:<" + to + ">"})
	}
	if stage == order.Begin || stage == order.Message {
		steps = append(steps, check.Step{Send: "DATA"})
	}
	if stage == order.Message {
		steps = append(steps, check.Step{Send: message, Message: true})
	}
	return tagged(stage, name, want, steps...)
}

func tagged(stage order.Stage, name string, want check.Reply, steps ...check.Step) Way {
	return Way{By: check.Address, Stage: stage, Tag: name, Try: check.Try{Steps: steps}, Want: want}
}
