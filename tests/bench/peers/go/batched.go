package main

import (
	"bufio"
	"net"
	"sync"
)

// paho reads a packet in two or three small reads and writes every
// acknowledgement by itself. A batched connection reads as much as there is,
// and one goroutine writes whatever has come together since its last write, so
// that under load a system call serves many packets. Nothing waits for more.
type batched struct {
	net.Conn
	in *bufio.Reader

	lock    sync.Mutex
	changed *sync.Cond
	out     []byte
	failed  error
}

const readSize = 64 << 10

func newBatched(conn net.Conn) *batched {
	b := &batched{Conn: conn, in: bufio.NewReaderSize(conn, readSize)}
	b.changed = sync.NewCond(&b.lock)
	go b.write()
	return b
}

func (b *batched) Read(to []byte) (int, error) {
	return b.in.Read(to)
}

// Write reports an error that an earlier write has met.
func (b *batched) Write(from []byte) (int, error) {
	b.lock.Lock()
	defer b.lock.Unlock()
	if b.failed != nil {
		return 0, b.failed
	}
	b.out = append(b.out, from...)
	b.changed.Signal()
	return len(from), nil
}

func (b *batched) Close() error {
	b.fail(net.ErrClosed)
	return b.Conn.Close()
}

func (b *batched) fail(err error) {
	b.lock.Lock()
	defer b.lock.Unlock()
	if b.failed == nil {
		b.failed = err
	}
	b.changed.Signal()
}

// take waits for bytes and exchanges the buffers; nil when it is over.
func (b *batched) take(empty []byte) []byte {
	b.lock.Lock()
	defer b.lock.Unlock()
	for len(b.out) == 0 && b.failed == nil {
		b.changed.Wait()
	}
	if len(b.out) == 0 {
		return nil
	}
	full := b.out
	b.out = empty[:0]
	return full
}

func (b *batched) write() {
	var spare []byte
	for {
		full := b.take(spare)
		if full == nil {
			return
		}
		if _, err := b.Conn.Write(full); err != nil {
			b.fail(err)
			b.Conn.Close() // so that the reader finds out as well
			return
		}
		spare = full
	}
}
