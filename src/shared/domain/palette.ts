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

/** Colour of the class at that position, `#rrggbb`; repeats after the last. */
export function classColour(position: number): string {
  return palette[position % palette.length] ?? palette[0]
}
