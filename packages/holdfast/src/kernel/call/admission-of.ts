import type { Call } from './call.ts'
import { useNothing, type UseOnce } from '../host/use-once.ts'
import { recordNothing, type RecordUse } from '../host/use-record.ts'
import { Admission, type AdmissionSession } from '../operation/admission.ts'
import type { Caller } from '../operation/caller.ts'
import type { Clock } from '../base/clock.ts'
import type { Cancellation } from '../base/cancellation.ts'
import type { RunningDeadline } from '../operation/deadline.ts'
import type { Logger } from '../base/log.ts'
import type { Work } from '../host/work.ts'

/** The work of identifying and admitting a caller. */
export interface AdmissionWork extends Work {
  readonly deadline: RunningDeadline
  readonly log: Logger
  /** The caller, once it is identified. Default: not yet. */
  readonly caller?: Caller
}

/** The database of identifiers and access rules. */
export interface AdmissionDatabase {
  /** Returns a read-only session. It takes a connection for each statement. */
  open(work: AdmissionWork): AdmissionSession
  /** Records the last use of a row. */
  readonly recordUse: RecordUse
  /** Records an id that may be used only once. */
  readonly useOnce: UseOnce
  /** Returns the failure to report for a call whose identifier or access rule threw this error. */
  toFailure(error: unknown, deadline: Cancellation): unknown
}

/** The parts of the service that identifiers and access rules use. */
export interface AdmissionOptions {
  readonly settings: unknown
  readonly clock: Clock
  /** `undefined` if the service has no database. */
  readonly database: AdmissionDatabase | undefined
}

/** Returns the failure to report for a call whose identifier or access rule threw an error. */
export function failureOf(error: unknown, { deadline }: Call, { database }: AdmissionOptions): unknown {
  return database ? database.toFailure(error, deadline) : error
}

/** Returns a call's admission, which its identifiers and its access rule share. */
export function admissionOf(call: Call, { settings, clock, database }: AdmissionOptions): Admission {
  return (call.admission ??= new Admission(call, {
    settings,
    clock,
    openSession: () => database?.open(call),
    recordUse: database?.recordUse ?? recordNothing,
    useOnce: database?.useOnce ?? useNothing,
  }))
}
