import { Consumer, FetchIsolationLevels, stringDeserializers } from '@platformatic/kafka'

// Yields arrays of messages: all that has arrived, at most 500. Ends at SIGTERM and SIGINT.
export async function * batches (groupId, bootstrapBrokers, topic) {
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
      for await (const first of stream) {
        const messages = [first]
        while (messages.length < 500 && stream.readableLength > 0) messages.push(stream.read())
        yield messages
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
