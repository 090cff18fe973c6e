import type { exporting as english } from '../en/export.ts'
import type { Translated } from '../translated.ts'

export const exporting: Translated<typeof english> = {
  title: 'Exportieren',
  format: 'Format',
  formats: { coco: 'COCO', masks: 'Maskenbilder' },
  formatHints: {
    coco: 'Eine instances.json. Verlustfrei, gleich mit welcher Segmentierung.',
    masks: 'Eine PNG-Datei je Bild, ein Grauwert je Klasse.',
  },
  segmentation: 'Segmentierung',
  segmentations: { polygon: 'Polygone', rle: 'RLE, komprimiert', 'rle-uncompressed': 'RLE, unkomprimiert' },
  segmentationHints: {
    polygon: 'Liest jedes Trainingsprogramm. Löcher und Teile bleiben erhalten.',
    rle: 'Am kleinsten; pycocotools liest es.',
    'rle-uncompressed': 'Lesbare Zahlen; am größten.',
  },
  include: 'Annotationen',
  includes: { accepted: 'Nur bestätigte', proposed: 'Nur Vorschläge', all: 'Bestätigte und Vorschläge' },
  images: 'Bilder',
  imageChoices: { none: 'An ihrem Ort lassen', copy: 'In den Export kopieren', link: 'Im Export verknüpfen' },
  where: 'Ort für den Exportordner',
  name: 'Name des Exportordners',
  defaultName: '{{project}} {{format}}',
  willCreate: 'Schreibt in den Ordner „{{name}}“ in „{{place}}“.',
  chooseFolder: 'Zuerst einen Ordner wählen.',
  nothingAccepted:
    'Noch ist nichts bestätigt, die Datei hätte also keine Masken. Zuerst beim Prüfen Vorschläge bestätigen oder unten Vorschläge mit einschließen.',
  nothingProposed: 'Es gibt keine offenen Vorschläge, die Datei hätte also keine Masken. „Nur bestätigte“ wählen.',
  run: 'Exportieren',
  again: 'Noch einmal exportieren',
  counted: '{{done, number}} von {{total, number}}',
  running: 'Wird geschrieben und zurückgelesen…',
  cancelled:
    'Export abgebrochen. Was schon geschrieben war, kann unvollständig sein; vor der Verwendung noch einmal exportieren.',
  identical: '{{identical, number}} von {{annotations, number}} Masken identisch',
  identicalHint: 'Jede geschriebene Maske wurde zurückgelesen und Pixel für Pixel mit der gespeicherten verglichen.',
  nothing: 'Es gab nichts zu exportieren. Annotationen bestätigen oder Vorschläge einschließen.',
  imagesWritten_one: '{{count, number}} Bild',
  imagesWritten_other: '{{count, number}} Bilder',
  files: 'Dateien',
  problems_one: '{{count, number}} Problem',
  problems_other: '{{count, number}} Probleme',
  done: 'Fertig',
  command: { open: 'Exportieren' },
}
