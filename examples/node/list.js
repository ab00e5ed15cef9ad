import { readFile } from 'node:fs/promises'

const FINGERPRINT =
  /(?:^\\?|=[ \t]*)((?:[0-9a-f]{2}:?){31}[0-9a-f]{2})(?:[ \t]|$)/i

// A name in brackets may have a # in it. Where it may end in two places, one of them
// is in a comment, and nobody can tell which.
const TAG = /^\\?[Ss][Hh][Aa](?:2-)?256 ?\(/
const TAGGED =
  /\)[ \t]*=[ \t]*((?:[0-9a-f]{2}:?){31}[0-9a-f]{2})[ \t]*(?:#|$)/ig

function fingerprintOf (line) {
  const match = FINGERPRINT.exec(line.split('#')[0].replace(/[ \t\r]+$/, ''))
  if (match) return match[1]
  const tagged = TAG.test(line) ? [...line.matchAll(TAGGED)] : []
  return tagged.length === 1 ? tagged[0][1] : undefined
}

// Reads SHA-256 fingerprints, one per line: bare hex digits, or what sha256sum and
// openssl write. # begins a comment, unless it is in a name in brackets. A line that
// is none of these is an error: were it skipped, its device would be rejected.
export async function readList (path) {
  const text = await readFile(path, 'utf8')
  const found = new Set()
  for (const [i, line] of text.replace(/^\ufeff/, '').split('\n').entries()) {
    const rest = line.replace(/^[ \t\r]+|[ \t\r]+$/g, '')
    const one = fingerprintOf(rest)
    if (one) {
      found.add(one.replaceAll(':', '').toLowerCase())
    } else if (rest && rest[0] !== '#') {
      throw new Error(`${path}:${i + 1}: not a SHA-256 fingerprint`)
    }
  }
  return found
}
