package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

var fingerprint = regexp.MustCompile(
	`(?i)(?:^\\?|=[ \t]*)((?:[0-9a-f]{2}:?){31}[0-9a-f]{2})(?:[ \t]|$)`)

// readList reads SHA-256 fingerprints, one per line: bare hex digits, or what
// sha256sum and openssl write. # begins a comment. A line that is none of these is
// an error: were it skipped, its device would be rejected.
func readList(path string) (map[string]bool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for i, line := range strings.Split(strings.TrimPrefix(string(text), "\ufeff"), "\n") {
		line, _, _ = strings.Cut(line, "#")
		line = strings.Trim(line, " \t\r")
		if match := fingerprint.FindStringSubmatch(line); match != nil {
			found[strings.ToLower(strings.ReplaceAll(match[1], ":", ""))] = true
		} else if line != "" {
			return nil, fmt.Errorf("%s:%d: not a SHA-256 fingerprint", path, i+1)
		}
	}
	return found, nil
}
