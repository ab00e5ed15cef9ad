// A customer's approver: a device may join if its certificate is on the list.
//
//     KAFKA_BROKERS=127.0.0.1:9092 node approver.js allowed.txt
//
// allowed.txt is read by list.js. Each request is processed at
// least once: its offset is committed after Kafka has acknowledged the decision.
// After a crash the same decision is made again, which has no effect.
import {
  Consumer, ProduceAcks, Producer, stringDeserializers, stringSerializers
} from '@platformatic/kafka'
import { readList } from './list.js'

const {
  KAFKA_BROKERS = '127.0.0.1:9092',
  KAFKA_GROUP = 'approver-node',
  REQUESTS_TOPIC = 'ztp.requests'
} = process.env
const list = process.argv[2]

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
const consumer = new Consumer({
  clientId: KAFKA_GROUP,
  groupId: KAFKA_GROUP,
  bootstrapBrokers,
  deserializers: stringDeserializers,
  sessionTimeout: 10000
})
const stream = await consumer.consume({
  topics: [REQUESTS_TOPIC],
  autocommit: false,
  mode: 'committed',
  fallbackMode: 'earliest'
})
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => stream.close())
}

for await (const message of stream) {
  const request = JSON.parse(message.value)
  // Read for each request, so that the list can change without a restart.
  const decision = decide(request, await readList(list))
  await producer.send({
    acks: ProduceAcks.ALL,
    messages: [{
      topic: request.decision_topic ?? 'ztp.decisions',
      key: message.key,
      value: JSON.stringify(decision)
    }]
  })
  await message.commit()
  console.log(decision.decision, decision.device_path)
}
await consumer.close()
await producer.close()
