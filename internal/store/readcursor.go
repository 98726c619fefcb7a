package store

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/nixiemail/nixie/internal/delivery"
	"github.com/nixiemail/nixie/internal/id"
)

// The lists that are read page by page. A cursor of one is none of another.
const (
	listDeliveries   byte = 'd'
	listEvents       byte = 'e'
	listMessages     byte = 'm'
	listSuppressions byte = 's'
)

// A place is where a page ended: the time by which the list is sorted, and the id
// that decides among those of the same time. What has changed since, and is sorted
// elsewhere by now, does not move it.
type place struct {
	at int64 // microseconds
	id id.ID
}

// cursorSize is that of the list, the order, the time, the id and a checksum.
const cursorSize = 1 + 1 + 8 + 16 + 4

func (p place) cursor(list byte, oldest bool) string {
	b := make([]byte, 0, cursorSize)
	b = append(b, list, orderByte(oldest))
	b = binary.BigEndian.AppendUint64(b, uint64(p.at))
	b = append(b, p.id[:]...)
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	return base64.RawURLEncoding.EncodeToString(b)
}

// parseCursor reads what cursor wrote.
func parseCursor(text string, list byte, oldest bool) (place, error) {
	bad := func(why string) (place, error) {
		return place{}, fmt.Errorf("%.80q %w: %s; begin again without one", text, delivery.ErrCursor, why)
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text) // which skips line ends
	if err != nil || len(b) != cursorSize || len(text) != base64.RawURLEncoding.EncodedLen(cursorSize) {
		return bad("it is not as a page gave it")
	}
	body, sum := b[:cursorSize-4], b[cursorSize-4:]
	if crc32.ChecksumIEEE(body) != binary.BigEndian.Uint32(sum) {
		return bad("it is not as a page gave it")
	}
	if body[0] != list {
		return bad("it is one of another list")
	}
	if body[1] != orderByte(oldest) {
		return bad("it is one of the other order")
	}
	p := place{at: int64(binary.BigEndian.Uint64(body[2:]))}
	copy(p.id[:], body[10:])
	return p, nil
}

func orderByte(oldest bool) byte {
	if oldest {
		return '+'
	}
	return '-'
}
