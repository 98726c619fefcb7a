package script

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nixiemail/nixie"
	"github.com/nixiemail/nixie/internal/lab/order"
)

func checkLate(l *order.Late) error {
	says := l.ReplyCode != 0 || !l.Code.IsZero() || l.Lines != nil
	class := classOf(l.ReplyCode, l.Code)
	switch {
	case !says:
		return nil
	case l.Kind == order.Delay && class != nixie.Transient:
		return errors.New("a notice of delay has a reply of class 4")
	case l.Kind == order.Bounce && class != nixie.Transient && class != nixie.Permanent:
		return errors.New("a bounce has a reply of class 4 or 5")
	case l.Kind != order.Delay && l.Kind != order.Bounce:
		return errors.New("only a bounce and a delay have reply, code and lines")
	}
	return cmp.Or(checkPlaces(l.Lines), checkReply(l.ReplyCode, l.Code, l.Lines))
}

// classOf is the class of what is said, 0 if nothing is.
func classOf(replyCode int, code nixie.Code) nixie.Class {
	if replyCode != 0 {
		return nixie.ClassOf(replyCode)
	}
	return code.Class()
}

// check says why a cannot be done at a stage.
func (a *answer) check(at order.Stage) error {
	o := &a.order
	class := classOf(o.ReplyCode, o.Code)
	says := o.Says()
	switch {
	case a.pass && (o.Answers() || o.Lines != nil || a.delay != span{} || o.Late.Kind != order.NoLate),
		a.accept && (o.Answers() || o.Lines != nil):
		return errors.New("the words accept and pass leave nothing else to be said or dropped")
	case a.accept || a.pass:
	case !o.Answers() && a.delay == span{} && o.Late.Kind == order.NoLate:
		return errors.New("it does nothing: want order, reply, code, raw, delay, drop or late")
	case o.Lines != nil && (len(o.Raw) > 0 || !says):
		return errors.New("lines are the words of a reply or a code, and there is none")
	case !o.Code.IsZero() && (at == order.Connect || at == order.Hello):
		return errors.New("a greeting and an answer to EHLO or HELO have no code (RFC 2034, 4): want reply alone, or raw")
	case o.ReplyCode/100 == 3 && (at != order.Begin || o.ReplyCode != 354):
		return fmt.Errorf("%d is no answer at stage %s: want one with 2, 4 or 5, or raw", o.ReplyCode, at)
	case class == nixie.Success && at == order.Begin:
		return errors.New("DATA is answered with 354 or a failure (RFC 5321, 4.3.2): want one of these, or raw")
	}
	if o.Late.Kind != order.NoLate {
		if at != order.Rcpt && at != order.Message {
			return fmt.Errorf("a late report is for stage %s or %s, and this is %s", order.Rcpt, order.Message, at)
		}
		if o.Drop != order.NoDrop || len(o.Raw) > 0 || says && class != nixie.Success {
			return errors.New("a late report comes after a message that was accepted, and this is none")
		}
	}
	if says && len(o.Raw) == 0 {
		return cmp.Or(checkPlaces(o.Lines, waitMark, numberMark), checkReply(o.ReplyCode, o.Code, o.Lines))
	}
	return nil
}

// checkPlaces refuses words in braces that nobody fills, beside those of
// [order.Expand] and more.
func checkPlaces(lines []string, more ...string) error {
	known := append([]string{"{rcpt}", "{from}", "{client}", "{domain}"}, more...)
	for _, l := range lines {
		for {
			_, after, _ := strings.Cut(l, "{")
			word, rest, closed := strings.Cut(after, "}")
			if !closed {
				break
			}
			if l = rest; !slices.Contains(known, "{"+word+"}") {
				return fmt.Errorf("nothing stands for %s: want %s", quote("{"+word+"}"), oneOf(known))
			}
		}
	}
	return nil
}

// checkReply says why no server could send a reply. What stands for others counts as
// long as it can become.
func checkReply(replyCode int, code nixie.Code, lines []string) error {
	if replyCode == 0 {
		replyCode = int(code.Class())*100 + 50
	}
	longest := strings.NewReplacer(waitMark, "86400", numberMark, "4294967295")
	full := make([]string, len(lines))
	for i, l := range lines {
		full[i] = longest.Replace(l)
	}
	_, err := nixie.NewReply(replyCode, code, full...)
	return err
}
