import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from '../../src/shared/zod.ts'
import { HostProcess } from '../support/host-process.ts'
import { exemplarJson, exemplarScript, runExemplar } from '../support/run-exemplar.ts'
import type { RunResult } from '../support/run-exemplar.ts'
import { because } from '../support/skip-reason.ts'

const size = 1200
const photographs = 30
const isPossible = process.platform !== 'win32'

/** What a person meets who stops a command, or works on one project from two places. */
describe.skipIf(!isPossible)('Ctrl+C and two programs at one project', because('no process groups here'), () => {
  const folder = mkdtempSync(join(tmpdir(), 'exemplar interrupt ü '))
  const photos = join(folder, 'photos')
  const project = join(folder, 'project')
  const env = { EXEMPLAR_HOME: join(folder, 'home') }

  beforeAll(async () => {
    mkdirSync(photos)
    for (let number = 0; number < photographs; number++) {
      const data = new Uint8Array(size * size * 3).fill(60)
      for (let y = 300; y < 700; y++) {
        data.fill(220, (y * size + 10 * number) * 3, (y * size + 10 * number + 400) * 3)
      }
      await sharp(data, { raw: { width: size, height: size, channels: 3 } })
        .png({ compressionLevel: 1 })
        .toFile(join(photos, `${number}.png`))
    }
    const mask = new Uint8Array(size * size)
    for (let y = 300; y < 700; y++) mask.fill(255, y * size, y * size + 400)
    await sharp(mask, { raw: { width: size, height: size, channels: 1 } })
      .toColourspace('srgb')
      .png()
      .toFile(join(folder, 'mask.png'))
    await exemplarJson(['new', project])
  })

  afterAll(() => rmSync(folder, { recursive: true }))

  /** Runs in a process group of its own, as in a terminal, and interrupts all of it once a line on stderr matches. */
  function interrupted(args: readonly string[], when: RegExp): Promise<RunResult> {
    return new Promise((done, failed) => {
      const child = spawn(process.execPath, [exemplarScript, ...args], {
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, ...env },
      })
      const output = { stdout: '', stderr: '' }
      let isSent = false
      child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        output.stderr += text
        if (isSent || !when.test(output.stderr) || child.pid === undefined) return
        isSent = true
        process.kill(-child.pid, 'SIGINT')
      })
      child.on('error', failed)
      child.on('close', (code, signal) => {
        done({ code, ...output, stderr: signal === null ? output.stderr : `${output.stderr}ended by ${signal}\n` })
      })
    })
  }

  /** Lines of stderr that are not progress. */
  const said = (result: RunResult): string[] =>
    result.stderr.split('\n').filter((line) => line !== '' && !/^\d+( of \d+)?( |$)/.test(line))

  it('stops adding with 3 and one sentence, and the same command adds the rest', async () => {
    const stopped = await interrupted(['add', project, photos], /^1 of/)
    expect(stopped, stopped.stderr).toMatchObject({ code: 3 })
    expect(said(stopped)).toEqual(['Stopped. What was added so far stays; the same command adds the rest.'])
    const rest = z.object({ added: z.int(), duplicates: z.int() }).parse(await exemplarJson(['add', project, photos]))
    expect(rest.added + rest.duplicates).toBe(photographs)
    expect(rest.added).toBeGreaterThan(0)
  })

  it('stops segmenting with 3 and says what is left, and the same command continues', async () => {
    const mask = join(folder, 'mask.png')
    await exemplarJson(['correct', project, '--image', '0.png', '--class', 'square', '--mask', mask])
    await exemplarJson(['support', project, '--image', '0.png', '--class', 'square'])
    const stopped = await interrupted(['segment', project], /^0 of/)
    expect(stopped, stopped.stderr).toMatchObject({ code: 3 })
    expect(said(stopped)).toEqual([])
    expect(stopped.stdout).toMatch(/Stopped with \d+ images left. The same command continues./)
    const continued = z
      .object({ resumed: z.boolean(), job: z.object({ done: z.int(), total: z.int() }) })
      .parse(await exemplarJson(['segment', project]))
    expect(continued).toMatchObject({ resumed: true, job: { done: photographs, total: photographs } })
  }, 120_000)

  it('stops an export with 3, and the same command writes it whole', async () => {
    const target = join(folder, 'export')
    const args = ['export', project, target, '--format', 'masks', '--include', 'all']
    const stopped = await interrupted(args, /images/)
    expect(stopped, stopped.stderr).toMatchObject({ code: 3 })
    expect(said(stopped)).toEqual(['Stopped. The folder is as it was; the same command exports anew.'])
    expect(
      (await exemplarJson(['export', project, target, '--format', 'masks', '--include', 'all'])) as object,
    ).toMatchObject({ images: photographs, identical: photographs })
  })

  it('refuses a project that is open elsewhere, its copy, and a port in use, each in one sentence', async () => {
    const copy = join(folder, 'copy')
    cpSync(project, copy, { recursive: true })
    const host = await HostProcess.start([project, '--root', folder], env)
    try {
      for (const args of [
        ['info', project],
        ['serve', project],
      ]) {
        const refused = await runExemplar(args, env)
        expect(refused.code).toBe(1)
        expect(refused.stderr).toBe(
          `The project in ${project} is open in another Exemplar Studio process. Close it there, then try again.\n`,
        )
      }
      const taken = await runExemplar(['serve', copy, '--port', new URL(host.url).port], env)
      expect(taken.code).toBe(1)
      expect(taken.stderr.trim().split('\n')).toHaveLength(1)

      const root = (await host.call('places', 'list', { placeId: null, files: 'none' })).entries[0]?.placeId ?? ''
      const { entries } = await host.call('places', 'list', { placeId: root, files: 'none' })
      const placeId = (name: string): string => entries.find((entry) => entry.name === name)?.placeId ?? ''
      await expect(host.call('project', 'open', { placeId: placeId('copy') })).rejects.toMatchObject({
        code: 'Conflict',
        key: 'projectCopyOpen',
      })
      const projectId = (await host.call('app', 'info', {})).open[0] ?? ''
      const [, reopened] = await Promise.all([
        host.call('project', 'close', { projectId }),
        host.call('project', 'open', { placeId: placeId('project') }),
      ])
      expect(reopened).toMatchObject({ projectId, imageCount: photographs })
    } finally {
      await host.stop()
    }
  })

  it('says that a project folder cannot be written, instead of that it is in use', async () => {
    rmSync(join(project, 'project.lock'), { force: true })
    mkdirSync(join(project, 'project.lock'))
    const refused = await runExemplar(['info', project, '--json'], env)
    expect(refused.code).toBe(1)
    expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: 'Io', key: 'databaseUnwritable' } })
  })
})
