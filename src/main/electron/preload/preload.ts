import { contextBridge, ipcRenderer, webUtils } from 'electron'
import { contractKinds, desktopChannels, desktopKey } from '../../../shared/contract/desktop.ts'
import type { Desktop, DesktopCall, DesktopEvent } from '../../../shared/contract/desktop.ts'

/**
 * The preload script: runs sandboxed, before the page, in a world of its own. What it exposes is `Desktop` and
 * nothing else; whatever comes from the page is checked in the main process.
 */

const eventListeners = new Map<string, Set<(payload: unknown) => void>>()
const progressListeners = new Set<(callId: string, progress: unknown) => void>()

ipcRenderer.on(desktopChannels.event, (_event, message: { group: string; name: string; payload: unknown }) => {
  for (const listener of eventListeners.get(`${message.group}.${message.name}`) ?? []) listener(message.payload)
})
ipcRenderer.on(desktopChannels.progress, (_event, message: { callId: string; progress: unknown }) => {
  for (const listener of progressListeners) listener(message.callId, message.progress)
})

const calls: Record<string, Record<string, DesktopCall>> = {}
const events: Record<string, Record<string, DesktopEvent>> = {}
for (const [group, members] of Object.entries(contractKinds)) {
  const groupCalls: Record<string, DesktopCall> = (calls[group] = {})
  const groupEvents: Record<string, DesktopEvent> = (events[group] = {})
  for (const [name, kind] of Object.entries<'call' | 'event'>(members)) {
    const path = `${group}.${name}`
    if (kind === 'event') groupEvents[name] = subscriber(path)
    else groupCalls[name] = (callId, input) => ipcRenderer.invoke(desktopChannels.call, { path, callId, input })
  }
}

function subscriber(path: string): DesktopEvent {
  const listeners = new Set<(payload: unknown) => void>()
  eventListeners.set(path, listeners)
  return (listener) => {
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
    }
  }
}

const desktop: Desktop = {
  calls,
  events,
  cancel: (callId) => ipcRenderer.invoke(desktopChannels.cancel, callId),
  progress: (listener) => {
    progressListeners.add(listener)
    return () => {
      progressListeners.delete(listener)
    }
  },
  // The path goes to the main process and never to the page. A file that a script made has none.
  receive: (file) => ipcRenderer.invoke(desktopChannels.receive, webUtils.getPathForFile(file as File)),
}

contextBridge.exposeInMainWorld(desktopKey, desktop)
