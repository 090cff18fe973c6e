import { contract } from '../../shared/contract/contract.ts'
import type { CallOptions, CallSpec, EventSpec } from '../../shared/contract/define.ts'

export interface Carrier {
  readonly call: (group: string, name: string, spec: CallSpec, input: unknown, options: CallOptions) => Promise<unknown>
  readonly subscribe: (group: string, name: string, spec: EventSpec, listener: (payload: unknown) => void) => () => void
}

/** One function per call and event of the contract: the part of a bridge that follows from it. */
export function contractGroups(carrier: Carrier): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  const groups: Record<string, Record<string, unknown>> = {}
  for (const [group, members] of Object.entries(contract)) {
    const functions: Record<string, unknown> = {}
    for (const [name, spec] of Object.entries<CallSpec | EventSpec>(members)) {
      functions[name] =
        spec.kind === 'call'
          ? (input: unknown, options: CallOptions = {}) => carrier.call(group, name, spec, input, options)
          : (listener: (payload: unknown) => void) => carrier.subscribe(group, name, spec, listener)
    }
    groups[group] = functions
  }
  return groups
}
