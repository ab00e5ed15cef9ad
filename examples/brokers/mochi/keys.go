package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
)

// keys remembers which certificate a path belongs to: the first that was proven
// for it. A command topic is all that stands between a payload and another
// device of the same CA, so this outlives the broker. One line a device, path
// and fingerprint; to let another certificate have the path, stop the broker
// and take the line out.
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
			return nil, fmt.Errorf("%s: a line is not a path and a fingerprint", name)
		}
		k.known[path] = fingerprint
	}
	return k, lines.Err()
}

// bind is nil when the path is, and remains, that certificate's.
func (k *keys) bind(path string, sum [32]byte) error {
	fingerprint := fmt.Sprintf("%x", sum)
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if owner, taken := k.known[path]; taken {
		if owner != fingerprint {
			return errors.New("the path is another certificate's")
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
