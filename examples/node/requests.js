import { setTimeout as pause } from 'node:timers/promises'
import { Consumer, FetchIsolationLevels, stringDeserializers } from '@platformatic/kafka'

// Yields messages, all that have arrived, at most 500, and what commits offsets; also without
// messages, once a second, while something waits. Ends at SIGTERM and SIGINT.
export async function * batches (groupId, bootstrapBrokers, topic, waits) {
  const consumer = new Consumer({
    clientId: groupId,
    groupId,
    bootstrapBrokers,
    deserializers: stringDeserializers,
    isolationLevel: FetchIsolationLevels.READ_COMMITTED,
    sessionTimeout: 10000
  })
  let stream
  let told = false
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.once(signal, () => {
      told = true
      stream?.close()
      // If Kafka hangs; Docker kills after 10 s.
      setTimeout(() => process.exit(1), 9000).unref()
    })
  }
  while (!told) {
    stream = await consumer.consume({
      topics: [topic],
      autocommit: false,
      mode: 'committed',
      fallbackMode: 'earliest'
    })
    if (told) stream.close()
    try {
      const reader = stream[Symbol.asyncIterator]()
      let next = reader.next()
      while (true) {
        const first = await (waits() ? Promise.race([next, pause(1000)]) : next)
        if (first?.done) break
        const messages = first ? [first.value] : []
        while (first && messages.length < 500 && stream.readableLength > 0) {
          messages.push(stream.read())
        }
        yield { messages, commit: offsets => consumer.commit({ offsets }) }
        if (first) next = reader.next()
      }
    } catch (error) {
      const offsets = outOfRange(error, topic)
      if (offsets.length === 0) throw error
      await consumer.commit({ offsets })
    }
  }
  await consumer.close()
}

// Where to go on in partitions of which the committed offset is not there any more.
function outOfRange (error, topic) {
  const partitions = error.response?.responses?.flatMap(one => one.partitions) ?? []
  return partitions.filter(one => one.errorCode === 1).map(one => ({
    topic, partition: one.partitionIndex, offset: one.logStartOffset, leaderEpoch: -1
  }))
}
