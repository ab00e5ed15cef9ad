// A customer's approver: a device may join if its certificate is on the list.
//
//     KAFKA_BROKERS=127.0.0.1:9092 node approver.js allowed.txt
//
// allowed.txt is read by list.js, Kafka by requests.js. Each request is processed at
// least once: offsets are committed after Kafka has acknowledged the decisions.
// A decision that is made again has no effect. The key keeps a device's decisions in
// order. What is not a request is printed and passed over.
import { ProduceAcks, Producer, stringSerializers } from '@platformatic/kafka'
import { Later } from './later.js'
import { readList } from './list.js'
import { batches } from './requests.js'

const {
  KAFKA_BROKERS = '127.0.0.1:9092',
  KAFKA_GROUP = 'approver-node',
  REQUESTS_TOPIC = 'ztp.requests'
} = process.env
const list = process.argv[2]
if (process.argv.length !== 3) {
  console.error('usage: node approver.js LIST')
  process.exit(2)
}

// The request, or undefined if the message is not one.
function read (message) {
  try {
    const request = JSON.parse(message.value)
    const needed = [
      request.request_id, request.device.path, request.certificate.fingerprint_sha256,
      request.decision_topic || 'ztp.decisions'
    ]
    if (needed.every(text => text && typeof text === 'string')) return request
  } catch {}
  const { topic, partition, offset } = message
  console.error(`${topic}[${partition}] at offset ${offset} is not a request`)
}

// The fingerprint binds a decision to the key it was made for.
function decide (request, fingerprints) {
  const fingerprint = request.certificate.fingerprint_sha256
  const decision = {
    request_id: request.request_id,
    device_path: request.device.path,
    fingerprint_sha256: fingerprint,
    decided_by: KAFKA_GROUP
  }
  return fingerprints.has(fingerprint)
    ? { ...decision, decision: 'approve', payload: { ntp: 'time.acme.example' } }
    : { ...decision, decision: 'reject', reason: 'not_on_list' }
}

async function answer (topic, asked) {
  const messages = asked.map(({ message, decision }) => (
    { topic, key: message.key, value: JSON.stringify(decision) }))
  try {
    await producer.send({ acks: ProduceAcks.ALL, messages })
  } catch (error) {
    if (later.keeps(error, topic, asked)) return
    throw error
  }
  for (const { decision } of asked) console.log(decision.decision, decision.device_path)
}

const bootstrapBrokers = KAFKA_BROKERS.split(',')
const producer = new Producer({
  clientId: KAFKA_GROUP, bootstrapBrokers, serializers: stringSerializers
})
const later = new Later()
const all = batches(KAFKA_GROUP, bootstrapBrokers, REQUESTS_TOPIC, () => later.any)
for await (const { messages, commit } of all) {
  const again = later.due()
  if (again.length + messages.length === 0) continue
  // Read each time, so that the list can change without a restart.
  const fingerprints = await readList(list)
  const topics = new Map()
  for (const message of [...again, ...messages]) {
    const request = read(message)
    if (!request) continue
    const topic = request.decision_topic || 'ztp.decisions'
    if (!topics.has(topic)) topics.set(topic, [])
    topics.get(topic).push({ message, request, decision: decide(request, fingerprints) })
  }
  await Promise.all([...topics].map(([topic, asked]) => answer(topic, asked)))
  await commit(later.ends(again, messages))
}
await producer.close()
