package config

import (
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Default returns the configuration of a service that was told nothing: pages and
// API on port 8025, bounces over LMTP on 2025, Postfix's questions on 2525, all on
// loopback. getenv is [os.Getenv] or its like; it is asked for STATE_DIRECTORY,
// which systemd sets, then XDG_DATA_HOME, then HOME.
//
// Data is empty where the environment names no directory. Name is then
// "localhost" where the machine doesn't tell its own.
func Default(getenv func(string) string) Config {
	return Config{
		Data:   defaultData(getenv),
		HTTP:   "127.0.0.1:8025",
		LMTP:   "127.0.0.1:2025",
		Policy: "127.0.0.1:2525",
		Name:   hostName(),
		Mail:   Mail{MaxMessage: 64 * MiB},
		ReturnPath: ReturnPath{
			Prefix:    "b",
			Separator: "+",
			Valid:     30 * day,
		},
		Suppression: Suppression{
			Complaint: true,
			Probation: 180 * day,
			Rules:     defaultRules(),
		},
		Gate:    Gate{Mode: ModeRefuse, Deadline: Duration(500 * time.Millisecond)},
		Logging: Logging{Level: "info", Format: "text"},
	}
}

// defaultRules drop only where the recipient is at fault. What is about policy,
// reputation, authentication, content, size or rate is never among the reasons.
func defaultRules() []Rule {
	return []Rule{
		{
			Name:    "bad-address",
			Reasons: []string{"bad-mailbox", "mailbox-disabled", "mailbox-moved", "address-syntax"},
			Target:  TargetAddress, Messages: 1, For: []Duration{14 * day, 60 * day, Forever},
		},
		{
			Name:    "bad-domain",
			Reasons: []string{"bad-domain", "null-mx"},
			Target:  TargetDomain, Messages: 1, For: []Duration{14 * day, 60 * day, Forever},
		},
		{
			Name:    "mailbox-full",
			Reasons: []string{"mailbox-full"}, Any: true,
			Target: TargetAddress, Messages: 3, Over: 7 * day, For: []Duration{30 * day},
		},
		{
			Name:    "expired",
			Outcome: OutcomeExpired,
			Target:  TargetAddress, Messages: 3, Over: 3 * day, For: []Duration{7 * day},
		},
	}
}

// NewLog returns a Log of Postfix's that is set to the defaults.
func NewLog(path string) Log {
	return Log{Path: path, Format: FormatPostfix, Name: FormatPostfix, From: FromStart, Zone: ZoneLocal}
}

// newRule is a rule before anything is said of it.
func newRule() Rule { return Rule{Target: TargetAddress, Messages: 1} }

func defaultData(getenv func(string) string) string {
	// systemd separates several directories by colons (systemd.exec(5)).
	if dir, _, _ := strings.Cut(getenv("STATE_DIRECTORY"), ":"); dir != "" {
		return dir
	}
	// A relative XDG_DATA_HOME is to be ignored (XDG Base Directory Specification).
	if dir := getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "nixie")
	}
	if home := getenv("HOME"); home != "" {
		return filepath.Join(home, ".local", "share", "nixie")
	}
	return ""
}

func hostName() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "localhost"
	}
	return name
}
