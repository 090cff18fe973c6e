import type { Progress } from '../../shared/contract/define.ts'
import type { ErrorRecord } from '../../shared/errors.ts'

/** The one message protocol between a supervisor and its child process, whatever carries it. */

/** What a child can be asked: `{ probe: { payload: …, result: … } }`. Values are structured-cloned. */
export type RequestKinds = Readonly<Record<string, { readonly payload: unknown; readonly result: unknown }>>

export type KindOf<Kinds extends RequestKinds> = keyof Kinds & string

/** To the child. `start` comes first and once: everything the child needs to know, such as folders. */
export type ParentMessage =
  | { readonly type: 'start'; readonly setup: unknown }
  | { readonly type: 'request'; readonly id: number; readonly kind: string; readonly payload: unknown }
  | { readonly type: 'cancel'; readonly id: number }
  /** Ends the child, where the carrier has no channel whose closing would say so. */
  | { readonly type: 'end' }

/** From the child. Requests are sent only after `ready`; `startFailed` ends the child without blame on any request. */
export type ChildMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'startFailed'; readonly error: ErrorRecord }
  | { readonly type: 'result'; readonly id: number; readonly value: unknown }
  | { readonly type: 'error'; readonly id: number; readonly error: ErrorRecord }
  | { readonly type: 'progress'; readonly id: number; readonly progress: Progress }
