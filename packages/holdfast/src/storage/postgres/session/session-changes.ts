import type { Statement } from '../statement/statement.ts'
import { shapeOf } from '../statement/statement-shape.ts'
import type { DriverClient } from './driver-client.ts'
import { SessionReset } from './session-reset.ts'

/**
 * The changes that a handler's statements may have made to a session, and the resets that undo
 * them.
 */
export class SessionChanges {
  #isChanged = false
  #needsThoroughReset = false
  /** True if the role of the transaction may have changed. */
  #hasRole = false
  #reset: SessionReset | undefined
  /**
   * The timeout of the last statement outside of a transaction, in milliseconds. The session keeps
   * this timeout.
   */
  limitMs: number | undefined

  /** Records that a handler's statement may change the session. */
  note(text: string): void {
    this.#isChanged = true
    const shape = shapeOf(text)
    if (!shape.isPlannable) this.#needsThoroughReset = true
    if (shape.mayChangeRole) this.#hasRole = true
  }

  /**
   * The statements to run before the framework's own statements at the end of a transaction. They
   * reset the role if a handler may have changed it; otherwise the list is empty. Deferred triggers
   * run before the reset, as the handler's role.
   */
  get roleReset(): readonly Statement[] {
    return this.#hasRole ? resetRole : []
  }

  /** Sends a reset if the session may have changed since the last reset. */
  reset(client: Pick<DriverClient, 'wire'>): void {
    if (!this.#isChanged) return
    this.#isChanged = false
    this.#reset = new SessionReset({
      isThorough: this.#needsThoroughReset,
      statementTimeoutMs: this.limitMs,
    })
    client.wire.send(this.#reset.statement)
  }

  /** The last reset; `undefined` if no reset was needed. */
  get lastReset(): SessionReset | undefined {
    return this.#reset
  }

  /** Sends the last reset again if it failed because the transaction before it stayed open. */
  repeatFailedReset(): void {
    if (this.#reset?.hasFailed === true) this.#isChanged = true
  }
}

const resetRole: readonly Statement[] = [
  { text: 'set constraints all immediate' },
  { text: 'reset session authorization' },
  { text: 'reset role' },
]
