import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Home } from './home.ts'
import { serverEnvironment } from './server-environment.ts'

// The watchdog blocks in `read`, which costs nothing, until the last process has closed its end of
// the lease, for any reason. The script only signals a process whose command line names this data
// directory. If no `server` message has arrived, the process that started the server was killed
// before it could send the message.
const script = `
trap '' HUP INT TERM
while read -r word value; do
  case $word in
    server) pid=$value ;;
    confirm) true >"lease.$value" ;;
  esac
done

if [ -z "$pid" ]; then
  sleep 1
  pid=$(head -n 1 data/postmaster.pid)
fi

say() {
  echo "holdfast: $1" >>postgres.log
}

is_ours() {
  if [ -e /proc/self/cmdline ]; then
    command=$(tr '\\0' ' ' <"/proc/$pid/cmdline")
  else
    command=$(ps -ww -o command= -p "$pid")
  fi
  case "$command " in
    *" -D $1 "*) return 0 ;;
  esac
  return 1
}

stop_server() {
  is_ours "$1" || return
  say 'no process is using this server, so it is shut down'
  kill -INT "$pid"
  polls=0
  while is_ours "$1" && [ $polls -lt 600 ]; do
    sleep 0.05
    polls=$((polls + 1))
  done
  is_ours "$1" || return
  say 'the server did not shut down within 30 seconds, so it is terminated'
  kill -QUIT "$pid"
}

stop_server "$1"
`

/**
 * Starts the process that shuts the server down when no process holds a lease. It reads the FIFO of
 * the leases through `reader`. It runs in its own session, so that terminal signals do not reach
 * it. It does not keep this process alive.
 */
export async function startWatchdog(home: Home, reader: number): Promise<void> {
  const watchdog = spawn('sh', ['-c', script, 'holdfast-watchdog', home.data], {
    ...home.account,
    cwd: home.directory,
    detached: true,
    env: serverEnvironment(),
    stdio: [reader, 'ignore', 'ignore'],
  })
  watchdog.unref()
  await once(watchdog, 'spawn')
}
