import { readFile } from 'node:fs/promises'

const FINGERPRINT =
  /(?:^\\?|=[ \t]*)((?:[0-9a-f]{2}:?){31}[0-9a-f]{2})(?:[ \t]|$)/i

// Reads SHA-256 fingerprints, one per line: bare hex digits, or what sha256sum and
// openssl write. # begins a comment. A line that is none of these is an error: were
// it skipped, its device would be rejected.
export async function readList (path) {
  const text = await readFile(path, 'utf8')
  const found = new Set()
  for (const [i, line] of text.replace(/^\ufeff/, '').split('\n').entries()) {
    const rest = line.split('#')[0].replace(/^[ \t\r]+|[ \t\r]+$/g, '')
    const match = FINGERPRINT.exec(rest)
    if (match) {
      found.add(match[1].replaceAll(':', '').toLowerCase())
    } else if (rest) {
      throw new Error(`${path}:${i + 1}: not a SHA-256 fingerprint`)
    }
  }
  return found
}
