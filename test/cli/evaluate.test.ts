import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createCodec } from '../../src/main/images/codec-client.ts'
import { modelsFolder } from '../../src/main/projects/paths.ts'
import { z } from '../../src/shared/zod.ts'
import { drawDiscs } from '../support/discs.ts'
import { exemplarJson, runExemplar } from '../support/run-exemplar.ts'
import { writeTinyMsdnet } from '../support/tiny-msdnet.ts'

const intervalSchema = z.object({ value: z.number(), low: z.number(), high: z.number() })
const reportSchema = z.object({
  predictors: z.array(
    z.object({
      predictor: z.string(),
      results: z.array(
        z.object({
          shots: z.number(),
          meanIoU: intervalSchema,
          presenceAuc: z.number(),
          floors: z.object({
            allForeground: z.object({ meanIoU: intervalSchema }),
            allBackground: z.object({ meanIoU: intervalSchema }),
          }),
        }),
      ),
    }),
  ),
  anchors: z.array(z.object({ name: z.string() })),
  anchorsNotice: z.string(),
})

/** A data set of six drawn pictures, four with discs: made here, so that nothing has to be there. */
describe('exemplar evaluate', () => {
  const folder = mkdtempSync(join(tmpdir(), 'exemplar-evaluate-test-'))
  const models = join(folder, 'models')
  const dataSet = join(folder, 'discs')
  const list = join(folder, 'episodes.json')
  const name = (number: number): string => `${number}.png`
  const size = { width: 192, height: 160 }

  beforeAll(async () => {
    writeTinyMsdnet(models, modelsFolder())
    for (const part of ['images', 'masks']) mkdirSync(join(dataSet, part), { recursive: true })
    const codec = createCodec({ log: () => undefined })
    const items: object[] = []
    try {
      for (let number = 0; number < 6; number++) {
        const { pixels, discs } = drawDiscs(number, size.width, size.height)
        const isShown = number < 4
        const shown = isShown ? pixels : new Uint8Array(pixels.length).fill(120)
        const path = join(dataSet, 'images', name(number))
        await sharp(shown, { raw: { ...size, channels: 3 } })
          .png()
          .toFile(path)
        const data = isShown ? discs.data.map((value) => value * 7) : new Uint8Array(discs.data.length)
        await codec.writeIndexPng(join(dataSet, 'masks', name(number)), { ...size, data })
        const area = discs.data.reduce((sum, value) => sum + value, 0)
        items.push({
          image: `images/${name(number)}`,
          mask: `masks/${name(number)}`,
          class_ids: isShown ? [7] : [],
          px: isShown ? { 7: area } : {},
          w: size.width,
          h: size.height,
        })
      }
    } finally {
      await codec.close()
    }
    writeFileSync(join(dataSet, 'manifest.json'), JSON.stringify({ name: 'discs', classes: { 7: 'disc' }, items }))
    const supports = [name(0), name(1)]
    const episode = (query: number): object => ({ class_id: 7, query: name(query), supports })
    const episodes = { data_set: 'discs', episodes: [episode(2), episode(3)], absent: [episode(4), episode(5)] }
    writeFileSync(list, JSON.stringify(episodes))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  test('puts every predictor, the floors and the published figures into one report', async () => {
    const path = join(folder, 'report.json')
    const common = ['evaluate', dataSet, '--episodes', list, '--models', models, '--detail', 'fast']
    const { code, stdout } = await runExemplar([...common, '--predictor', 'all', '--shots', '1,2', '--report', path])
    expect(code).toBe(0)
    const report = reportSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
    expect(report.predictors.map(({ predictor }) => predictor)).toEqual([
      'prototype-cosine',
      'training-free',
      'linear-probe',
      'msdnet',
    ])
    for (const { predictor, results } of report.predictors) {
      expect(results.map(({ shots }) => shots)).toEqual([1, 2])
      for (const { meanIoU, floors, presenceAuc } of results) {
        expect(floors.allBackground.meanIoU.value).toBe(0)
        expect(meanIoU.value, predictor).toBeGreaterThan(floors.allForeground.meanIoU.value)
        expect(presenceAuc, predictor).toBe(1)
      }
    }
    expect(report.anchorsNotice).toBe('Own data is neither COCO-20i nor PASCAL-5i; the numbers are not comparable.')
    expect(stdout).toContain(report.anchorsNotice)
    for (const row of ['all background', 'all foreground', 'linear-probe', 'MSDNet ResNet-50']) {
      expect(stdout).toContain(row)
    }
    const one = await exemplarJson([...common, '--predictor', 'linear-probe', '--shots', '1'])
    const { results } = report.predictors[2] ?? {}
    expect(one).toMatchObject({ predictor: 'linear-probe', results: [{ meanIoU: results?.[0]?.meanIoU }] })
  })

  test('refuses a model that is not there in one sentence, and takes no other one', async () => {
    writeFileSync(join(models, 'tiny-msdnet.onnx'), 'something else')
    const { code, stderr } = await runExemplar([
      'evaluate',
      dataSet,
      '--episodes',
      list,
      '--models',
      models,
      '--predictor',
      'msdnet',
      '--shots',
      '1',
    ])
    expect(code).toBe(1)
    expect(stderr).toContain(`The model file ${join(models, 'tiny-msdnet.onnx')} is not the one its manifest describes`)
  })

  test('models are listed and added', async () => {
    writeTinyMsdnet(models, modelsFolder())
    const home = { EXEMPLAR_HOME: join(folder, 'home') }
    expect((await runExemplar(['model', 'add', join(models, 'manifest.json')], home)).code).toBe(0)
    const { stdout } = await runExemplar(['model', 'list', '--json'], home)
    expect(JSON.parse(stdout)).toMatchObject({
      models: [{ name: 'msdnet' }, { name: 'training-free', problem: null }, { name: 'tiny-msdnet', problem: null }],
    })
    const { code, stderr } = await runExemplar(['learn', folder, '--class', 'disc', '--predictor', 'best'], home)
    expect(code).toBe(1)
    expect(stderr).toMatch(/no model "best"; choose one of: msdnet, training-free, tiny-msdnet/)
  })
})
