import { describe, expect, it } from 'vitest'
import {
  findCommandForKey,
  invokeCommand,
  isKeyBound,
  listCommands,
  registerCommands,
  runCommand,
  setCommandFailureHandler,
} from './commands.ts'
import type { Command } from './commands.ts'

function command(id: string, keys: readonly string[], change: Partial<Command> = {}): Command {
  return { id, labelKey: 'common.undo', keys, run: () => undefined, ...change }
}

const is = (wanted: string) => (key: string) => key === wanted

describe('the command registry', () => {
  it('lets the last registered enabled command have a key, and gives the key back afterwards', () => {
    let drawing = true
    const stopApp = registerCommands([command('app.undo', ['Ctrl+Z'])])
    const stopEditor = registerCommands([command('editor.removePoint', ['Ctrl+Z'], { isEnabled: () => drawing })])
    expect(findCommandForKey(is('Ctrl+Z'))?.id).toBe('editor.removePoint')
    drawing = false
    expect(findCommandForKey(is('Ctrl+Z'))?.id).toBe('app.undo')
    drawing = true
    stopEditor()
    expect(findCommandForKey(is('Ctrl+Z'))?.id).toBe('app.undo')
    stopApp()
    expect(findCommandForKey(is('Ctrl+Z'))).toBeUndefined()
    expect(isKeyBound(is('Ctrl+Z'))).toBe(false)
  })

  it('lists each id once, the newest registration of it', () => {
    const stops = [registerCommands([command('a.b', ['A'])]), registerCommands([command('a.b', ['B'])])]
    expect(listCommands().map((each) => each.keys[0])).toEqual(['B'])
    for (const stop of stops) stop()
  })

  it('runs by id only what is enabled', () => {
    const ran: string[] = []
    const stop = registerCommands([
      command('a.on', [], { run: ({ source }) => void ran.push(source) }),
      command('a.off', [], { run: () => void ran.push('off'), isEnabled: () => false }),
    ])
    expect(runCommand('a.on', { source: 'test' })).toBe(true)
    expect(runCommand('a.off', { source: 'test' })).toBe(false)
    expect(runCommand('a.none', { source: 'test' })).toBe(false)
    expect(ran).toEqual(['test'])
    stop()
  })

  it('hands both a throw and a rejection to the failure handler', async () => {
    const failures: unknown[] = []
    setCommandFailureHandler((error) => failures.push(error))
    const thrown = new Error('thrown')
    const rejected = new Error('rejected')
    const fail = (): void => {
      throw thrown
    }
    invokeCommand(command('a.throws', [], { run: fail }), { source: 'test' })
    invokeCommand(command('a.rejects', [], { run: () => Promise.reject(rejected) }), { source: 'test' })
    await Promise.resolve()
    await Promise.resolve()
    expect(failures).toEqual([thrown, rejected])
  })
})
