// A customer's approver: a device may join if its certificate is on the list.
//
//     KAFKA_BROKERS=127.0.0.1:9092 node approver.js allowed.txt
//
// allowed.txt is read by list.js, Kafka by requests.js. Each request is processed at
// least once: offsets are committed after Kafka has acknowledged the decisions.
// A decision that is made again has no effect. The key keeps a device's decisions in
// order. What is not a request is printed and passed over.
import { ProduceAcks, Producer, stringSerializers } from '@platformatic/kafka'
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

const bootstrapBrokers = KAFKA_BROKERS.split(',')
const producer = new Producer({
  clientId: KAFKA_GROUP, bootstrapBrokers, serializers: stringSerializers
})
for await (const messages of batches(KAFKA_GROUP, bootstrapBrokers, REQUESTS_TOPIC)) {
  // Read each time, so that the list can change without a restart.
  const fingerprints = await readList(list)
  const decisions = []
  const out = []
  for (const message of messages) {
    const request = read(message)
    if (!request) continue
    const decision = decide(request, fingerprints)
    const topic = request.decision_topic || 'ztp.decisions'
    decisions.push(decision)
    out.push({ topic, key: message.key, value: JSON.stringify(decision) })
  }
  if (out.length > 0) await producer.send({ acks: ProduceAcks.ALL, messages: out })
  // The last one of a partition stands for all before it.
  const last = new Map(messages.map(message => [message.partition, message]))
  for (const message of last.values()) await message.commit()
  for (const decision of decisions) console.log(decision.decision, decision.device_path)
}
await producer.close()
