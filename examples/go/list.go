package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

var fingerprint = regexp.MustCompile(
	`(?i)(?:^\\?|=[ \t]*)((?:[0-9a-f]{2}:?){31}[0-9a-f]{2})(?:[ \t]|$)`)

// A name in brackets may have a # in it. Where it may end in two places, one of them
// is in a comment, and nobody can tell which.
var (
	tag    = regexp.MustCompile(`^\\?[Ss][Hh][Aa](?:2-)?256 ?\(`)
	tagged = regexp.MustCompile(
		`(?i)\)[ \t]*=[ \t]*((?:[0-9a-f]{2}:?){31}[0-9a-f]{2})[ \t]*(?:#|$)`)
)

// fingerprintOf returns the one of a line, or "".
func fingerprintOf(line string) string {
	text, _, _ := strings.Cut(line, "#")
	if match := fingerprint.FindStringSubmatch(strings.Trim(text, " \t\r")); match != nil {
		return match[1]
	}
	if tag.MatchString(line) {
		if all := tagged.FindAllStringSubmatch(line, -1); len(all) == 1 {
			return all[0][1]
		}
	}
	return ""
}

// readList reads SHA-256 fingerprints, one per line: bare hex digits, or what
// sha256sum and openssl write. # begins a comment, unless it is in a name in brackets.
// A line that is none of these is an error: were it skipped, its device would be
// rejected.
func readList(path string) (map[string]bool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for i, line := range strings.Split(strings.TrimPrefix(string(text), "\ufeff"), "\n") {
		line = strings.Trim(line, " \t\r")
		if one := fingerprintOf(line); one != "" {
			found[strings.ToLower(strings.ReplaceAll(one, ":", ""))] = true
		} else if line != "" && line[0] != '#' {
			return nil, fmt.Errorf("%s:%d: not a SHA-256 fingerprint", path, i+1)
		}
	}
	return found, nil
}
