module github.com/nixiemail/nixie

go 1.26
