import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deviceListSchema } from '../../src/shared/contract/contract.ts'
import { z } from '../../src/shared/zod.ts'
import { HostProcess } from '../support/host-process.ts'
import { runExemplar } from '../support/run-exemplar.ts'
import type { RunResult } from '../support/run-exemplar.ts'
import { because } from '../support/skip-reason.ts'

/** What a machine without graphics card is told about devices, from the command line and from the page's calls. */
describe.skipIf(process.platform !== 'linux')('devices', because('other systems may have a device that passes'), () => {
  const folder = mkdtempSync(join(tmpdir(), 'exemplar-devices-'))
  const project = join(folder, 'project')
  const home = join(folder, 'home')
  const remembered = join(home, 'devices.json')
  const side = 96

  // Whatever graphics this machine has, no driver is found.
  const bare = {
    EXEMPLAR_PROVIDER: '',
    VK_ICD_FILENAMES: join(folder, 'none.json'),
    VK_DRIVER_FILES: join(folder, 'none.json'),
  }
  const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<RunResult> =>
    runExemplar(args, { EXEMPLAR_HOME: home, ...bare, ...env })

  beforeAll(async () => {
    mkdirSync(join(folder, 'photos'))
    for (const number of [0, 1, 2]) {
      const disc = `<svg width="${side}" height="${side}"><circle cx="${30 + 15 * number}" cy="48" r="20" fill="#c03020"/></svg>`
      const ground = sharp({ create: { width: side, height: side, channels: 3, background: '#205030' } })
      await ground
        .composite([{ input: Buffer.from(disc) }])
        .png()
        .toFile(join(folder, 'photos', `${number}.png`))
    }
    const mask = `<svg width="${side}" height="${side}"><circle cx="30" cy="48" r="20" fill="#fff"/></svg>`
    await sharp(Buffer.from(mask))
      .flatten({ background: '#000' })
      .threshold(128)
      .toColourspace('b-w')
      .png()
      .toFile(join(folder, 'mask.png'))
    for (const args of [
      ['new', project],
      ['add', project, join(folder, 'photos')],
      ['correct', project, '--image', '0.png', '--class', 'disc', '--mask', join(folder, 'mask.png')],
      ['support', project, '--class', 'disc', '--image', '0.png'],
    ]) {
      const { code, stderr } = await run(args)
      if (code !== 0) throw new Error(stderr)
    }
  })

  afterAll(() => rmSync(folder, { recursive: true }))

  it('auto is the CPU where nothing else passes; it is found out once and named everywhere', async () => {
    const first = await run(['segment', project, '--images', 'all', '--json'])
    expect(first.code).toBe(0)
    const { job } = z.object({ job: z.object({ device: z.string(), done: z.int() }) }).parse(JSON.parse(first.stdout))
    expect(job).toMatchObject({ done: 3, device: expect.stringMatching(/^CPU \(onnxruntime /) as string })
    const found = statSync(remembered).mtimeMs
    const second = await run(['segment', project, '--images', 'all'])
    expect(second.stdout).toMatch(
      /^Segmented 3 of 3 images on CPU \(onnxruntime \S+, \d+ threads?\); \d+ open proposals?\.\n$/,
    )
    expect(statSync(remembered).mtimeMs).toBe(found)
    expect((await run(['info', project])).stdout).toMatch(/^segmented last on CPU \(/m)
  })

  it('a damaged memory is made anew', async () => {
    writeFileSync(remembered, '{"schemaVersion": 1, "results": [{')
    expect((await run(['segment', project, '--images', 'all'])).code).toBe(0)
    expect(() => JSON.parse(readFileSync(remembered, 'utf8')) as unknown).not.toThrow()
  })

  it.each([
    ['--provider', ['--provider', 'cuda'], {}],
    ['the variable', [], { EXEMPLAR_PROVIDER: 'cuda' }],
  ])('a device asked for by %s that is not there ends with 1 and the reason in one sentence', async (_, args, env) => {
    const { code, stdout, stderr } = await run(['segment', project, '--images', 'all', ...args], env)
    expect(code).toBe(1)
    expect(stderr.trim().split('\n').at(-1)).toMatch(
      /^The provider cuda does not run on this computer \(its library is not here: .+\); use auto or cpu\.$/,
    )
    expect(stdout).toMatch(/^Segmented 0 of 3 images/)
  })

  it('a variable that names no device is refused, and auto leaves the choice open', async () => {
    const refused = await run(['segment', project], { EXEMPLAR_PROVIDER: 'gpu' })
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('EXEMPLAR_PROVIDER is "gpu"; set it to one of auto, cpu, cuda')
    expect((await run(['segment', project], { EXEMPLAR_PROVIDER: 'auto' })).code).toBe(0)
  })

  it('doctor prints a table, and everything as JSON', async () => {
    const { code, stdout } = await run(['doctor'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^device +loaded +ran +auto +ms +CPU ms +speed-up +difference +left on CPU$/m)
    expect(stdout).toMatch(/^CPU +yes +yes +yes +\d/m)
    expect(stdout).toMatch(/^CUDA: Its library is not here/m)
    expect(stdout).toMatch(/^"auto" uses the CPU: no other device passed/m)
    const json = z
      .object({ healthy: z.boolean(), providers: z.array(z.object({ provider: z.string(), verdict: z.string() })) })
      .parse(JSON.parse((await run(['doctor', '--json'])).stdout))
    expect(json.healthy).toBe(true)
    expect(json.providers.map(({ provider }) => provider)).toEqual(['cpu', 'cuda', 'directml', 'coreml', 'webgpu'])
  })

  it('the page asks for the same', async () => {
    const env = { EXEMPLAR_HOME: join(folder, 'other home'), ...bare }
    const host = await HostProcess.start([project], env)
    try {
      const before = deviceListSchema.parse(await host.call('devices', 'list', {}))
      expect(before.auto).toEqual({ provider: 'cpu', why: 'untried' })
      const after = deviceListSchema.parse(await host.call('devices', 'check', {}))
      expect(after.auto).toEqual({ provider: 'cpu', why: 'noneBetter' })
      expect(await host.call('devices', 'list', {})).toEqual(after)
      const [projectId = ''] = (await host.call('app', 'info', {})).open
      expect(await host.call('project', 'engine', { projectId })).toMatchObject({
        provider: 'cpu',
        device: expect.stringMatching(/^CPU \(/) as string,
      })
    } finally {
      await host.stop()
    }
  })
})
