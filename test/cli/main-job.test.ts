import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bitmapFromTiles } from '../../src/shared/mask/tiles.ts'
import { createCodec } from '../../src/main/images/codec-client.ts'
import { compare } from '../../src/main/evaluate/evaluate.ts'
import type { DataSetItem } from '../../src/main/evaluate/data-set.ts'
import { openProject } from '../../src/main/store/project-store.ts'
import { z } from '../../src/shared/zod.ts'
import { compareWithPycocotools } from '../support/compare-export.ts'
import { exemplarJson, runExemplar } from '../support/run-exemplar.ts'
import { hasData, itemsWith, noDataReason, openData } from '../support/shared-data.ts'
import { because } from '../support/skip-reason.ts'

const photographs = 60
const isPossible = hasData('coco_small')

/** The whole main job of the product by command line alone. */
describe.skipIf(!isPossible)('the main job on the command line', because(noDataReason), () => {
  const folder = mkdtempSync(join(tmpdir(), 'exemplar-cli-'))
  const project = join(folder, 'project')
  const photos = join(folder, 'photos')
  const codec = createCodec({ log: () => undefined })
  const classId = 23
  const className = 'zebra'
  let items: readonly DataSetItem[] = []
  let showing: readonly DataSetItem[] = []
  const named = (item: DataSetItem | undefined): string => item?.name ?? 'missing'

  beforeAll(() => {
    const dataSet = openData('coco_small')
    showing = itemsWith(dataSet, classId, 0.03)
    const others = [...dataSet.items.values()].filter((item) => !item.classIds.includes(classId) && !item.partial)
    items = [...showing, ...others].slice(0, photographs)
    mkdirSync(photos)
    for (const item of items) symlinkSync(item.imagePath, join(photos, item.name))
  })

  afterAll(async () => {
    await codec.close()
    rmSync(folder, { recursive: true })
  })

  async function writeTruth(item: DataSetItem | undefined, name: string): Promise<string> {
    if (item === undefined) throw new Error('too few images of the class')
    const mask = await codec.readIndexPng(item.maskPath)
    const path = join(folder, name)
    await codec.writeIndexPng(path, { ...mask, data: mask.data.map((value) => (value === classId ? 255 : 0)) })
    return path
  }

  /** IoU of the class over all images that show it, summed as in the evaluation; supports left out. */
  async function proposedIoU(): Promise<{ readonly predicted: number; readonly floor: number }> {
    const store = openProject(project)
    try {
      const sums = { intersection: 0, union: 0, target: 0, valid: 0 }
      for (const item of showing.slice(2)) {
        const image = store.images.byName(item.name)
        if (image === undefined) throw new Error(`${item.name} was not added`)
        const proposal = store.annotations.ofImage(image.id).find((record) => record.state === 'proposed')
        const tiles = proposal === undefined ? [] : store.annotations.tiles(proposal.id)
        const counts = compare(
          bitmapFromTiles(tiles, item.width, item.height),
          await codec.readIndexPng(item.maskPath),
          classId,
        )
        for (const key of ['intersection', 'union', 'target', 'valid'] as const) sums[key] += counts[key]
      }
      return { predicted: sums.intersection / sums.union, floor: sums.target / sums.valid }
    } finally {
      store.close()
    }
  }

  it('goes from photographs to a COCO file that equals the stored masks', async () => {
    await exemplarJson(['new', project, '--name', 'Animals'])
    const added = z
      .object({ added: z.int(), problems: z.array(z.unknown()) })
      .parse(await exemplarJson(['add', project, photos]))
    expect(added).toMatchObject({ added: photographs, problems: [] })

    for (const [index, item] of showing.slice(0, 2).entries()) {
      const mask = await writeTruth(item, `support-${index}.png`)
      await exemplarJson(['correct', project, '--image', named(item), '--class', className, '--mask', mask])
    }
    await exemplarJson([
      'support',
      project,
      '--class',
      className,
      '--image',
      named(showing[0]),
      '--image',
      named(showing[1]),
    ])

    const segmented = z
      .object({ job: z.object({ done: z.int(), failed: z.int(), total: z.int(), device: z.string() }) })
      .parse(await exemplarJson(['segment', project, '--class', className]))
    expect(segmented.job).toMatchObject({ done: photographs, failed: 0, total: photographs })
    expect(segmented.job.device).toMatch(/^CPU/)

    const before = await proposedIoU()
    console.log(
      `proposals from two examples: IoU ${before.predicted.toFixed(3)}, all-foreground ${before.floor.toFixed(3)}`,
    )
    expect(before.predicted).toBeGreaterThan(before.floor + 0.1)

    const corrected = showing.at(-1)
    const correction = await writeTruth(corrected, 'correction.png')
    await exemplarJson(['correct', project, '--image', named(corrected), '--class', className, '--mask', correction])
    const learned = z
      .object({
        adopted: z.boolean(),
        version: z.object({ number: z.int(), parentId: z.string().nullable() }),
        refreshed: z.int(),
      })
      .parse(await exemplarJson(['learn', project, '--class', className]))
    expect(learned).toMatchObject({ adopted: true, version: { number: 2 } })
    expect(learned.version.parentId).not.toBeNull()
    expect(learned.refreshed).toBeGreaterThan(0)

    const withoutClass = items.find((item) => !item.classIds.includes(classId))
    await exemplarJson([
      'review',
      project,
      '--image',
      named(withoutClass),
      '--class',
      className,
      '--not-here',
      '--reviewed',
    ])
    const accepted = z
      .object({ accepted: z.int() })
      .parse(
        await exemplarJson([
          'review',
          project,
          ...showing.slice(2).flatMap((item) => ['--image', item.name]),
          '--accept',
          '--reviewed',
        ]),
      )
    expect(accepted.accepted).toBeGreaterThan(0)

    for (const segmentation of ['polygon', 'rle', 'rle-uncompressed']) {
      const target = join(folder, `coco-${segmentation}`)
      const report = z
        .object({ annotations: z.int(), identical: z.int(), files: z.array(z.string()) })
        .parse(await exemplarJson(['export', project, target, '--format', 'coco', '--segmentation', segmentation]))
      expect(report.identical).toBe(report.annotations)
      expect(report.annotations).toBeGreaterThanOrEqual(3)
      const comparison = compareWithPycocotools(project, join(target, 'annotations', 'instances_default.json'))
      expect(comparison).toEqual({ annotations: report.annotations, identical: report.annotations, differences: [] })
    }
    await exemplarJson(['export', project, join(folder, 'masks'), '--format', 'masks'])

    const info = z
      .object({ imageCount: z.int(), images: z.record(z.string(), z.int()) })
      .parse(await exemplarJson(['info', project]))
    expect(info.imageCount).toBe(photographs)
    expect(info.images['reviewedEmpty']).toBe(1)
  }, 600_000)

  it('answers wrong usage with 2 and an expected failure with 1, each in one sentence', async () => {
    expect((await runExemplar(['segment'])).code).toBe(2)
    expect((await runExemplar(['review', project, '--image', 'a.jpg'])).code).toBe(2)
    expect((await runExemplar(['review', project, '--image', 'a.jpg', '--not-here'])).code).toBe(2)
    const missing = await runExemplar(['info', join(folder, 'nowhere')])
    expect(missing.code).toBe(1)
    expect(missing.stderr.trim().split('\n')).toHaveLength(1)
    expect(missing.stderr).toContain('nowhere')
  })
})
