package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
)

// keys remembers which certificate owns a path: the first that was proven for it.
// Only the command topic keeps a payload from another device of the same CA, so
// the binding has to survive the broker. The file has one line per device, path
// and fingerprint. To give the path to another certificate, stop the broker and
// remove the line.
type keys struct {
	mutex sync.Mutex
	file  *os.File
	known map[string]string
}

func openKeys(name string) (*keys, error) {
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	k := &keys{file: file, known: map[string]string{}}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		path, fingerprint, _ := strings.Cut(lines.Text(), " ")
		if len(fingerprint) != 64 {
			return nil, fmt.Errorf("%s: each line must be a path and a fingerprint", name)
		}
		k.known[path] = fingerprint
	}
	return k, lines.Err()
}

// bind returns nil if that certificate owns the path, now and from now on.
func (k *keys) bind(path string, sum [32]byte) error {
	fingerprint := fmt.Sprintf("%x", sum)
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if owner, taken := k.known[path]; taken {
		if owner != fingerprint {
			return errors.New("the path belongs to another certificate")
		}
		return nil
	}
	if _, err := fmt.Fprintf(k.file, "%s %s\n", path, fingerprint); err != nil {
		return err
	}
	if err := k.file.Sync(); err != nil {
		return err
	}
	k.known[path] = fingerprint
	return nil
}
