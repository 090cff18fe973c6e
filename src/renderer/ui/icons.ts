import { createLucideIcon } from 'lucide-react'

/** "1:1", in the strokes of the other icons. */
export const ActualSize = createLucideIcon('actual-size', [
  ['path', { d: 'M4 8l3-2v12', key: 'left' }],
  ['path', { d: 'M15 8l3-2v12', key: 'right' }],
  ['path', { d: 'M11.5 10v.01', key: 'upper' }],
  ['path', { d: 'M11.5 15v.01', key: 'lower' }],
])
