import sharp from 'sharp'
import type { Sharp } from 'sharp'
import { maxImagePixels } from '../../shared/domain/picture-size.ts'
import type { ImageProbe, UprightPicture } from './codec.ts'
import { inspect, open, reading } from './decode.ts'
import { deepTiff, pictureDamaged } from './image-errors.ts'

/** Colour spaces that stay as they are; anything else becomes 8-bit sRGB. */
const keptSpaces = new Set(['b-w', 'grey16', 'rgb16', 'cmyk', 'srgb'])

/**
 * The picture in its own format with its EXIF orientation applied and none left; colour profile and depth stay. PNG, TIFF and
 * WebP are written without loss, which is checked sample by sample. JPEG blocks cannot be turned here without decoding them,
 * so a JPEG is encoded again at quality 100 without chroma subsampling. A TIFF of 16 bits is refused (`Unsupported`).
 */
export async function upright(path: string): Promise<UprightPicture> {
  const header = await inspect(path)
  const { space, depth } = await reading(path, () => open(header, path).metadata())
  // The library writes TIFF with 8 bits only, and half the depth would be gone without a word.
  if (header.probe.format === 'tiff' && depth === 'ushort') throw deepTiff(path)
  const turned = (): Sharp => {
    const picture = open(header, path).autoOrient().keepIccProfile()
    return keptSpaces.has(space) ? picture.toColourspace(space) : picture
  }
  const data = await reading(path, () => encode(turned(), header.probe.format).toBuffer())
  const again = (): Sharp => sharp(data, { limitInputPixels: maxImagePixels })
  const { width, height, orientation = 1 } = await reading(path, () => again().metadata())
  if (width !== header.probe.width || height !== header.probe.height || orientation !== 1) {
    throw pictureDamaged(path, 'it did not come out upright')
  }
  if (header.probe.format === 'jpeg') return { data, lossless: false }
  const samples = (picture: Sharp): Promise<Buffer> =>
    reading(path, () =>
      picture
        .toColourspace(keptSpaces.has(space) ? space : 'srgb')
        .raw({ depth })
        .toBuffer(),
    )
  const lossless = (await samples(turned())).equals(await samples(again().keepIccProfile()))
  return { data, lossless }
}

function encode(picture: Sharp, format: ImageProbe['format']): Sharp {
  switch (format) {
    case 'jpeg':
      return picture.jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
    case 'png':
      return picture.png()
    case 'tiff':
      return picture.tiff({ compression: 'deflate' })
    case 'webp':
      return picture.webp({ lossless: true, exact: true })
  }
}
