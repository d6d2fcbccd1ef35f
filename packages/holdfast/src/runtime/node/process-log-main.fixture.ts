import { createProcessLog } from './process-log.ts'

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
  throw new TypeError('nobody caught this')
}
if (how === 'warn-and-kill') {
  log.info('before')
  log.warn('careful')
  log.info('after, and held back')
  // The warning has been handed to the operating system once the event loop has turned.
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), 50)
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
