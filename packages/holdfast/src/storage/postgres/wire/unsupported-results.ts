import { HoldfastError } from '../../../kernel/base/holdfast-error.ts'

/** Returns the failure of a COPY. */
export function copyRefused(): HoldfastError {
  return new HoldfastError(
    'copy-refused',
    'COPY is not supported. Insert many rows with one INSERT (… select * from unnest($1, $2)), and read them in pages.',
  )
}

/** Returns the failure of a FETCH from a binary cursor. */
export function binaryRefused(): HoldfastError {
  return new HoldfastError(
    'statement-invalid',
    'The rows of a statement are in the binary format, which only a cursor with BINARY returns. Declare the cursor without BINARY.',
  )
}
