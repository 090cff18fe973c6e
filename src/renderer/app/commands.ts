import { useEffect, useLayoutEffect, useRef, useSyncExternalStore } from 'react'
import type { TranslationKey } from '../i18n/index.ts'

/** How a command was called. */
export interface CommandContext {
  readonly source: 'key' | 'button' | 'test'
}

/**
 * One thing a person can do. Menu, toolbar, shortcuts, the F1 sheet and tests call the same command.
 */
export interface Command {
  /** `feature.action`; the part before the dot groups the F1 sheet. */
  readonly id: string
  readonly labelKey: TranslationKey
  /** `Ctrl+Shift+Z`, `D`, `[`, `3`, `Delete`, `?`; see `keyboard.ts`. The first one is shown. */
  readonly keys: readonly string[]
  /** Missing: always enabled. */
  readonly isEnabled?: () => boolean
  readonly run: (context: CommandContext) => void | Promise<void>
}

/** Something done with the pointer on a screen: listed in the F1 sheet beside the commands, with nothing to call. */
export interface Gesture {
  readonly id: string
  readonly labelKey: TranslationKey
  /** Keys held and what the pointer does, named in `i18n/en/keys.ts`: `Shift+wheel`. */
  readonly keys: readonly string[]
}

type CommandSource = () => readonly Command[]

const sources: CommandSource[] = []
const gestureLists: (readonly Gesture[])[] = []
const listeners = new Set<() => void>()
let version = 0

function notify(): void {
  version++
  for (const listener of listeners) listener()
}

function registerSource(source: CommandSource): () => void {
  sources.push(source)
  notify()
  return () => {
    const at = sources.indexOf(source)
    if (at >= 0) sources.splice(at, 1)
    notify()
  }
}

/** Registers commands until the returned function is called. Later registrations win over earlier ones. */
export function registerCommands(commands: readonly Command[]): () => void {
  return registerSource(() => commands)
}

/** Every registered command, newest registration first, each id once. */
export function listCommands(): readonly Command[] {
  const seen = new Set<string>()
  const commands: Command[] = []
  for (const source of sources.toReversed()) {
    for (const command of source()) {
      if (seen.has(command.id)) continue
      seen.add(command.id)
      commands.push(command)
    }
  }
  return commands
}

export function isCommandEnabled(command: Command): boolean {
  return command.isEnabled?.() ?? true
}

/** The enabled command bound to a key that `matches`; the last registered wins. */
export function findCommandForKey(matches: (key: string) => boolean): Command | undefined {
  for (const source of sources.toReversed()) {
    for (const command of source()) {
      if (command.keys.some(matches) && isCommandEnabled(command)) return command
    }
  }
  return undefined
}

/** Whether any command, enabled or not, is bound to a key that `matches`. */
export function isKeyBound(matches: (key: string) => boolean): boolean {
  return sources.some((source) => source().some((command) => command.keys.some(matches)))
}

let reportFailure: (error: unknown) => void = (error) => {
  console.error(error)
}

/** Where a command's rejection goes; the app shows it as a notice. */
export function setCommandFailureHandler(handler: (error: unknown) => void): void {
  reportFailure = handler
}

/** Runs a command and hands its failure to the handler, so that no rejection is lost. */
export function invokeCommand(command: Command, context: CommandContext): void {
  try {
    const result = command.run(context)
    if (result !== undefined) result.catch((error: unknown) => reportFailure(error))
  } catch (error) {
    reportFailure(error)
  }
}

/** Runs the newest enabled registration of this id. Returns false when there is none. */
export function runCommand(id: string, context: CommandContext): boolean {
  for (const source of sources.toReversed()) {
    const command = source().find((candidate) => candidate.id === id)
    if (command !== undefined && isCommandEnabled(command)) {
      invokeCommand(command, context)
      return true
    }
  }
  return false
}

/**
 * Registers the component's commands while it is mounted. The array may be new on every render; its
 * place in the order of precedence is that of the mount.
 */
export function useCommands(commands: readonly Command[]): void {
  const latest = useRef(commands)
  useLayoutEffect(() => {
    latest.current = commands
  })
  useLayoutEffect(() => registerSource(() => latest.current), [])
  // Buttons elsewhere show a command's state: they hear of it when it changes here.
  const signature = commands
    .map((command) => `${command.id}:${command.keys.join(' ')}:${isCommandEnabled(command)}`)
    .join('\n')
  useEffect(() => notify(), [signature])
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Re-renders when commands come and go. */
export function useCommandList(): readonly Command[] {
  useSyncExternalStore(subscribe, () => version)
  return listCommands()
}

/** The newest registration of this id, or undefined. Re-renders when commands come and go. */
export function useCommand(id: string): Command | undefined {
  return useCommandList().find((command) => command.id === id)
}

/** Lists gestures while the component is mounted. The array stays the same one. */
export function useGestures(gestures: readonly Gesture[]): void {
  useLayoutEffect(() => {
    gestureLists.push(gestures)
    notify()
    return () => {
      gestureLists.splice(gestureLists.indexOf(gestures), 1)
      notify()
    }
  }, [gestures])
}

/** The gestures of the screen shown. Re-renders when they come and go. */
export function useGestureList(): readonly Gesture[] {
  useSyncExternalStore(subscribe, () => version)
  return gestureLists.flat()
}
