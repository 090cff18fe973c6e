/**
 * Class colours, told apart with the common colour-vision deficiencies and on light and dark photographs:
 * the eight hues of Okabe and Ito ("Color Universal Design", 2008) without black, then their lighter tints.
 */
const palette = [
  '#e69f00',
  '#56b4e9',
  '#009e73',
  '#f0e442',
  '#0072b2',
  '#d55e00',
  '#cc79a7',
  '#b3e2cd',
  '#fdcdac',
  '#cbd5e8',
  '#f4cae4',
  '#e6f5c9',
] as const

/** Stronger colours for pictures in which the others are lost. Not all are told apart with a colour-vision deficiency. */
const strong = [
  '#ff0000',
  '#ff8000',
  '#ffff00',
  '#80ff00',
  '#00c000',
  '#00ffff',
  '#0080ff',
  '#0000ff',
  '#8000ff',
  '#ff00ff',
  '#ff0080',
  '#ffffff',
] as const

/** What a class's colour is chosen from. The names are keys below `classes.palettes`. */
export const palettes = { safe: palette, strong } as const

/** Colour of the class at that position, `#rrggbb`; repeats after the last. */
export function classColour(position: number): string {
  return palette[position % palette.length] ?? palette[0]
}
