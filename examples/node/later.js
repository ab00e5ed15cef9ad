// Decisions that their topic does not take: it is not there, may not be written to, or
// takes smaller ones only. With several bridges each has a topic of its own, and what is
// wrong with one must not stop the requests of the others. Their requests wait here, and
// are decided again after a while until they expire. No offset behind one that waits is
// committed, so a restart forgets none.
const PAUSE = 5000 // ms
const MOST = 1000 // requests that wait
const TOPICS_FAULT = [
  'UNKNOWN_TOPIC_OR_PARTITION', 'TOPIC_AUTHORIZATION_FAILED', 'INVALID_TOPIC_EXCEPTION',
  'MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'
]

function isTopicsFault (error) {
  return error.message?.startsWith('Unknown topic ') ||
    TOPICS_FAULT.some(id => error.findBy?.('apiId', id))
}

function leave ({ topic, partition, offset }, why) {
  console.error(`${topic}[${partition}] at offset ${offset} is left undecided: ${why}`)
}

export class Later {
  #waiting = [] // messages
  #read = new Map() // partition: the offset behind the last one
  #againAt = 0
  #tellAt = 0

  get any () {
    return this.#waiting.length > 0
  }

  // Those that are to be decided again now; they wait no more.
  due () {
    if (Date.now() < this.#againAt) return []
    const due = this.#waiting
    this.#waiting = []
    return due
  }

  // asked: [{ message, request }]. False: it is not the topic's fault.
  keeps (error, topic, asked) {
    if (!isTopicsFault(error)) return false
    const now = Date.now()
    this.#againAt = now + PAUSE
    for (const { message, request } of asked) {
      if (request.expires_at && request.expires_at < new Date(now).toISOString()) {
        leave(message, 'it has expired, and its topic did not take it')
      } else {
        this.#waiting.push(message)
      }
    }
    while (this.#waiting.length > MOST) {
      leave(this.#waiting.shift(), 'too many wait for their topics')
    }
    if (now >= this.#tellAt) {
      this.#tellAt = now + 60000
      console.error(`${topic} does not take a decision: ${error.message}; it is made again` +
        ' later, and others go on')
    }
    return true
  }

  // Where to go on in the partitions of these, which have waited or were read.
  ends (again, messages) {
    const ends = new Map()
    for (const { partition, offset } of messages) this.#read.set(partition, offset + 1n)
    for (const { topic, partition } of [...again, ...messages]) {
      const offset = this.#read.get(partition)
      ends.set(partition, { topic, partition, offset, leaderEpoch: -1 })
    }
    for (const { partition, offset } of this.#waiting) {
      const end = ends.get(partition)
      if (end && offset < end.offset) end.offset = offset
    }
    return [...ends.values()]
  }
}
