import fc from 'fast-check'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryFolder, writeSample } from '../../../test/python/export-samples.ts'
import { expectEqualMasks, firstClass, imagesArbitrary, roundTrip } from '../../../test/python/format-round-trips.ts'
import { bitmapFromPicture, hardMasks } from '../../../test/python/mask-samples.ts'
import { tilesFromBitmap } from '../../shared/mask/tiles.ts'
import { readCvat } from './cvat-import.ts'

/** In the layout of CVAT's own exports, by hand. */
function cvatFile(images: string, meta = ''): string {
  return `<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta>
    <task>
      <id>7</id>
      <labels>
        <label>
          <name>tool</name>
          <color>#fa3253</color>
          <type>any</type>
          <attributes>
          </attributes>
        </label>
        <label>
          <name>bolt</name>
          <color>#33ddff</color>
          <type>any</type>
          <attributes>
            <attribute><name>rusty</name><mutable>False</mutable><input_type>checkbox</input_type></attribute>
          </attributes>
          <parent>tool</parent>
        </label>
      </labels>${meta}
    </task>
    <dumped>2026-01-01 00:00:00.000000+00:00</dumped>
  </meta>
${images}
</annotations>
`
}

async function readText(content: string) {
  using folder = temporaryFolder()
  const path = writeSample(folder.path, 'annotations.xml', content)
  const read = await readCvat(path)
  return {
    ...read,
    problems: read.problems.map((each) => ({ ...each, name: each.name.replace(`${folder.path}/`, '') })),
  }
}

describe('round trip', () => {
  test('every mask comes back, whatever its shape, its class or the name of its image', async () => {
    await fc.assert(
      fc.asyncProperty(imagesArbitrary, (images) => expectEqualMasks(images, 'cvat')),
      { numRuns: 60 },
    )
  })

  test('hard masks come back', async () => {
    const images = hardMasks.map(({ bitmap }, index) => {
      const { width, height } = bitmap
      return { name: `${index}.png`, width, height, masks: [{ className: firstClass, bitmap }] }
    })
    await expectEqualMasks(images, 'cvat')
  })

  test('boxes, reviewed-empty images and proposals', async () => {
    using folder = temporaryFolder()
    const size = { width: 9, height: 7 }
    const box: [number, number, number, number] = [0.1, 0.2, 3.3, 4.000_001]
    const bitmap = bitmapFromPicture(['##'])
    const { report, read } = await roundTrip(
      [
        { ...size, name: 'a/x.jpg', boxes: [{ className: firstClass, box }] },
        { ...size, name: 'b/x.jpg', reviewed: true },
        { ...size, name: 'c/x.jpg', masks: [{ className: firstClass, bitmap, state: 'proposed' }] },
        { ...size, name: 'd/x.jpg' },
      ],
      { format: 'cvat', include: 'all' },
      folder.path,
    )
    expect(read.images.map(({ fileName, annotations }) => [fileName, annotations.map((each) => each.box)])).toEqual([
      ['a/x.jpg', [box]],
      ['b/x.jpg', []],
      ['c/x.jpg', [null]],
    ])
    expect(report).toMatchObject({
      files: ['annotations.xml'],
      identical: 2,
      problems: [
        {
          name: 'c/x.jpg',
          reason: 'This image holds proposals, which this format cannot tell from accepted annotations.',
        },
      ],
    })
    expect(readdirSync(folder.path).toSorted()).toEqual(['.exemplar-export', 'annotations.xml'])
  })

  test('run lengths go along the rows, zeros first', async () => {
    using folder = temporaryFolder()
    const bitmap = bitmapFromPicture(['.....', '..##.', '.#.#.', '.....'])
    await roundTrip(
      [{ name: 'a.png', width: 5, height: 4, masks: [{ className: firstClass, bitmap }] }],
      { format: 'cvat' },
      folder.path,
    )
    expect(readFileSync(join(folder.path, 'annotations.xml'), 'utf8')).toContain(
      'rle="1, 3, 1, 1" left="1" top="1" width="3" height="2"',
    )
  })
})

describe('files of others', () => {
  test('masks, polygons of a group, boxes, tags, parents, images without anything', async () => {
    const read = await readText(
      cvatFile(`  <image id="0" name="sub/a.jpg" subset="default" task_id="7" width="8" height="4">
    <mask label="bolt" source="manual" occluded="0" rle="0, 2, 1, 1" left="5" top="2" width="2" height="2" z_order="0">
      <attribute name="rusty">true</attribute>
    </mask>
    <polygon label="tool" source="manual" occluded="0" points="0.00,0.00;2.00,0.00;2.00,1.00;0.00,1.00" z_order="0" group_id="3">
    </polygon>
    <polygon label="tool" source="manual" occluded="0" points="4.00,0.00;5.00,0.00;5.00,1.00;4.00,1.00" z_order="0" group_id="3"></polygon>
    <polygon label="tool" source="manual" occluded="0" points="0,2;1,2;1,3;0,3" z_order="0"></polygon>
    <box label="tool" source="file" occluded="0" xtl="1.50" ytl="0.25" xbr="4.75" ybr="3.00" z_order="0"></box>
    <tag label="tool" source="manual"></tag>
  </image>
  <image id="1" name="b.jpg" width="8" height="4">
  </image>`),
    )
    const shared = { crowd: null, originalId: null }
    const mask = (className: string, rows: readonly string[]) => {
      return { ...shared, className, kind: 'mask', box: null, tiles: tilesFromBitmap(bitmapFromPicture(rows)) }
    }
    expect(read).toEqual({
      classes: [
        { name: 'tool', parentName: null, annotations: 3 },
        { name: 'bolt', parentName: 'tool', annotations: 1 },
      ],
      images: [
        {
          fileName: 'sub/a.jpg',
          width: 8,
          height: 4,
          annotations: [
            mask('bolt', ['........', '........', '.....##.', '......#.']),
            mask('tool', ['##..#...', '........', '........', '........']),
            mask('tool', ['........', '........', '#.......', '........']),
            { ...shared, className: 'tool', kind: 'box', tiles: [], box: [1.5, 0.25, 3.25, 2.75] },
          ],
        },
        { fileName: 'b.jpg', width: 8, height: 4, annotations: [], empty: 'listed' },
      ],
      problems: [],
    })
  })

  test('labels of a project or a job, and of none', async () => {
    const file = cvatFile('  <image id="0" name="a.jpg" width="2" height="2"></image>')
    for (const place of ['project', 'job'])
      expect((await readText(file.replaceAll('task>', `${place}>`))).classes).toHaveLength(2)
    const bare =
      '<annotations><image id="0" name="a.jpg" width="2" height="1"><mask label="x" rle="0,2" left="0" top="0" width="2" height="1"/></image></annotations>'
    expect((await readText(bare)).classes).toEqual([{ name: 'x', parentName: null, annotations: 1 }])
  })

  test('tracks are refused, and so is any other XML', async () => {
    await expect(readText(cvatFile('<track id="0" label="tool"><box frame="0"/></track>'))).rejects.toMatchObject({
      code: 'InvalidInput',
      key: 'cvatTracks',
      message: expect.stringContaining('holds tracks of a video') as string,
    })
    await expect(readText('<annotation><folder/></annotation>')).rejects.toMatchObject({
      key: 'cvatInvalid',
      message: expect.stringContaining('annotations.xml holds no `annotations` with images') as string,
    })
    await expect(readText(cvatFile('<image').slice(0, 900))).rejects.toMatchObject({ key: 'xmlInvalid' })
  })
})

describe('what is wrong costs itself and nothing else', () => {
  const good = '<mask label="tool" rle="0, 1" left="0" top="0" width="1" height="1"/>'
  test.each([
    ['<mask label="tool" left="0" top="0" width="1" height="1"/>', 'mask', 'its `rle` is missing or no whole number.'],
    [
      '<mask label="tool" rle="0, 1" left="0.5" top="0" width="1" height="1"/>',
      'mask',
      'its `left` is missing or no whole number.',
    ],
    [
      '<mask label="tool" rle="0, x" left="0" top="0" width="1" height="1"/>',
      'mask',
      'its run lengths hold `x`, which is no whole number.',
    ],
    [
      '<mask label="tool" rle="0, -1, 2" left="0" top="0" width="1" height="1"/>',
      'mask',
      'its run lengths hold `-1`, which is no whole number.',
    ],
    [
      '<mask label="tool" rle="1, 2" left="0" top="0" width="2" height="2"/>',
      'mask',
      'its run lengths cover 3 of 4 pixels.',
    ],
    [
      '<mask label="tool" rle="0, 9" left="0" top="0" width="2" height="2"/>',
      'mask',
      'its run lengths cover 9 of 4 pixels.',
    ],
    ['<mask label="tool" rle="4" left="0" top="0" width="2" height="2"/>', 'mask', 'it covers no pixel.'],
    [
      '<mask label="tool" rle="0, 4" left="7" top="0" width="2" height="2"/>',
      'mask',
      'it reaches outside the image of 8×4 pixels.',
    ],
    ['<mask rle="0, 4" left="0" top="0" width="2" height="2"/>', 'mask', 'it has no label.'],
    ['<polygon label="tool"/>', 'polygon', 'it has no points.'],
    ['<polygon label="tool" points="0,0;1,0;1"/>', 'polygon', 'its points are not of the form `x,y;x,y`.'],
    [
      '<polygon label="tool" points="0,0;1,1"/>',
      'polygon',
      'A polygon has 4 values: it needs an even number, 6 or more.',
    ],
    ['<polygon label="tool" points="0,0;1,0;1,x"/>', 'polygon', 'A polygon holds NaN, which is not a number.'],
    [
      '<polygon label="tool" points="0,0;1,0;900,1"/>',
      'polygon',
      'A polygon reaches 900, more than 10 image sizes away.',
    ],
    ['<polygon label="tool" points="0,0;0.1,0;0.1,0.1"/>', 'polygon', 'it covers no pixel.'],
    ['<box label="tool" xtl="1" ytl="1" xbr="2"/>', 'box', 'its `ybr` is missing or no number.'],
    ['<box label="tool" xtl="1" ytl="1" xbr="1" ybr="2"/>', 'box', 'it has no area.'],
    [
      '<box label="tool" xtl="1" ytl="1" xbr="3" ybr="2" rotation="30"/>',
      'box',
      'it is turned, and a box here cannot be. Draw it as a polygon.',
    ],
    [
      '<polyline label="tool" points="0,0;1,1"/>',
      'polyline',
      'only masks, polygons and boxes can be read. Convert it in CVAT.',
    ],
  ])('%s', async (shape, name, reason) => {
    const read = await readText(cvatFile(`<image id="0" name="a.jpg" width="8" height="4">\n${shape}\n${good}</image>`))
    expect(read.problems).toEqual([{ name: 'a.jpg', reason: `Line 29: the ${name} was left out: ${reason}` }])
    expect(read.images[0]?.annotations).toHaveLength(1)
  })

  test.each([
    [
      '<image id="0" width="8" height="4"/>',
      'annotations.xml',
      'Line 28: the image lacks a usable name, width or height and was left out.',
    ],
    [
      '<image id="0" name="a.jpg" width="0" height="4"/>',
      'annotations.xml',
      'Line 28: the image lacks a usable name, width or height and was left out.',
    ],
    [
      '<image id="0" name="../a.jpg" width="8" height="4"/>',
      '../a.jpg',
      'The path is absolute or leads out of the folder, so the image was left out. Use paths below the folder.',
    ],
  ])('%s', async (image, name, reason) => {
    const read = await readText(cvatFile(`${image}<image id="1" name="b.jpg" width="8" height="4"/>`))
    expect(read.problems).toEqual([{ name, reason }])
    expect(read.images).toHaveLength(1)
  })

  test('what is nested deeper than the stack is read', async () => {
    const deep = (name: string): string => `<${name}>`.repeat(200_000) + `</${name}>`.repeat(200_000)
    const image =
      '<image id="0" name="a.png" width="4" height="3"><box label="bolt" xtl="0" ytl="0" xbr="1" ybr="1"/></image>'
    const { classes, images, problems } = await readText(
      cvatFile(deep('other') + image.replace('</image>', `${deep('box')}</image>`), deep('segments')),
    )
    expect(classes.map(({ name, parentName }) => [name, parentName])).toEqual([
      ['tool', null],
      ['bolt', 'tool'],
    ])
    expect(images.map(({ annotations }) => annotations.length)).toEqual([1])
    expect(problems.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/the box was left out: it has no label/),
    ])
  })
})
