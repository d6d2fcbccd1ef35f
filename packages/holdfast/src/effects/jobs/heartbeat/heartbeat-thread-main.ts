import { writeSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
import { toLogFields } from '../../../kernel/base/log.ts'
import { HeartbeatConnection, type HeartbeatTarget } from './heartbeat-connection.ts'
import { HeartbeatLoop } from './heartbeat-loop.ts'
import type { HeartbeatReport, HeartbeatRequest } from './heartbeat-messages.ts'
import { HeartbeatView } from './heartbeat-view.ts'

// The entry point of the heartbeat thread; each process has one. See heartbeat-thread.ts.

const port = parentPort!
interface Running {
  readonly stop: () => void
  readonly changeTarget: (target: HeartbeatTarget) => void
}

const running = new Map<string, Running>()

port.on('message', (request: HeartbeatRequest) => {
  if (request.kind === 'start') void sendHeartbeats(request)
  else if (request.kind === 'target') running.get(request.worker)?.changeTarget(request.target)
  else running.get(request.worker)?.stop()
})

async function sendHeartbeats({
  worker,
  target,
  everyMs,
  memory,
}: HeartbeatRequest & { readonly kind: 'start' }): Promise<void> {
  const connection = new HeartbeatConnection(target, worker)
  const loop = new HeartbeatLoop({
    view: new HeartbeatView(memory),
    everyMs,
    sendHeartbeat: () => connection.sendHeartbeat(),
    onDeclaredDead: () => report({ kind: 'declared-dead', worker }),
    onFailed: (error) => report({ kind: 'failed', worker, error: toLogFields(error) }),
    onSilent: (silentMs) => reportSilence(worker, silentMs),
  })
  running.set(worker, {
    stop: () => loop.stop(),
    changeTarget: (changed) => connection.changeTarget(changed),
  })
  await loop.run()
  running.delete(worker)
  await connection.end()
  report({ kind: 'stopped', worker })
}

function report(what: HeartbeatReport): void {
  port.postMessage(what)
}

/** Writes to stderr directly, since the logger belongs to the main thread, which is blocked. */
function reportSilence(worker: string, silentMs: number): void {
  const line = {
    level: 'error',
    time: new Date().toISOString(),
    worker,
    pid: process.pid,
    silentMs: Math.round(silentMs),
    msg: 'heartbeats stopped: the event loop was blocked for longer than the deadline of any running job, so other workers rescue the jobs of this worker',
  }
  try {
    writeSync(2, `${JSON.stringify(line)}\n`)
  } catch {
    // If stderr is closed, the silence cannot be reported. The heartbeats continue.
  }
}
