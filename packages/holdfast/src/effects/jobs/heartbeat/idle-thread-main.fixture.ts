import { heartbeatThread } from './heartbeat-thread.ts'

// Starts the thread and does nothing else.
heartbeatThread()
