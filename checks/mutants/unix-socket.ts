import type { Mutant } from './mutant.ts'

const src = 'packages/holdfast/src'

/** Mutants of connections through Unix sockets. */
export const unixSocketMutants: readonly Mutant[] = [
  {
    name: 'Unix socket: encrypted',
    file: `${src}/storage/postgres/session/connection-url.ts`,
    text: '  if (isUnixSocket(url)) return unencrypted\n',
    replacement: '',
    killedBy: [
      {
        file: `${src}/storage/postgres/session/database-url.test.ts`,
        name: 'is ignored for a Unix socket',
      },
    ],
    why: 'The server would refuse TLS on its socket, so a URL with sslmode could not connect.',
  },
  {
    name: 'Unix socket: cancel requests go over TCP',
    file: `${src}/storage/postgres/session/cancel.ts`,
    text: 'isSocketDirectory(host) ? connect(toSocketPath(host, port)) : connect(port, host)',
    replacement: "connect(port, isSocketDirectory(host) ? 'localhost' : toSocketPath(host, port))",
    killedBy: [
      {
        file: `${src}/storage/postgres/session/unix-socket.postgres.test.ts`,
        name: 'a running statement is cancelled',
      },
    ],
    why: 'A statement would run on after its deadline, or a statement of another server would end.',
  },
  {
    name: 'Unix socket: a path that does not fit is used',
    file: `${src}/storage/postgres/session/database-url.ts`,
    text: 'if (path !== undefined && !fitsSocketAddress(path))',
    replacement: "if (path === '')",
    killedBy: [
      {
        file: `${src}/storage/postgres/session/database-url.test.ts`,
        name: 'whose path the system cannot open',
      },
    ],
    why: 'The error would be an EINVAL that names no cause.',
  },
  {
    name: 'Unix socket: several hosts are accepted',
    file: `${src}/storage/postgres/session/database-url.ts`,
    text: 'if (repeated !== undefined)',
    replacement: "if (repeated === '')",
    killedBy: [
      {
        file: `${src}/storage/postgres/session/database-url.test.ts`,
        name: 'several values of',
      },
    ],
    why: 'TLS would be off because of the first host, and the driver would connect to the last.',
  },
  {
    name: 'Unix socket: a full queue is a defect',
    file: `${src}/storage/postgres/errors/sql-state.ts`,
    text: "  'EAGAIN',\n",
    replacement: '',
    killedBy: [
      {
        file: `${src}/storage/postgres/session/unix-socket.postgres.test.ts`,
        name: 'whose queue of new connections is full',
      },
    ],
    why: 'A burst of connections would get 500s, and mutations would not be retried.',
  },
  {
    name: 'embedded: other users can open its Unix socket',
    file: `${src}/storage/embedded/socket-directory.ts`,
    text: 'mode: 0o700',
    replacement: 'mode: 0o755',
    killedBy: [{ file: `${src}/storage/embedded/embedded.test.ts`, name: 'that only its user can open' }],
    why: 'Connections through the socket need no password.',
  },
  {
    name: 'embedded: the socket of a killed server is kept',
    file: `${src}/storage/embedded/socket-directory.ts`,
    text: '  rmSync(directory, { recursive: true })\n',
    replacement: '  void rmSync\n',
    killedBy: [
      { file: `${src}/storage/embedded/crash.test.ts`, name: 'now belongs to another program is replaced' },
    ],
    why: 'The server would not start until the other program ends.',
  },
  {
    name: 'embedded: a start deletes files that it has not made',
    file: `${src}/storage/embedded/cluster.ts`,
    text: 'if (!abandoned && !unfinishedDataForm.test(name)) continue',
    replacement: "if (!abandoned && !name.startsWith('data.')) continue",
    killedBy: [{ file: `${src}/storage/embedded/places.test.ts`, name: 'keeps the other files' }],
    why: 'A backup that a user keeps beside the data would be lost.',
  },
  {
    name: 'embedded: a socket whose path does not fit',
    file: `${src}/storage/embedded/socket-directory.ts`,
    text: 'if (!fitsSocketAddress(path)) {',
    replacement: "if (path === '') {",
    killedBy: [
      { file: `${src}/storage/embedded/embedded.test.ts`, name: 'the path of the Unix socket is too long' },
    ],
    why: 'The server would not start in a folder with a long path.',
  },
]
