import type { WebFrameMain } from 'electron'
import { isOurUrl } from './page-url.ts'

/** This much of Electron's IPC events says who is calling. */
export interface Sender {
  readonly sender: { readonly id: number }
  /** Null once the frame has navigated away or is gone. */
  readonly senderFrame: Pick<WebFrameMain, 'parent' | 'url'> | null
}

/** Whether a message comes from the top frame of our page in a window of ours. [Note: who may call] */
export function isOurPage({ sender, senderFrame }: Sender, windows: Pick<ReadonlySet<number>, 'has'>): boolean {
  if (!windows.has(sender.id)) return false
  if (senderFrame === null) return false
  if (senderFrame.parent !== null) return false
  return isOurUrl(senderFrame.url)
}
