import type { Call } from '../../kernel/call/call.ts'
import type { Caller } from '../../kernel/operation/caller.ts'
import { describeOperation } from '../../kernel/operation/compile.ts'
import { type Subjects, toSubjects } from '../../kernel/background/subject.ts'
import { subjectIdOf } from '../subjects/subject-id.ts'

/**
 * Creates the function that returns the subject ids of a call: the caller's subjects, and those
 * that the operation declares.
 */
export function callSubjects(ofCaller: (caller: Caller) => Subjects): (call: Call) => readonly string[] {
  return ({ operation, caller, input }) => {
    const ofCall = operation.subjectsOf?.({ caller, input } as never)
    const ofBoth = [ofCaller(caller) ?? [], ofCall ?? []].flat()
    return ofBoth.length === 0 ? [] : toSubjects(ofBoth, describeOperation(operation)).map(subjectIdOf)
  }
}
