import { createProcessLog } from './process-log.ts'
import { manageProcess } from '../process-owner.ts'

const [, , how = ''] = process.argv
const log = createProcessLog({ level: 'info', isForPeople: false })
const many = (): void => {
  for (let n = 0; n < 5_000; n += 1) log.info({ n }, 'one of many')
}

if (how === 'one') {
  log.debug('below the level')
  log.child({ service: 'logs' }).info({ size: 1 }, 'a\nline')
}
if (how === 'end') many()
if (how === 'exit') {
  many()
  process.exit(3)
}
if (how === 'throw') {
  many()
  throw new TypeError('not caught')
}
if (how === 'signal') {
  manageProcess(log).started({ asked: async () => many(), failed: async () => {} })
  many()
  process.stderr.write('ready\n')
  setInterval(() => {}, 60_000)
}
if (how === 'warn-and-kill') {
  log.info('before')
  log.warn('careful')
  log.info('after, and held back')
  process.kill(process.pid, 'SIGKILL')
}
if (how === 'reader-gone') {
  let written = 0
  const timer = setInterval(() => {
    many()
    written += 1
    if (written < 20) return
    clearInterval(timer)
    process.stderr.write('done\n')
  }, 10)
}
if (how === 'flood') {
  // Logs more than is buffered. After every 1,000 lines, the event loop runs once, as it does
  // between requests.
  const pad = 'x'.repeat(10_000)
  let n = 0
  const flood = (): void => {
    for (const end = n + 1_000; n < end; n += 1) log.info({ n, pad }, 'one of many')
    if (n < 3_000) return void setImmediate(flood)
    process.stderr.write('ready\n')
    process.exit(0)
  }
  flood()
}
if (how === 'nobody-reads') {
  log.warn('the first line')
  process.once('message', () => {
    log.warn('not read')
    process.disconnect?.()
    process.exitCode = 7
  })
}
