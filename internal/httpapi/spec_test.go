package httpapi

import "testing"

func TestSpec(t *testing.T) {
	if _, err := Spec(); err != nil {
		t.Fatal(err)
	}
}
