import type { tour as english } from '../en/tour.ts'
import type { Translated } from '../translated.ts'

export const tour: Translated<typeof english> = {
  title: 'Rundgang',
  progress: 'Schritt {{at, number}} von {{of, number}}',
  skip: 'Diesen Schritt überspringen',
  leave: 'Rundgang verlassen',
  finish: 'Schließen',
  noClass: 'die erste Klasse',
  steps: {
    open: {
      title: 'Ein Bild öffnen',
      text: 'Das erste doppelt anklicken oder Enter drücken.',
    },
    outline: {
      title: '„{{name}}“ umranden',
      text: 'Jedes Exemplar in diesem Bild mit dem Pinsel malen. Um einen Ring einmal herum; sein Loch bleibt frei. Strg+Z nimmt einen Strich zurück.',
    },
    use: {
      title: 'Als Beispiel verwenden',
      text: 'Das Studio lernt daraus, wie „{{name}}“ aussieht. Ein, zwei weitere Bilder machen es sicherer.',
    },
    segment: {
      title: 'Die übrigen Bilder segmentieren',
      text: '„Segmentieren“ und dann „Starten“ drücken. Jedes Bild bekommt einen Vorschlag, allein auf diesem Rechner.',
    },
    review: {
      title: 'Die Vorschläge ansehen',
      text: 'In der Galerie alle auf einmal bestätigen oder einen öffnen, mit Pinsel und Radierer korrigieren und dann bestätigen.',
    },
    export: {
      title: 'Exportieren',
      text: 'Schreibt eine COCO-Datei neben das Projekt, liest sie wieder ein und vergleicht jede Maske mit der eigenen.',
    },
    done: {
      title: 'Das war die ganze Arbeit',
      text: 'Ein paar Vorschläge korrigieren und „Lernen“ drücken, dann werden die übrigen besser. Oder mit eigenen Bildern beginnen.',
    },
  },
  command: {
    start: 'Rundgang',
  },
}
