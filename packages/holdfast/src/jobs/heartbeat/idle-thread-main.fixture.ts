import { heartbeatThread } from './heartbeat-thread.ts'

// Starts the thread and has nothing else to do.
heartbeatThread()
