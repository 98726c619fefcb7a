package phrases

import "unicode/utf8"

// Feed reads text[from:to]. A phrase may begin in one run and end in the next,
// so a run should be whole words. Spans are offsets into text.
func (sc *Scanner) Feed(text string, from, to int) {
	for from < to {
		address := nextAddress(text, from, to)
		sc.feed(text[:min(to, address.Start)], from)
		if address.Start < to {
			sc.emit(symAddress, address.Start, address.End)
		}
		from = address.End
	}
}

// feed reads text[i:], in which there is no address.
func (sc *Scanner) feed(text string, i int) {
	for i < len(text) {
		x := chunk(text, i)
		letters, other := classify(x)
		if letters&0x80 == 0 {
			if other&0x80 != 0 {
				i = sc.mixed(text, i, i)
				continue
			}
			i += firstByte(letters | other)
			continue
		}
		n := firstByte(letters ^ topBits)
		if n <= len("ffff") {
			if next := byte(x >> (8 * n)); next == '.' || next == ':' {
				if n := ipLen(text[i:]); n > 0 {
					sc.emit(symIP, i, i+n)
					i += n
					continue
				}
			}
		}
		h, end := uint64(hashStart), i
		for n == perChunk {
			h = hashNext(h, x)
			end += perChunk
			x = chunk(text, end)
			letters, other = classify(x)
			n = firstByte(letters ^ topBits)
		}
		if other>>(8*n)&0x80 != 0 {
			i = sc.mixed(text, i, end+n)
			continue
		}
		if n > 0 {
			h = hashNext(h, firstBytes(x, n))
		}
		end += n
		sym := sc.set.words.exact.get(h)
		if sym == symOther {
			sym = stem(sc.set.words, text[i:], end-i)
		}
		sc.emit(sym, i, end)
		i = end + 1 // behind what ended the word
	}
}

// mixed reads a word that has other than ASCII letters from i on, and returns
// where it ends.
func (sc *Scanner) mixed(text string, from, i int) int {
	sc.buf = sc.buf[:0]
	for _, c := range []byte(text[from:i]) {
		sc.buf = append(sc.buf, lower(c))
	}
	for i < len(text) {
		r, n := decode(text[i:])
		if r < utf8.RuneSelf {
			if asciiClass[r] == 0 {
				break
			}
			sc.buf = append(sc.buf, lower(byte(r)))
			i++
			continue
		}
		f := foldRune(r)
		if f == 0 {
			if len(sc.buf) == 0 {
				return i + n
			}
			break
		}
		if f > 0 && standsAlone(f) {
			if len(sc.buf) == 0 {
				sc.buf = utf8.AppendRune(sc.buf, f)
				i += n
			}
			break
		}
		if f > 0 {
			sc.buf = utf8.AppendRune(sc.buf, f)
		}
		i += n
	}
	if len(sc.buf) > 0 {
		sc.emit(sc.set.words.whole(sc.buf), from, i)
	}
	return i
}

// emit takes the next word of the text.
func (sc *Scanner) emit(sym symbol, start, end int) {
	sc.words = append(sc.words, word{sym, int32(start), int32(end)})
}
