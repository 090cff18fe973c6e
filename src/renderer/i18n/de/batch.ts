import type { batch as english } from '../en/batch.ts'
import type { Translated } from '../translated.ts'

export const batch: Translated<typeof english> = {
  title: 'Segmentieren',
  classes: 'Klassen',
  noneTaught:
    'Noch keine Klasse hat Beispiele. In einem Bild eine umranden, auswählen und „Als Beispiel verwenden“ drücken.',
  learnAgain_one: '{{names}} wurde mit einem anderen Modell gelernt als dem, das in Gebrauch ist.',
  learnAgain_other: '{{names}} wurden mit einem anderen Modell gelernt als dem, das in Gebrauch ist.',
  learning: 'Lernt {{name}} …',
  scope: 'Bilder',
  selected_zero: 'Ausgewählte Bilder',
  selected_one: 'Das ausgewählte Bild',
  selected_other: 'Die {{count, number}} ausgewählten Bilder',
  unreviewed: 'Alle noch nicht geprüften',
  all: 'Alle Bilder',
  allHint: 'Bestätigtes und Gezeichnetes wird nie verändert.',
  detail: 'Genauigkeit',
  details: { fast: 'Schnell', normal: 'Normal', high: 'Hoch' },
  detailHints: {
    fast: 'Kleine Eingabe. Für einen ersten Eindruck.',
    normal: 'Die Voreinstellung.',
    high: 'Größere Eingabe. Langsamer, besser bei kleinen Dingen.',
  },
  start: 'Starten',
  job: 'Segmentierung',
  states: {
    queued: 'Wartet',
    running: 'Segmentiert',
    paused: 'Angehalten',
    done: 'Fertig',
    cancelled: 'Abgebrochen',
    failed: 'Gestoppt',
  },
  counted: '{{done, number}} von {{total, number}}',
  rate: '{{perSecond}} Bilder/s',
  ratePerMinute: '{{perMinute}} Bilder/min',
  left: 'noch {{time}}',
  pause: 'Anhalten',
  resume: 'Fortsetzen',
  failed_one: '{{count, number}} fehlgeschlagen',
  failed_other: '{{count, number}} fehlgeschlagen',
  failures: 'Bilder, die nicht segmentiert werden konnten',
  finished: 'Segmentierung fertig: {{done, number}} von {{total, number}} Bildern.',
  finishedInPart:
    'Segmentierung fertig: {{done, number}} von {{total, number}} Bildern; {{failed, number}} konnten nicht segmentiert werden, siehe unten.',
  cancelled:
    'Segmentierung nach {{done, number}} von {{total, number}} Bildern abgebrochen. Ihre Vorschläge bleiben erhalten.',
  command: { segment: 'Segmentieren' },
}
