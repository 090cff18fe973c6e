import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { afterAll, expect, test } from 'vitest'
import { fill, removeTemporaryFolders, temporaryFolder } from './fixtures/sample-project.ts'
import { createProject, openProject } from './project-store.ts'

afterAll(removeTemporaryFolders)

const kills = process.env['EXEMPLAR_FULL'] === '1' ? 20 : 4

/** Draws until `acknowledgements` entries are on disk, then kills the process in the middle of its work. */
async function drawAndKill(folder: string, run: string, acknowledgements: number): Promise<string[]> {
  const writer = spawn(process.execPath, [`${import.meta.dirname}/fixtures/stroke-writer.ts`, folder, run], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const acknowledged: string[] = []
  const lines = createInterface({ input: writer.stdout })
  lines.on('line', (line) => {
    acknowledged.push(line)
    if (acknowledged.length === acknowledgements) writer.kill('SIGKILL')
  })
  const [[, signal]] = await Promise.all([once(writer, 'exit'), once(lines, 'close')])
  expect(signal).toBe('SIGKILL')
  return acknowledged
}

test(`no acknowledged stroke is lost when its process is killed, ${kills} times`, async () => {
  const folder = temporaryFolder()
  const made = createProject(folder, 'kill')
  fill(made, 1, ['c'])
  made.close()

  for (let kill = 0; kill < kills; kill++) {
    const acknowledged = await drawAndKill(folder, `run${kill}`, 1 + Math.floor(Math.random() * 60))
    const store = openProject(folder)
    expect(store.integrityCheck()).toBe('ok')

    // The log may hold one entry more than was acknowledged: written, and killed before it could say so.
    const undone: string[] = []
    for (let id = ''; id !== `run${kill}-0`;) {
      id = store.history.undo().entry?.id ?? 'missing'
      expect(id).not.toBe('missing')
      undone.unshift(id)
    }
    expect(undone.slice(0, acknowledged.length)).toEqual(acknowledged)
    expect(undone.length - acknowledged.length).toBeLessThanOrEqual(1)
    expect(() => store.annotations.get(`a-run${kill}`)).toThrow(expect.objectContaining({ code: 'NotFound' }))
    for (const id of undone) expect(store.history.redo().entry?.id).toBe(id)
    expect(store.annotations.get(`a-run${kill}`).area).toBeGreaterThan(0)
    store.close()
  }
})
