package bounce

import (
	"html"
	"strings"
)

// fromHTML takes the words out of a page: tags become ends of lines or nothing.
func fromHTML(page string) string {
	var b strings.Builder
	unclosed := "" // the element that goes on to the end
	for page != "" {
		i := strings.IndexByte(page, '<')
		if i < 0 {
			b.WriteString(page)
			break
		}
		b.WriteString(strings.ReplaceAll(page[:i], "\n", " "))
		page = page[i:]
		if strings.HasPrefix(page, "<!--") {
			_, page, _ = strings.Cut(page, "-->")
			continue
		}
		tag, rest, ok := strings.Cut(page, ">")
		name := strings.ToLower(strings.Trim(firstField(tag[1:]), "/"))
		switch name {
		case "style", "script", "head", "title":
			if unclosed == name || tag[1] == '/' {
				break
			}
			if end := indexFold(rest, "</"+name); end >= 0 {
				_, rest, _ = strings.Cut(rest[end:], ">")
			} else {
				unclosed = name
			}
		case "p", "div", "tr", "li", "h1", "h2", "h3", "h4", "table", "ul", "ol", "blockquote", "pre", "hr", "td", "th":
			b.WriteString("\n")
			if name == "p" {
				b.WriteString("\n")
			}
		case "br":
			b.WriteString("\n")
		default:
			if strings.Contains(name, "@") { // <a@b.example> that nobody escaped
				b.WriteString(page[:len(page)-len(rest)])
			}
		}
		if page = rest; !ok {
			break
		}
	}
	return html.UnescapeString(strings.ReplaceAll(b.String(), "&nbsp;", " "))
}

func firstField(s string) string {
	if i := strings.IndexAny(s, " \t\r\n"); i >= 0 {
		return s[:i]
	}
	return s
}

// indexFold is strings.Index for an ASCII text in small letters, whatever the
// capital letters of s.
func indexFold(s, sub string) int {
	if sub == "" {
		return 0
	}
	first, bit := sub[0], byte(0)
	if first >= 'a' && first <= 'z' {
		bit = 0x20
	}
	for i := 0; i+len(sub) <= len(s); i++ {
		if s[i]|bit == first && stands(s[i:], sub) {
			return i
		}
	}
	return -1
}
