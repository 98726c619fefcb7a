package lab

import "github.com/nixiemail/nixie/internal/lab/order"

func expand(l []string, _ *order.Ask) []string { return l }
