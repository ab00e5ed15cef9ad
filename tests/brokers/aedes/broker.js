// An aedes broker as its users write one: the library, configured by the
// environment. Its sessions are in memory: aedes has no store of its own.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { Aedes } from 'aedes'

const { PORT, USERS, CERT, KEY } = process.env
const users = USERS && JSON.parse(USERS)

const broker = await Aedes.createBroker()
if (users) {
  broker.authenticate = (client, name, password, done) =>
    done(null, Object.hasOwn(users, name) && users[name] === String(password))
}

const server = CERT
  ? createTlsServer(
    { cert: readFileSync(CERT), key: readFileSync(KEY) }, broker.handle)
  : createServer(broker.handle)
server.listen(Number(PORT), '127.0.0.1', () => console.log('listening'))

process.on('SIGTERM', () => broker.close(() => process.exit(0)))
