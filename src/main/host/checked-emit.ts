import { contract } from '../../shared/contract/contract.ts'
import type { Emit } from '../../shared/contract/contract.ts'
import type { EventSpec } from '../../shared/contract/define.ts'
import { describe } from './router.ts'

/** An event that keeps to the contract. */
export interface CheckedEvent {
  readonly group: string
  readonly name: string
  readonly payload: unknown
}

/**
 * Checks each event against the contract before it leaves, whatever carries it. A broken one is a bug, but not one
 * that may undo what the event tells of: it is logged and dropped.
 */
export function createCheckedEmit(deliver: (event: CheckedEvent) => void, log: (line: string) => void): Emit {
  return (group, name, payload) => {
    const checked = eventSpec(group, name as string).payload.safeParse(payload)
    if (checked.success) deliver({ group, name: name as string, payload: checked.data })
    else log(`The event ${group}.${name as string} breaks the contract: ${describe(checked.error)}`)
  }
}

function eventSpec(group: keyof typeof contract, name: string): EventSpec {
  const spec = (contract[group] as Readonly<Record<string, { readonly kind: string }>>)[name]
  if (spec?.kind !== 'event') throw new Error(`No event ${group}.${name}`)
  return spec as EventSpec
}
