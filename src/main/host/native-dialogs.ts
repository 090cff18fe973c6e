import type { PlacePurpose } from '../../shared/contract/contract.ts'

/** The system's own dialogs. Only a host with a window of its own has them. */
export interface NativeDialogs {
  /** Absolute paths of what the person chose; empty when they cancelled. */
  readonly choose: (purpose: PlacePurpose) => Promise<readonly string[]>
}
