import type { CallContext } from '../../shared/contract/define.ts'

/** How long work is told to stop and says how far it is; both optional. */
export type RunOptions = Partial<Pick<CallContext, 'signal' | 'progress'>>
